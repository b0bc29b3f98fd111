//! Public logs as folders, whole and damaged: what the observer says of each.
#![allow(clippy::unwrap_used)]

mod log;
#[path = "../../ledger/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use log::{PublicLog, files, serve};
use support::{Script, names, trust};
use symbolon_ledger::{Gap, Pins, Report, Rule, Verdict};
use symbolon_observer::{Observer, open};

fn city() -> Pins {
    Pins::Trust(Box::new(trust()))
}

fn observe(root: &Path) -> Report {
    observe_at(root.to_str().unwrap())
}

fn observe_at(source: &str) -> Report {
    let source = open(source, None, None).unwrap();
    Observer::new(source, city(), Vec::new()).observe(&mut |_, _| {})
}

/// A log of more than one bundle and more than one file of leaves, extended while it grew.
fn published() -> PublicLog {
    let mut script = Script::new(300);
    script.manifest.roll_batch_min = 10;
    script.open();
    for place in 0..270 {
        script.now = 1_500 + u64::from(place) / 30;
        script.ballot(place, 0, &[0, 1, 1 + u8::try_from(place % 2).unwrap()]);
    }
    script.add_places("more", 50);
    script.now = 1_600;
    script.publish_roll();
    script.ballot(320, 0, &[0, 1, 1]);
    script.now = 2_010;
    script.close();
    script.now = 2_200;
    script.certify();
    PublicLog::publish(&script)
}

#[test]
fn a_whole_log_is_verified() {
    let log = published();
    let report = observe(log.root());
    assert_eq!(report.verdict, Verdict::Verified);
    let tally = &report.elections[0].tally;
    assert_eq!((tally.counted, tally.roll_size), (271, 350));
    assert_eq!(tally.questions[1].options, [136, 135]);
}

#[test]
fn the_same_over_http_is_verified() {
    let log = published();
    let address = serve(log.root().to_owned());
    assert_eq!(observe_at(&address).verdict, Verdict::Verified);
}

#[test]
fn nothing_pinned_is_never_verified() {
    let log = published();
    let source = open(log.root().to_str().unwrap(), None, None).unwrap();
    let report = Observer::new(source, Pins::Nothing, Vec::new()).observe(&mut |_, _| {});
    assert_eq!(report.verdict.gaps(), [Gap::NothingPinned]);
}

#[test]
fn no_flipped_byte_in_any_file_is_verified() {
    let log = published();
    let all = files(log.root());
    assert!(all.len() > 40);
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for path in &all {
        let good = fs::read(path).unwrap();
        for _ in 0..4 {
            let mut bad = good.clone();
            let at = random(bad.len());
            bad[at] ^= 1 << random(8);
            fs::write(path, &bad).unwrap();
            let report = observe(log.root());
            assert!(!report.verdict.is_verified(), "{} at {at}", path.display());
            let named = report.verdict.violations().len() + report.verdict.gaps().len();
            assert!(named > 0);
        }
        fs::write(path, &good).unwrap();
    }
    assert!(observe(log.root()).verdict.is_verified());
}

#[test]
fn damage_is_named_by_kind() {
    let cases = [
        ("tile/0/000", Rule::TileAltered),
        ("tile/1/000.p/1", Rule::TileAltered),
        ("tile/entries/000", Rule::CheckpointRoot),
        ("checkpoints/2", Rule::CheckpointSignature),
    ];
    for (path, rule) in cases {
        let log = published();
        let file = log.root().join(path);
        let mut bytes = fs::read(&file).unwrap();
        // The last character of a signature, or the last byte of a hash or an entry.
        let at = bytes.len() - 6;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        fs::write(&file, bytes).unwrap();
        let report = observe(log.root());
        let named = report.verdict.violations().iter().any(|it| it.rule == rule);
        assert!(named, "{path}: {:?}", names(&report));
    }
}

#[test]
fn missing_files_make_it_incomplete() {
    let log = published();
    for path in files(log.root()) {
        let name = log.name(&path);
        // Older partial tiles and bundles may be pruned; the list of sizes is for HTTP.
        let older = name.contains(".p/") && !name.contains("/leaves/");
        let spare = (older && !log.newest().contains(&name)) || name == "checkpoints/sizes";
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let verdict = observe(log.root()).verdict;
        match spare {
            true => assert_eq!(verdict, Verdict::Verified, "{name}"),
            false => assert!(!verdict.is_verified(), "{name}"),
        }
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn an_empty_folder_and_one_without_a_checkpoint_are_incomplete() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        observe(empty.path()).verdict,
        Verdict::Incomplete { .. }
    ));
}

#[test]
fn a_log_forged_whole_by_strangers_is_not_verified() {
    let mut script = Script::new(4);
    script.manifest.officers = vec![support::signer("stranger").address()];
    script.manifest.threshold = 1;
    let manifest = symbolon_election::Statement::Manifest(script.manifest.clone());
    script.state(manifest, &[support::signer("stranger")]);
    let log = PublicLog::publish(&script);
    let report = observe(log.root());
    assert_eq!(
        report.verdict,
        Verdict::Incomplete {
            gaps: vec![Gap::NoElection]
        }
    );
    assert_eq!(report.elections_of_others, 1);
}

#[test]
fn stray_files_change_nothing() {
    let log = published();
    fs::write(log.root().join("README"), "hello").unwrap();
    fs::write(log.root().join("tile/0/x"), "hello").unwrap();
    fs::create_dir_all(log.root().join("roll/x/leaves")).unwrap();
    assert!(observe(log.root()).verdict.is_verified());
}

#[test]
fn an_oversized_checkpoint_is_not_read() {
    let log = published();
    fs::write(log.root().join("checkpoint"), vec![b'x'; 1 << 20]).unwrap();
    let report = observe(log.root());
    assert!(matches!(
        report.verdict.gaps(),
        [Gap::FileUnreadable { .. }]
    ));
}

#[test]
fn a_log_that_grows_is_followed() {
    let script = Script::whole(40);
    let mut log = PublicLog::begin(&script);
    log.append(&script, 5);
    let source = open(log.root().to_str().unwrap(), None, None).unwrap();
    let mut observer = Observer::new(source, city(), Vec::new());
    assert!(observer.observe(&mut |_, _| {}).verdict.is_verified());
    for _ in 0..4 {
        log.append(&script, 7);
        let report = observer.observe(&mut |_, _| {});
        assert_eq!(report.verdict, Verdict::Verified);
        assert_eq!(report.ledger_size, log.size());
    }
    log.append(&script, script.entries.len());
    let report = observer.observe(&mut |_, _| {});
    assert_eq!(report.verdict, Verdict::Verified);
    let whole = PublicLog::publish(&script);
    assert_eq!(
        serde_json::to_value(&report).unwrap(),
        serde_json::to_value(observe(whole.root())).unwrap()
    );
}

/// Two logs of one key that agree on their first entries and differ afterwards.
fn forked() -> (Script, Script) {
    let one = Script::whole(40);
    let mut other = Script::opened(40);
    for place in (1..40).step_by(2) {
        other.ballot(place, 0, &[0, 1, 2]);
    }
    (one, other)
}

#[test]
fn a_fork_is_named_against_what_was_seen_before() {
    let (one, other) = forked();
    let mut first = PublicLog::begin(&one);
    first.append(&one, 10);
    let root = first.root().to_owned();
    let mut observer = Observer::new(
        open(root.to_str().unwrap(), None, None).unwrap(),
        city(),
        Vec::new(),
    );
    assert!(observer.observe(&mut |_, _| {}).verdict.is_verified());
    let second = PublicLog::publish(&other);
    first.replace_by(&second);
    assert_eq!(names(&observer.observe(&mut |_, _| {})), ["LOG_FORKED"]);
}

#[test]
fn a_rollback_is_named_against_what_was_seen_before() {
    let script = Script::whole(40);
    let log = PublicLog::publish(&script);
    let source = open(log.root().to_str().unwrap(), None, None).unwrap();
    let mut observer = Observer::new(source, city(), Vec::new());
    assert!(observer.observe(&mut |_, _| {}).verdict.is_verified());
    let mut shorter = PublicLog::begin(&script);
    shorter.append(&script, 10);
    log.replace_by(&shorter);
    assert_eq!(
        names(&observer.observe(&mut |_, _| {})),
        ["LOG_ROLLED_BACK"]
    );
}

#[test]
fn a_mirror_is_a_log_of_its_own_and_remembers() {
    let (one, other) = forked();
    let mut log = PublicLog::begin(&one);
    log.append(&one, 10);
    let address = serve(log.root().to_owned());
    let kept = tempfile::tempdir().unwrap();
    let look = || {
        let source = open(&address, None, Some(kept.path())).unwrap();
        Observer::new(source, city(), Vec::new()).observe(&mut |_, _| {})
    };
    assert!(look().verdict.is_verified());
    assert!(observe(kept.path()).verdict.is_verified());
    log.append(&one, one.entries.len());
    assert!(look().verdict.is_verified());
    assert!(observe(kept.path()).verdict.is_verified());
    // Another run, which has nothing but the mirror, sees the fork.
    log.replace_by(&PublicLog::publish(&other));
    let found = look();
    assert!(
        names(&found).iter().any(|name| name.starts_with("LOG_")),
        "{:?}",
        names(&found)
    );
    // And the mirror still holds what was good.
    assert!(observe(kept.path()).verdict.is_verified());
}

#[test]
fn a_damaged_mirror_heals_from_the_source() {
    let log = published();
    let address = serve(log.root().to_owned());
    let kept = tempfile::tempdir().unwrap();
    let look = || {
        let source = open(&address, None, Some(kept.path())).unwrap();
        Observer::new(source, city(), Vec::new()).observe(&mut |_, _| {})
    };
    assert!(look().verdict.is_verified());
    let tile = kept.path().join("tile/entries/000");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[100] ^= 1;
    fs::write(&tile, bytes).unwrap();
    assert!(look().verdict.is_verified());
    assert!(observe(kept.path()).verdict.is_verified());
}

#[test]
fn a_source_that_never_ends_is_cut_off() {
    let log = published();
    fs::write(log.root().join("tile/entries/000"), vec![0; 20 << 20]).unwrap();
    let address = serve(log.root().to_owned());
    let report = observe_at(&address);
    assert!(
        report
            .verdict
            .gaps()
            .iter()
            .any(|gap| matches!(gap, Gap::FileUnreadable { .. }))
    );
}
