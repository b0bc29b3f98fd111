//! Every violation, by a scripted election that commits it and nothing else.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::*;
use symbolon_election::tally::Exclusion;
use symbolon_election::{
    Certified, Complaint, Entry, LedgerHead, Receipt, RollIndex, SignedReceipt, Statement, Typed,
    VoterId,
};
use symbolon_ledger::{Gap, Pins, Place, Stage, Verdict, Verifier};

#[test]
fn a_whole_election_is_verified() {
    let report = Script::whole(20).report();
    assert_eq!(report.verdict, Verdict::Verified);
    let election = &report.elections[0];
    assert_eq!(election.stage, Stage::Certified);
    assert_eq!((election.tally.ballots, election.tally.counted), (15, 10));
    assert_eq!(election.tally.issued, Some(10));
    assert_eq!(election.tally.excluded, [(Exclusion::Superseded, 5)].into());
    assert_eq!(election.tally.questions[0].blank, 5);
    assert_eq!(election.tally.questions[0].options, [0, 5, 0]);
    assert_eq!(election.tally.questions[1].options, [5, 5]);
    assert_eq!(election.cosigners_needed, Some(1));
}

#[test]
fn an_election_without_ballots_is_verified() {
    let mut script = Script::opened(3);
    script.now = 2_001;
    script.close();
    script.now = 2_101;
    script.certify();
    assert!(script.report().verdict.is_verified());
}

#[test]
fn nothing_pinned_is_incomplete() {
    let report = Script::whole(8).report_with(Pins::Nothing);
    assert_eq!(
        report.verdict,
        Verdict::Incomplete {
            gaps: vec![Gap::NothingPinned]
        }
    );
    assert_eq!(report.elections.len(), 1);
}

#[test]
fn a_pinned_election_id_is_enough() {
    let script = Script::whole(8);
    let report = script.report_with(Pins::Elections(vec![script.id()]));
    assert!(report.verdict.is_verified());
}

#[test]
fn a_pinned_election_that_is_not_there_is_named() {
    let script = Script::whole(8);
    let mut other = script.clone();
    other.manifest.max_ballots = 9;
    let report = script.report_with(Pins::Elections(vec![other.id()]));
    assert_eq!(
        report.verdict,
        Verdict::Incomplete {
            gaps: vec![Gap::ElectionAbsent {
                election: other.id()
            }]
        }
    );
    assert_eq!((report.elections.len(), report.elections_of_others), (0, 1));
}

#[test]
fn a_look_alike_by_other_officers_is_not_shown() {
    let mut script = Script::new(8);
    let strangers = [signer("stranger 1"), signer("stranger 2")];
    let mut addresses: Vec<_> = strangers.iter().map(|key| key.address()).collect();
    addresses.sort();
    script.manifest.officers = addresses;
    let mut sorted: Vec<_> = strangers.into();
    sorted.sort_by_key(|key| key.address());
    script.state(Statement::Manifest(script.manifest.clone()), &sorted);
    let report = script.report();
    assert_eq!(
        report.verdict,
        Verdict::Incomplete {
            gaps: vec![Gap::NoElection]
        }
    );
    assert_eq!((report.elections.len(), report.elections_of_others), (0, 1));
}

#[test]
fn the_citys_officers_with_a_lower_threshold_are_not_the_citys() {
    let mut script = Script::new(8);
    script.manifest.threshold = 1;
    script.publish_manifest();
    assert_eq!(script.report().elections_of_others, 1);
}

#[test]
fn a_malformed_entry_is_named() {
    let mut script = Script::opened(4);
    script.push(vec![0x7f, 1, 2]);
    assert_eq!(script.broken(), ["ENTRY_MALFORMED"]);
    assert_eq!(
        script.report().verdict.violations()[0].place,
        Place::Entry(2)
    );
}

#[test]
fn an_entry_with_a_trailing_byte_is_malformed() {
    let mut script = Script::opened(4);
    let mut entry = script.signed(0, 0, 0, &[0, 1, 1]).to_entry();
    entry.push(0);
    script.push(entry);
    assert_eq!(script.broken(), ["ENTRY_MALFORMED"]);
}

#[test]
fn a_ballot_before_its_manifest_is_of_an_unknown_election() {
    let mut script = Script::new(4);
    script.ballot(0, 0, &[0, 1, 1]);
    script.open();
    assert_eq!(script.broken(), ["UNKNOWN_ELECTION"]);
}

#[test]
fn a_roll_statement_by_one_officer_is_not_signed() {
    let mut script = Script::new(4);
    script.publish_manifest();
    let statement = script.roll_statement();
    script.state(Statement::RollStatement(statement), &officers()[..1]);
    assert_eq!(script.broken(), ["STATEMENT_NOT_SIGNED"]);
}

#[test]
fn one_officer_twice_is_not_enough() {
    let mut script = Script::new(4);
    script.publish_manifest();
    let statement = script.roll_statement();
    let twice = [officers().remove(0), officers().remove(0)];
    script.state(Statement::RollStatement(statement), &twice);
    assert_eq!(script.broken(), ["STATEMENT_NOT_SIGNED"]);
}

#[test]
fn a_manifest_by_one_officer_is_not_signed() {
    let mut script = Script::new(4);
    script.state(
        Statement::Manifest(script.manifest.clone()),
        &officers()[1..2],
    );
    assert_eq!(script.broken(), ["STATEMENT_NOT_SIGNED"]);
}

#[test]
fn a_manifest_that_breaks_its_rules_is_named() {
    let mut script = Script::new(4);
    script.manifest.closes = script.manifest.opens;
    script.publish_manifest();
    assert_eq!(script.broken(), ["MANIFEST_INVALID"]);
}

#[test]
fn a_reserved_value_is_refused_by_name() {
    let mut script = Script::new(4);
    script.manifest.anonymity = 1;
    script.publish_manifest();
    let report = script.report();
    assert_eq!(names(&report), ["MANIFEST_INVALID"]);
    assert!(report.verdict.violations()[0].detail.contains("blind"));
}

#[test]
fn the_same_manifest_once_more_says_nothing() {
    let mut script = Script::opened(4);
    script.state(
        Statement::Manifest(script.manifest.clone()),
        &officers()[1..],
    );
    assert!(script.report().verdict.is_verified());
}

#[test]
fn content_that_does_not_fit_the_shape_is_invalid() {
    let mut script = Script::new(4);
    script.manifest.shape = vec![3, 0, 1];
    script.publish_manifest();
    assert_eq!(script.broken(), ["FILE_INVALID"]);
}

#[test]
fn a_missing_content_file_is_incomplete() {
    let mut script = Script::whole(4);
    script.files.remove(&script.manifest.content_hash);
    let gaps = script.report().verdict.gaps().to_vec();
    let path = format!("content/{}", script.manifest.content_hash);
    assert_eq!(gaps, [Gap::FileMissing { path }]);
}

#[test]
fn missing_ledger_keys_leave_every_ballot_without_a_time() {
    let mut script = Script::whole(4);
    script.files.remove(&script.manifest.ledger_keys);
    let report = script.report();
    assert!(matches!(report.verdict, Verdict::Incomplete { .. }));
    assert_eq!(report.elections[0].tally.counted, 0);
}

#[test]
fn a_file_that_is_not_its_hash_is_altered() {
    let mut script = Script::whole(4);
    let name = script.manifest.content_hash;
    script.files.get_mut(&name).unwrap()[3] ^= 1;
    assert_eq!(script.broken(), ["FILE_ALTERED"]);
}

#[test]
fn entries_that_too_few_cosigned_have_no_time() {
    let script = Script::whole(4);
    let mut transcript = script.transcript();
    transcript.timeline = symbolon_ledger::Timeline::from_blocks([(2, 500)]);
    let mut verifier = Verifier::new(script.pins(), script.domain());
    let entries: Vec<_> = script
        .entries
        .iter()
        .map(|(entry, _)| entry.clone())
        .collect();
    verifier.feed(&entries, &mut transcript);
    let gap = Gap::NotCosigned {
        election: script.id(),
        from: 2,
    };
    assert_eq!(
        verifier.report(&mut transcript).verdict,
        Verdict::Incomplete { gaps: vec![gap] }
    );
    assert!(!verifier.still_holds(&mut transcript));
}

// The roll.

#[test]
fn two_roll_statements_of_one_sequence_are_named_and_the_first_counts() {
    let mut script = Script::opened(4);
    let first = script.roll_statement();
    script.add_places("more", 2);
    let second = symbolon_election::RollStatement {
        sequence: 0,
        ..script.roll_statement()
    };
    script.officers_state(Statement::RollStatement(second));
    assert_eq!(script.broken(), ["ROLL_STATEMENT_REPEATED"]);
    assert_eq!(script.report().elections[0].tally.roll_size, first.size);
}

#[test]
fn the_same_roll_statement_once_more_says_nothing() {
    let mut script = Script::opened(4);
    let again = symbolon_election::RollStatement {
        sequence: 0,
        ..script.roll_statement()
    };
    script.state(Statement::RollStatement(again), &officers()[1..]);
    assert!(script.report().verdict.is_verified());
}

#[test]
fn a_roll_that_begins_with_the_second_statement_is_named() {
    let mut script = Script::new(4);
    script.publish_manifest();
    let second = symbolon_election::RollStatement {
        sequence: 1,
        ..script.roll_statement()
    };
    script.officers_state(Statement::RollStatement(second));
    assert_eq!(script.broken(), ["ROLL_NOT_NEXT"]);
}

#[test]
fn a_frozen_roll_stays() {
    let mut script = Script::opened(4);
    script.add_places("more", 5);
    script.publish_roll();
    assert_eq!(script.broken(), ["ROLL_FROZEN"]);
}

fn extensible() -> Script {
    let mut script = Script::new(4);
    script.manifest.roll_batch_min = 3;
    script.open();
    script
}

#[test]
fn a_roll_extended_as_promised_is_verified() {
    let mut script = extensible();
    script.add_places("more", 3);
    script.publish_roll();
    script.ballot(6, 0, &[0, 1, 1]);
    let report = script.report();
    assert!(report.verdict.is_verified());
    assert_eq!(report.elections[0].tally.roll_size, 7);
}

#[test]
fn a_roll_extended_by_too_few_is_named() {
    let mut script = extensible();
    script.add_places("more", 2);
    script.publish_roll();
    assert_eq!(script.broken(), ["ROLL_BATCH_TOO_SMALL"]);
}

#[test]
fn a_roll_that_shrinks_is_named() {
    let mut script = extensible();
    script.roll.pop();
    let statement = script.roll_statement();
    script.roll = leaves("roll", 4);
    script.officers_state(Statement::RollStatement(statement));
    assert_eq!(script.broken(), ["ROLL_NOT_NEXT"]);
}

#[test]
fn a_roll_extended_after_close_is_named() {
    let mut script = extensible();
    script.now = 2_050;
    script.close();
    script.add_places("more", 3);
    script.publish_roll();
    script.roll.truncate(4);
    assert_eq!(script.broken(), ["ROLL_FROZEN"]);
}

#[test]
fn leaves_of_another_root_are_named() {
    let mut script = Script::opened(4);
    script.roll[2] = VoterId::new([0x42; 32]);
    let report = script.report();
    assert!(names(&report).contains(&"ROLL_ROOT"));
}

#[test]
fn a_roll_that_does_not_extend_the_earlier_one_is_named() {
    let mut script = extensible();
    let earlier = script.roll.clone();
    script.roll = leaves("others", 8);
    script.publish_roll();
    script.roll.splice(..4, earlier);
    assert_eq!(script.broken(), ["ROLL_ROOT"]);
}

#[test]
fn an_addition_out_of_order_is_named() {
    let mut script = Script::new(4);
    script.roll.swap(1, 2);
    script.open();
    assert_eq!(script.broken(), ["ROLL_NOT_ASCENDING"]);
}

#[test]
fn a_voter_in_two_additions_is_named() {
    let mut script = extensible();
    let known = script.roll[1];
    script.roll.push(known);
    script
        .roll
        .extend([VoterId::new([0xfe; 32]), VoterId::new([0xff; 32])]);
    script.publish_roll();
    let report = script.report();
    assert_eq!(names(&report), ["ROLL_LEAF_TWICE"]);
    assert_eq!(report.verdict.violations()[0].place, Place::RollIndex(4));
}

#[test]
fn without_the_rolls_files_only_bounds_are_checked() {
    let script = Script::whole(4);
    let mut transcript = script.transcript();
    transcript.rolls.clear();
    let mut verifier = Verifier::new(script.pins(), script.domain());
    let entries: Vec<_> = script
        .entries
        .iter()
        .map(|(entry, _)| entry.clone())
        .collect();
    verifier.feed(&entries, &mut transcript);
    let report = verifier.report(&mut transcript);
    assert!(report.verdict.gaps().contains(&Gap::BoundsOnly {
        election: script.id()
    }));
    assert!(report.verdict.violations().is_empty());
    assert!(report.elections[0].bounds_only);
}

// Ballots.

#[test]
fn a_token_by_a_stranger_is_named() {
    let mut script = Script::opened(4);
    script.issuer = "stranger".to_owned();
    script.ballot(0, 0, &[0, 1, 1]);
    assert_eq!(script.broken(), ["TOKEN_ISSUER"]);
}

#[test]
fn a_ballot_by_another_key_is_named() {
    let mut script = Script::opened(4);
    let mut ballot = script.signed(0, 0, 0, &[0, 1, 1]);
    ballot.ballot_signature = script.signed(0, 1, 0, &[0, 1, 1]).ballot_signature;
    script.push(ballot.to_entry());
    assert_eq!(script.broken(), ["BALLOT_SIGNATURE"]);
}

#[test]
fn one_second_decides_at_either_end() {
    for (time, early, late) in [
        (OPENS - 1, 1, 0),
        (OPENS, 0, 0),
        (CLOSES + GRACE, 0, 0),
        (CLOSES + GRACE + 1, 0, 1),
    ] {
        let mut script = Script::opened(4);
        script.now = time;
        script.ballot(0, 0, &[0, 1, 1]);
        let report = script.report();
        let wrong = early + late > 0;
        assert_eq!(
            names(&report),
            if wrong {
                vec!["BALLOT_OUT_OF_TIME"]
            } else {
                vec![]
            }
        );
        let tally = &report.elections[0].tally;
        assert_eq!(
            tally.excluded.get(&Exclusion::Early).copied().unwrap_or(0),
            early
        );
        assert_eq!(
            tally.excluded.get(&Exclusion::Late).copied().unwrap_or(0),
            late
        );
        assert_eq!(tally.counted, 1 - early - late);
    }
}

#[test]
fn a_place_beyond_the_roll_is_named() {
    let mut script = Script::opened(4);
    script.stolen(4, 0);
    assert_eq!(script.broken(), ["BALLOT_BEYOND_ROLL"]);
}

#[test]
fn a_phantom_at_a_place_is_named() {
    let mut script = Script::opened(4);
    let mut ballot = script.signed(1, 0, 0, &[0, 1, 1]);
    ballot.voter_id = VoterId::new([0x55; 32]);
    let ballot = script.sign(ballot, 0);
    script.push(ballot.to_entry());
    assert_eq!(script.broken(), ["BALLOT_NOT_ON_ROLL"]);
}

#[test]
fn a_sequence_at_max_ballots_is_named() {
    let mut script = Script::opened(4);
    script.ballot(0, 3, &[0, 1, 1]);
    assert_eq!(script.broken(), ["BALLOT_SEQUENCE"]);
}

#[test]
fn choices_that_fit_no_question_are_named() {
    for choice in [
        &[0, 0, 0][..],
        &[2, 2, 1, 1, 1],
        &[0, 1, 3],
        &[3, 1, 2, 3, 1, 1],
        &[0],
        &[0, 1, 1, 0],
    ] {
        let mut script = Script::opened(4);
        script.ballot(0, 0, choice);
        assert_eq!(script.broken(), ["BALLOT_CHOICE"], "{choice:?}");
    }
}

#[test]
fn the_highest_sequence_counts_and_ties_go_to_the_first() {
    let mut script = Script::opened(4);
    script.ballot(0, 2, &[0, 1, 1]);
    script.ballot(0, 2, &[0, 1, 2]);
    script.ballot(0, 1, &[0, 1, 2]);
    let report = script.report();
    assert!(report.verdict.is_verified());
    assert_eq!(report.elections[0].tally.questions[1].options, [1, 0]);
}

#[test]
fn the_same_ballot_twice_on_the_ledger_counts_once() {
    let mut script = Script::opened(4);
    script.ballot(0, 0, &[0, 1, 1]);
    script.ballot(0, 0, &[0, 1, 1]);
    let tally = script.report().elections[0].tally.clone();
    assert_eq!((tally.ballots, tally.counted), (2, 1));
}

#[test]
fn a_place_with_two_keys_is_contested_until_close() {
    let mut script = Script::opened(4);
    script.ballot(0, 0, &[0, 1, 1]);
    script.stolen(0, 1);
    let report = script.report();
    assert!(report.verdict.is_verified());
    assert_eq!(report.elections[0].contested_places, [RollIndex(0)]);
    assert_eq!(report.elections[0].tally.counted, 0);
}

#[test]
fn a_stolen_token_key_that_was_never_rotated_is_a_violation() {
    let mut script = Script::opened(4);
    script.stolen(0, 1);
    script.ballot(0, 0, &[0, 1, 1]);
    script.stolen(2, 1);
    script.now = 2_050;
    script.close();
    let report = script.report();
    assert_eq!(names(&report), ["KEY_NOT_ISSUED"]);
    let places: Vec<_> = report
        .verdict
        .violations()
        .iter()
        .map(|it| it.place.clone())
        .collect();
    assert_eq!(places, [Place::RollIndex(0), Place::RollIndex(2)]);
    assert_eq!(report.elections[0].tally.counted, 1);
}

#[test]
fn after_a_rotation_a_thiefs_ballots_do_not_count_and_are_named() {
    let mut script = Script::opened(4);
    script.stolen(0, 1);
    script.stolen(2, 1);
    script.rotate("issuer", "issuer 2");
    script.ballot(0, 0, &[0, 1, 1]);
    script.now = 2_050;
    script.close();
    let report = script.report();
    assert!(report.verdict.is_verified());
    let election = &report.elections[0];
    assert_eq!(election.other_key_places, [RollIndex(0), RollIndex(2)]);
    assert_eq!(election.tally.counted, 1);
    assert_eq!(election.tally.excluded, [(Exclusion::OtherKey, 2)].into());
}

// Rotation, Close, Certified.

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

// Complaints.

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

// Bytes.

#[test]
fn every_entry_of_the_script_has_one_encoding() {
    for (entry, _) in Script::whole(8).entries {
        assert_eq!(Entry::decode(&entry).unwrap().encode(), entry);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_flipped_byte_of_an_entry_is_verified(entry in 0_usize..9, place: prop::sample::Index, flip in 1_u8..) {
        let mut script = Script::whole(4);
        let entry = entry % script.entries.len();
        let bytes = &mut script.entries[entry].0;
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        prop_assert!(!script.report().verdict.is_verified(), "entry {entry}, byte {place}");
    }

    #[test]
    fn arbitrary_entries_never_panic(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let mut script = Script::opened(2);
        entries.into_iter().for_each(|entry| script.push(entry));
        let _ = script.report();
    }
}
