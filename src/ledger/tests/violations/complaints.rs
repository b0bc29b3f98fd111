//! Receipts, kept and broken.

use symbolon_election::{Complaint, Receipt, SignedReceipt, Typed};
use symbolon_ledger::{Gap, Place, Verifier};

use crate::support::{CLOSES, GRACE, Script, names, signer};

fn complaint(script: &Script, sequence: u8, include_by: u64) -> Complaint {
    let ballot = script.signed(0, 0, sequence, &[0, 1, 1]);
    let receipt = Receipt {
        election: script.id(),
        ballot_digest: ballot.ballot().digest(&script.domain()),
        include_by,
    };
    let signature = signer("gateway").sign(receipt.digest(&script.domain()).as_bytes());
    Complaint {
        ballot,
        receipt: SignedReceipt::new(&receipt, signature),
    }
}

fn judged(script: &Script, complaint: Complaint) -> symbolon_ledger::Report {
    let mut verifier = Verifier::new(script.pins(), script.domain());
    verifier.complain(complaint);
    script.verify(verifier)
}

#[test]
fn a_dropped_ballot_breaks_the_receipt() {
    let mut script = Script::opened(4);
    script.now = 1_600;
    script.ballot(2, 0, &[0, 1, 1]);
    let report = judged(&script, complaint(&script, 0, 1_599));
    assert_eq!(names(&report), ["RECEIPT_BROKEN"]);
    assert_eq!(report.verdict.violations()[0].place, Place::RollIndex(0));
}

#[test]
fn a_promise_still_running_is_not_broken() {
    let script = Script::opened(4);
    assert!(
        judged(&script, complaint(&script, 0, 1_600))
            .verdict
            .is_verified()
    );
}

#[test]
fn a_ballot_that_is_there_or_a_later_one_keeps_the_receipt() {
    for sequence in [1, 2] {
        let mut script = Script::opened(4);
        script.ballot(0, sequence, &[0, 1, 2]);
        script.now = 1_900;
        script.ballot(2, 0, &[0, 1, 1]);
        assert!(
            judged(&script, complaint(&script, 1, 1_500))
                .verdict
                .is_verified()
        );
    }
}

#[test]
fn an_earlier_sequence_or_a_ballot_after_the_time_keeps_nothing() {
    let mut script = Script::opened(4);
    script.ballot(0, 0, &[0, 1, 1]);
    script.now = 1_700;
    script.ballot(0, 2, &[0, 1, 1]);
    let report = judged(&script, complaint(&script, 1, 1_600));
    assert_eq!(names(&report), ["RECEIPT_BROKEN"]);
}

#[test]
fn a_cancelled_election_keeps_no_promise_broken() {
    let mut script = Script::opened(4);
    script.cancel();
    script.now = 1_900;
    script.ballot(2, 0, &[0, 1, 1]);
    assert!(
        judged(&script, complaint(&script, 1, 1_600))
            .verdict
            .is_verified()
    );
}

#[test]
fn a_receipt_beyond_closes_plus_grace_is_refused() {
    let script = Script::opened(4);
    let report = judged(&script, complaint(&script, 0, CLOSES + GRACE + 1));
    assert!(matches!(
        report.verdict.gaps(),
        [Gap::ComplaintRefused { .. }]
    ));
}
