//! Rotations, Close and Certified.

use symbolon_election::{Certified, LedgerHead, Statement};
use symbolon_ledger::{Gap, Stage, Verdict};

use crate::support::{CLOSES, GRACE, Script, ballot_key, keep, leaves, no_tally, root, signer};

#[test]
fn rotations_out_of_turn_are_named() {
    for (current, next) in [
        ("stranger", "issuer 2"),
        ("issuer 2", "issuer"),
        ("issuer 2", "issuer 2"),
    ] {
        let mut script = Script::opened(4);
        script.rotate("issuer", "issuer 2");
        script.rotate(current, next);
        assert_eq!(script.broken(), ["ROTATION_INVALID"], "{current} to {next}");
    }
}

#[test]
fn a_rotation_after_closes_is_named() {
    let mut script = Script::opened(4);
    script.now = CLOSES + 1;
    script.rotate("issuer", "issuer 2");
    assert_eq!(script.broken(), ["ROTATION_INVALID"]);
}

#[test]
fn a_rotation_by_strangers_is_not_signed() {
    let mut script = Script::opened(4);
    let rotation = symbolon_election::IssuerRotation {
        election: script.id(),
        current: signer("issuer").address(),
        next: signer("issuer 2").address(),
    };
    let strangers = [signer("stranger 1"), signer("stranger 2")];
    script.state(Statement::IssuerRotation(rotation), &strangers);
    assert_eq!(script.broken(), ["STATEMENT_NOT_SIGNED"]);
}

#[test]
fn tokens_of_before_a_rotation_go_on_counting() {
    let mut script = Script::opened(4);
    let before = script.signed(0, 0, 0, &[0, 1, 1]);
    script.rotate("issuer", "issuer 2");
    script.issued.insert(0, ballot_key(0, 0).address());
    script.push(before.to_entry());
    assert_eq!(script.report().elections[0].tally.counted, 1);
}

#[test]
fn a_token_of_the_next_issuer_before_its_rotation_is_named() {
    let mut script = Script::opened(4);
    script.issuer = "issuer 2".to_owned();
    script.ballot(0, 0, &[0, 1, 1]);
    script.rotate("issuer", "issuer 2");
    assert_eq!(script.broken(), ["TOKEN_ISSUER"]);
}

#[test]
fn a_close_at_closes_is_early() {
    let mut script = Script::opened(4);
    script.now = CLOSES;
    script.close();
    assert_eq!(script.broken(), ["CLOSE_EARLY"]);
    assert_eq!(script.report().elections[0].stage, Stage::Open);
}

#[test]
fn a_second_close_that_differs_is_named_and_the_first_counts() {
    let mut script = Script::opened(4);
    script.ballot(0, 0, &[0, 1, 1]);
    script.now = 2_050;
    script.close();
    script.issued.clear();
    script.close();
    assert_eq!(script.broken(), ["CLOSE_REPEATED"]);
    assert_eq!(script.report().elections[0].tally.counted, 1);
}

#[test]
fn a_close_with_another_roll_is_named() {
    let mut script = Script::opened(4);
    script.now = 2_050;
    let mut close = script.close_statement();
    close.roll_root = root(&leaves("others", 4));
    script.officers_state(Statement::Close(close));
    assert_eq!(script.broken(), ["CLOSE_ROLL"]);
}

#[test]
fn an_issued_list_of_another_length_is_invalid() {
    let mut script = Script::opened(4);
    script.now = 2_050;
    let mut close = script.close_statement();
    close.issued = keep(&mut script.files, vec![0; 60]);
    script.officers_state(Statement::Close(close));
    assert_eq!(script.broken(), ["FILE_INVALID"]);
}

#[test]
fn an_issued_list_with_a_key_twice_is_invalid() {
    let mut script = Script::opened(4);
    script.now = 2_050;
    let mut close = script.close_statement();
    close.issued = keep(&mut script.files, vec![7; 80]);
    script.officers_state(Statement::Close(close));
    assert_eq!(script.broken(), ["FILE_INVALID"]);
}

#[test]
fn a_missing_issued_list_is_incomplete() {
    let mut script = Script::whole(4);
    let list = symbolon_election::ContentHash::new(*script.issued_list().hash().as_bytes());
    script.files.remove(&list);
    let report = script.report();
    let path = format!("content/{list}");
    assert_eq!(
        report.verdict,
        Verdict::Incomplete {
            gaps: vec![Gap::FileMissing { path }]
        }
    );
}

fn certified_with(change: impl Fn(&mut Certified)) -> Script {
    let mut script = Script::opened(4);
    script.ballot(0, 0, &[0, 1, 1]);
    script.now = 2_050;
    script.close();
    script.now = 2_200;
    let mut certified = script.certified_statement();
    change(&mut certified);
    script.officers_state(Statement::Certified(certified));
    script
}

#[test]
fn a_false_certificate_is_named_by_its_field() {
    assert!(certified_with(|_| ()).report().verdict.is_verified());
    let tally = certified_with(|it| it.tally_hash = no_tally());
    assert_eq!(tally.broken(), ["CERTIFIED_TALLY"]);
    let head = certified_with(|it| it.ledger_head = LedgerHead::new([1; 32]));
    assert_eq!(head.broken(), ["CERTIFIED_HEAD"]);
    for size in [0, 2, 99] {
        let size = certified_with(|it| it.ledger_size = size);
        assert_eq!(size.broken(), ["CERTIFIED_SIZE"]);
    }
}

#[test]
fn a_second_certificate_that_differs_is_named() {
    let mut script = Script::whole(4);
    let mut certified = script.certified_statement();
    certified.tally_hash = no_tally();
    script.officers_state(Statement::Certified(certified));
    assert_eq!(script.broken(), ["CERTIFIED_REPEATED"]);
}

#[test]
fn a_certificate_at_closes_plus_grace_or_before_close_is_early() {
    let mut script = Script::opened(4);
    script.now = 2_050;
    script.close();
    script.now = CLOSES + GRACE;
    script.certify();
    assert_eq!(script.broken(), ["CERTIFIED_EARLY"]);

    let mut script = Script::opened(4);
    script.now = 2_200;
    script.certify();
    assert_eq!(script.broken(), ["CERTIFIED_EARLY"]);
}

#[test]
fn a_late_ballot_after_certification_leaves_the_certificate_whole() {
    let mut script = Script::whole(4);
    script.ballot(0, 2, &[0, 1, 1]);
    assert_eq!(script.broken(), ["BALLOT_OUT_OF_TIME"]);
}

#[test]
fn a_timestamp_that_moves_a_ballot_into_the_range_contradicts_the_certificate() {
    let mut script = Script::opened(4);
    script.ballot(0, 0, &[0, 1, 1]);
    script.now = 2_050;
    script.close();
    script.now = 2_150;
    script.ballot(2, 0, &[0, 1, 1]);
    script.now = 2_200;
    script.certify();
    assert_eq!(script.broken(), ["BALLOT_OUT_OF_TIME"]);
    // A checkpoint brought later shows that the ballot was there in time.
    script.entries[4].1 = 2_060;
    assert!(script.broken().contains(&"CERTIFIED_TALLY"));
}

#[test]
fn a_cancelled_election_says_so() {
    let mut script = Script::opened(4);
    script.cancel();
    let report = script.report();
    assert!(report.verdict.is_verified());
    assert_eq!(report.elections[0].stage, Stage::Cancelled);
}
