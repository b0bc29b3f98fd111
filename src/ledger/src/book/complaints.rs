//! Complaints, held against the election's issuers, roll and issued list.

use symbolon_election::{Complaint, Error, VerifiedBallot, VerifiedComplaint};

use super::Book;
use crate::findings::Findings;
use crate::judge::{Judge, Judgement};
use crate::roll::Membership;
use crate::verdict::Gap;
use crate::violation::{Place, Rule};

/// Whether the ballot of a complaint is one that the election gave a key to. A receipt names
/// voter ID, choice and sequence only: who holds one can sign another ballot that it covers.
enum Ground {
    Good,
    /// It isn't.
    Refused(&'static str),
    /// What would tell is missing.
    Undecided(&'static str),
}

impl Book {
    /// Takes a complaint; one that proves nothing is refused.
    pub(crate) fn complain(&mut self, complaint: Complaint) -> Result<(), Error> {
        self.judges
            .push(Judge::new(complaint.verify(&self.manifest)?));
        Ok(())
    }

    /// Names each broken promise. Issuers, roll and issued list come after the manifest, so a
    /// complaint's ballot is held against them only now.
    pub(crate) fn check_receipts(&self, findings: &mut Findings) {
        let broken = |judge: &&Judge| judge.judgement(&self.timeline) == Judgement::Broken;
        for judge in self.judges.iter().filter(broken) {
            let complaint = judge.complaint();
            let election = self.id();
            match self.ground(complaint.ballot()) {
                Ground::Good => self.receipt_broken(complaint, findings),
                Ground::Refused(reason) => findings.gap(Gap::ComplaintRefused {
                    election,
                    reason: reason.to_owned(),
                }),
                Ground::Undecided(reason) => findings.gap(Gap::ComplaintUndecided {
                    election,
                    reason: reason.to_owned(),
                }),
            }
        }
    }

    fn ground(&self, ballot: &VerifiedBallot) -> Ground {
        let fields = ballot.fields();
        if !self.issuers.knows(ballot.issuer()) {
            return Ground::Refused("its token is no known issuer's");
        }
        let membership = self.roll.membership(fields.roll_index, &fields.voter_id);
        if matches!(membership, Membership::Beyond | Membership::Other) {
            return Ground::Refused("its voter ID doesn't stand at its place of the roll");
        }
        let listed = self.issued().map(|issued| issued.key(fields.roll_index));
        if listed.is_some_and(|key| key != Some(fields.ballot_key)) {
            return Ground::Refused("its ballot key was not issued to its place");
        }
        if membership == Membership::Unknown {
            return Ground::Undecided("the roll isn't known leaf by leaf");
        }
        if self.close.is_some() && listed.is_none() {
            return Ground::Undecided("the issued list is not there");
        }
        Ground::Good
    }

    fn receipt_broken(&self, complaint: &VerifiedComplaint, findings: &mut Findings) {
        let (ballot, receipt) = (complaint.ballot(), complaint.receipt());
        let detail = format!(
            "ballot {} promised by {} until {} is not there",
            ballot.entry_hash(),
            receipt.gateway(),
            receipt.receipt().include_by
        );
        let place = Place::RollIndex(ballot.fields().roll_index.0);
        self.found(findings, Rule::ReceiptBroken, place, detail);
    }
}
