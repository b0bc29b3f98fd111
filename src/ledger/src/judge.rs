//! Complaints: was a gateway's promise kept?

use symbolon_election::{VerifiedBallot, VerifiedComplaint};

use crate::timeline::Timeline;

/// What the ledger says of a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// A ballot of the same place and key, at least as late in sequence, came in time.
    Kept {
        /// Where it stands.
        index: u64,
    },
    /// The election was cancelled by then.
    Cancelled {
        /// Where that stands.
        index: u64,
    },
    /// The ledger went on past the promised time without such a ballot.
    Broken,
    /// No such ballot is there, and nothing later than the promised time either: broken if that
    /// time has passed.
    Absent,
}

/// Watches a ledger for the ballot of one complaint.
#[derive(Clone, Debug)]
pub struct Judge {
    complaint: VerifiedComplaint,
    kept: Option<u64>,
    cancelled: Option<u64>,
}

impl Judge {
    /// A judge who has seen nothing of the ledger yet.
    pub fn new(complaint: VerifiedComplaint) -> Self {
        Self {
            complaint,
            kept: None,
            cancelled: None,
        }
    }

    /// What is complained about.
    pub fn complaint(&self) -> &VerifiedComplaint {
        &self.complaint
    }

    /// Sees a well-signed ballot of the election.
    pub fn see_ballot(&mut self, index: u64, ballot: &VerifiedBallot, timeline: &Timeline) {
        if self.in_time(index, timeline) && self.complaint.kept_by(ballot) {
            self.kept.get_or_insert(index);
        }
    }

    /// Sees that the election is cancelled.
    pub fn see_cancelled(&mut self, index: u64, timeline: &Timeline) {
        if self.in_time(index, timeline) {
            self.cancelled.get_or_insert(index);
        }
    }

    /// What follows from what was seen so far.
    pub fn judgement(&self, timeline: &Timeline) -> Judgement {
        let include_by = self.complaint.receipt().receipt().include_by;
        let passed = timeline.until().is_some_and(|until| until > include_by);
        match (self.kept, self.cancelled) {
            (Some(index), _) => Judgement::Kept { index },
            (None, Some(index)) => Judgement::Cancelled { index },
            (None, None) if passed => Judgement::Broken,
            (None, None) => Judgement::Absent,
        }
    }

    fn in_time(&self, index: u64, timeline: &Timeline) -> bool {
        let include_by = self.complaint.receipt().receipt().include_by;
        timeline
            .time_of(index)
            .is_some_and(|time| time <= include_by)
    }
}
