//! Ballots, held against what stands before them on the ledger.

use symbolon_election::tally::Exclusion;
use symbolon_election::{Ballot, Error, Typed, VerifiedBallot};

use super::Book;
use crate::roll::Membership;
use crate::violation::Rule;

impl Book {
    /// A ballot at an index of the ledger, with what its signatures and form gave.
    pub(crate) fn ballot(&mut self, index: u64, ballot: Result<VerifiedBallot, Error>) {
        let Some(time) = self.time_of(index) else {
            return;
        };
        if !self.manifest.in_time(time) {
            return self.out_of_time(index, time);
        }
        let ballot = match ballot {
            Ok(ballot) => ballot,
            Err(error) => return self.malformed(index, &error),
        };
        for judge in &mut self.judges {
            judge.see_ballot(index, &ballot, &self.timeline);
        }
        let order = ballot.batch_order();
        let manifest = self.manifest.manifest();
        self.batches
            .push(order, time, manifest.closes, manifest.ballot_batch_min);
        if !self.issuers.knows(ballot.issuer()) {
            self.standings.exclude(Exclusion::TokenSignature);
            return self.broken(Rule::TokenIssuer, index, "its token is no known issuer's");
        }
        self.placed(index, &ballot);
    }

    /// A well-signed ballot in time: is it at its place of the roll?
    fn placed(&mut self, index: u64, ballot: &VerifiedBallot) {
        let fields = ballot.fields();
        match self.roll.membership(fields.roll_index, &fields.voter_id) {
            Membership::Member | Membership::Unknown => self.standings.offer(index, ballot),
            Membership::Beyond => {
                self.standings.exclude(Exclusion::NotInRoll);
                let size = self.roll.size();
                let detail = format!("place {} of a roll of {size}", fields.roll_index);
                self.broken(Rule::BallotBeyondRoll, index, detail);
            }
            Membership::Other => {
                self.standings.exclude(Exclusion::NotInRoll);
                let detail = format!("another voter ID stands at place {}", fields.roll_index);
                self.broken(Rule::BallotNotOnRoll, index, detail);
            }
        }
    }

    fn out_of_time(&mut self, index: u64, time: u64) {
        let opens = self.manifest.manifest().opens;
        let detail = if time < opens {
            self.standings.exclude(Exclusion::Early);
            format!("{} s before opens", opens - time)
        } else {
            self.late.push(index);
            format!(
                "{} s after closes + grace",
                time - self.manifest.last_moment()
            )
        };
        self.broken(Rule::BallotOutOfTime, index, detail);
    }

    fn malformed(&mut self, index: u64, error: &Error) {
        let (rule, exclusion) = match error {
            Error::Signature { what } | Error::Signer { what } if *what == Ballot::NAME => {
                (Rule::BallotSignature, Exclusion::BallotSignature)
            }
            Error::Signature { .. } | Error::Signer { .. } => {
                (Rule::TokenIssuer, Exclusion::TokenSignature)
            }
            Error::Field { .. } => (Rule::BallotSequence, Exclusion::Malformed),
            _ => (Rule::BallotChoice, Exclusion::Malformed),
        };
        self.standings.exclude(exclusion);
        self.broken(rule, index, error.to_string());
    }
}
