//! Receipts, kept and broken.

use symbolon_election::{Complaint, Receipt, RollIndex, SignedReceipt, Typed, UnverifiedBallot};
use symbolon_ledger::{Gap, Pins, Place, Report, Verifier};

use crate::support::{CLOSES, GRACE, Memory, Script, ballot_key, names, signer};

fn complaint(script: &Script, sequence: u8, include_by: u64) -> Complaint {
    let ballot = script.signed(0, 0, sequence, &[0, 1, 1]);
    promised(script, ballot, include_by)
}

fn promised(script: &Script, ballot: UnverifiedBallot, include_by: u64) -> Complaint {
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

fn judged(script: &Script, complaint: Complaint) -> Report {
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

/// An honest log: the ballot at place 0 that the gateway promised until 1599 is there.
fn kept() -> Script {
    let mut script = Script::opened(4);
    script.ballot(0, 0, &[0, 1, 1]);
    script.now = 1_900;
    script.ballot(2, 0, &[0, 1, 1]);
    script
}

/// What the voter makes of the receipt: another ballot of the same digest.
fn covered_too(script: &Script, device: u8, place: u32) -> UnverifiedBallot {
    let mut ballot = script.signed(0, device, 0, &[0, 1, 1]);
    ballot.roll_index = RollIndex(place);
    ballot.ballot_key = ballot_key(place, device).address();
    script.sign(ballot, device)
}

fn is_refused(report: &Report, why: &str) -> bool {
    match report.verdict.gaps() {
        [Gap::ComplaintRefused { reason, .. }] => {
            report.verdict.violations().is_empty() && reason.contains(why)
        }
        _ => false,
    }
}

fn is_undecided(report: &Report, why: &str) -> bool {
    let about =
        |gap: &Gap| matches!(gap, Gap::ComplaintUndecided { reason, .. } if reason.contains(why));
    report.verdict.violations().is_empty() && report.verdict.gaps().iter().any(about)
}

fn judged_by(script: &Script, transcript: &mut Memory, complaint: Complaint) -> Report {
    let mut verifier = Verifier::new(script.pins(), script.domain());
    verifier.complain(complaint);
    for (entry, _) in &script.entries {
        verifier.feed(std::slice::from_ref(entry), transcript);
    }
    verifier.report(transcript)
}

#[test]
fn a_token_that_the_voter_signed_breaks_no_receipt() {
    let script = kept();
    let mut ballot = covered_too(&script, 1, 0);
    let token = ballot.token().digest(&script.domain());
    ballot.token_signature = ballot_key(0, 1).sign(token.as_bytes());
    let report = judged(&script, promised(&script, ballot, 1_599));
    assert!(is_refused(&report, "issuer"), "{:?}", report.verdict);
}

#[test]
fn another_place_than_the_voters_breaks_no_receipt() {
    let script = kept();
    for place in [1, 4] {
        let ballot = covered_too(&script, 0, place);
        let report = judged(&script, promised(&script, ballot, 1_599));
        assert!(is_refused(&report, "roll"), "{:?}", report.verdict);
    }
}

#[test]
fn after_close_a_key_that_was_not_issued_breaks_no_receipt() {
    let mut script = kept();
    script.now = 2_010;
    script.close();
    let ballot = covered_too(&script, 1, 0);
    let report = judged(&script, promised(&script, ballot, 1_599));
    assert!(is_refused(&report, "not issued"), "{:?}", report.verdict);
    // The list gives place 1 no key at all.
    let ballot = script.signed(1, 0, 0, &[0, 1, 1]);
    let report = judged(&script, promised(&script, ballot, 1_599));
    assert!(is_refused(&report, "not issued"), "{:?}", report.verdict);
}

#[test]
fn after_close_a_dropped_ballot_of_the_issued_key_breaks_the_receipt() {
    let mut script = Script::opened(4);
    script.issued.insert(0, ballot_key(0, 0).address());
    script.now = 2_010;
    script.close();
    let report = judged(&script, complaint(&script, 0, 1_599));
    assert_eq!(names(&report), ["RECEIPT_BROKEN"]);
}

#[test]
fn a_token_of_an_earlier_or_a_later_issuer_is_one_of_the_elections() {
    let mut script = Script::opened(4);
    let earlier = script.signed(0, 0, 0, &[0, 1, 1]);
    script.rotate("issuer", "issuer 2");
    let later = script.signed(0, 0, 0, &[0, 1, 1]);
    script.now = 1_900;
    script.ballot(2, 0, &[0, 1, 1]);
    for ballot in [earlier, later] {
        let report = judged(&script, promised(&script, ballot, 1_599));
        assert_eq!(names(&report), ["RECEIPT_BROKEN"]);
    }
}

#[test]
fn without_the_rolls_files_a_complaint_is_undecided() {
    let mut script = Script::opened(4);
    script.now = 1_600;
    script.ballot(2, 0, &[0, 1, 1]);
    let mut transcript = script.transcript();
    transcript.rolls.clear();
    let report = judged_by(&script, &mut transcript, complaint(&script, 0, 1_599));
    assert!(is_undecided(&report, "roll"), "{:?}", report.verdict);
}

#[test]
fn without_the_issued_list_a_complaint_is_undecided() {
    let mut script = Script::opened(4);
    script.now = 2_010;
    script.close();
    let mut transcript = script.transcript();
    let list = script.close_statement().issued;
    transcript.files.remove(&list).unwrap();
    let report = judged_by(&script, &mut transcript, complaint(&script, 0, 1_599));
    assert!(is_undecided(&report, "issued list"), "{:?}", report.verdict);
}

#[test]
fn a_complaint_about_an_election_that_is_not_there_is_undecided() {
    let mut other = Script::opened(4);
    other.manifest.max_ballots = 2;
    let report = judged(&Script::whole(8), complaint(&other, 0, 1_599));
    assert!(is_undecided(&report, "ledger"), "{:?}", report.verdict);
    assert_eq!(report.verdict.gaps().len(), 1);
}

#[test]
fn a_complaint_about_an_election_of_others_is_undecided() {
    let script = Script::whole(8);
    let mut other = script.clone();
    other.manifest.max_ballots = 2;
    let mut verifier = Verifier::new(Pins::Elections(vec![other.id()]), script.domain());
    verifier.complain(complaint(&script, 0, 1_499));
    let report = script.verify(verifier);
    assert_eq!(report.elections_of_others, 1);
    assert!(is_undecided(&report, "ledger"), "{:?}", report.verdict);
}

#[test]
fn a_complaint_waits_for_its_manifest() {
    let script = kept();
    let mut transcript = script.transcript();
    let mut verifier = Verifier::new(script.pins(), script.domain());
    verifier.complain(complaint(&script, 0, 1_599));
    assert!(is_undecided(&verifier.report(&mut transcript), "ledger"));
    for (entry, _) in &script.entries {
        verifier.feed(std::slice::from_ref(entry), &mut transcript);
    }
    assert!(verifier.report(&mut transcript).verdict.is_verified());
}
