//! Ballots: signatures, times, places, choices, order.

use symbolon_election::tally::Exclusion;
use symbolon_election::{RollIndex, VoterId};
use symbolon_ledger::Place;

use crate::support::{CLOSES, GRACE, OPENS, Script, names};

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
