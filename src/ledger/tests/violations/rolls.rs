//! Roll statements and the leaves behind them.

use symbolon_election::{Statement, VoterId};
use symbolon_ledger::{Gap, Place, Verifier};

use crate::support::{Script, leaves, names, officers};

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
