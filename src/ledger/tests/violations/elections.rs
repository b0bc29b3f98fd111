//! Whole elections, whose they are, and the files they name.

use symbolon_election::Statement;
use symbolon_election::tally::Exclusion;
use symbolon_ledger::{Gap, Pins, Place, Stage, Verdict, Verifier};

use crate::support::{Script, names, officers, signer};

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
