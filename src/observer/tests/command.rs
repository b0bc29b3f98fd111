//! The program itself: exit statuses, JSON, text.
#![allow(clippy::unwrap_used)]

mod log;
#[path = "../../ledger/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use log::PublicLog;
use support::{Script, trust};

fn observer(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_symbolon-observer"))
        .args(args)
        .output()
        .unwrap()
}

fn log_and_trust() -> (PublicLog, tempfile::NamedTempFile) {
    let log = PublicLog::publish(&Script::whole(20));
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), trust().to_json()).unwrap();
    (log, file)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_verified_log_exits_with_0_and_shows_charts() {
    let (log, trust) = log_and_trust();
    let output = observer(&["verify", text(log.root()), "--trust", text(trust.path())]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for part in [
        "The park",
        "VERIFIED",
        "公園",
        "50.0 %",
        "10 of 20 on the roll",
        "█",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
}

#[test]
fn json_is_one_object_with_verdict_and_figures() {
    let (log, trust) = log_and_trust();
    let output = observer(&[
        "verify",
        text(log.root()),
        "--trust",
        text(trust.path()),
        "--json",
    ]);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["verdict"], "verified");
    assert_eq!(answer["elections"][0]["stage"], "certified");
    assert_eq!(answer["elections"][0]["tally"]["counted"], 10);
}

#[test]
fn a_violated_log_exits_with_1_and_names_rule_and_place() {
    let (log, trust) = log_and_trust();
    let tile = log.root().join("tile/0/000.p/19");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[5] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let args = [
        "verify",
        text(log.root()),
        "--trust",
        text(trust.path()),
        "--json",
    ];
    let output = observer(&args);
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["verdict"], "violated");
    assert_eq!(answer["violations"][0]["rule"], "TILE_ALTERED");
    assert_eq!(answer["violations"][0]["place"]["file"], "tile/0/000.p/19");
}

#[test]
fn nothing_pinned_and_nothing_there_exit_with_2() {
    let (log, trust) = log_and_trust();
    let unpinned = observer(&["verify", text(log.root())]);
    assert_eq!(unpinned.status.code(), Some(2));
    assert!(
        String::from_utf8(unpinned.stdout)
            .unwrap()
            .contains("nothing pinned")
    );
    let nowhere = observer(&["verify", "/nowhere/at/all", "--trust", text(trust.path())]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(
        String::from_utf8(nowhere.stderr)
            .unwrap()
            .contains("/nowhere/at/all")
    );
}

#[test]
fn a_pinned_election_id_exits_with_0() {
    let log = PublicLog::publish(&Script::whole(20));
    let election = Script::whole(20).id().to_string();
    let output = observer(&["verify", text(log.root()), "--election", &election]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn bad_arguments_and_bad_trust_files_exit_with_2() {
    let (log, trust) = log_and_trust();
    fs::write(trust.path(), "{}").unwrap();
    for args in [
        &["verify"][..],
        &["verify", text(log.root()), "--election", "xyz"],
        &["verify", text(log.root()), "--trust", text(trust.path())],
        &[
            "verify",
            text(log.root()),
            "--complaint",
            text(trust.path()),
        ],
    ] {
        assert_eq!(observer(args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn the_table_of_violations_has_a_line_for_each() {
    let output = observer(&["rules"]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().count(), 2 + symbolon_ledger::Rule::ALL.len());
}
