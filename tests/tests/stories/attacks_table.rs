//! The table of attacks in `tests/README.md` names tests that exist, and no verdict asks what
//! time it is.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every `path.rs::name` that a text names.
fn named(text: &str) -> BTreeSet<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let tests = quoted.filter_map(|word| word.split_once("::"));
    tests.filter(|(path, _)| path.ends_with(".rs")).collect()
}

/// Whether a file has a function of this name with a test's attribute above it.
fn is_test(file: &str, name: &str) -> bool {
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    let heads = [format!("fn {name}("), format!("async fn {name}(")];
    let found = lines
        .iter()
        .position(|line| heads.iter().any(|head| line.starts_with(head)));
    let Some(at) = found else { return false };
    let above = lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#["));
    let mut above = above.filter(|line| line.contains("test") && !line.contains("ignore"));
    // Property tests have the attribute as well.
    above.next().is_some()
}

#[test]
fn every_test_that_the_table_of_attacks_names_exists() {
    let text = fs::read_to_string(top().join("tests/README.md")).unwrap();
    let named = named(&text);
    assert!(named.len() > 100, "{}", named.len());
    let missing: Vec<_> = named
        .into_iter()
        .filter(|(path, name)| {
            let file = fs::read_to_string(top().join(path));
            !file.is_ok_and(|file| is_test(&file, name))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(!is_test("fn a_helper() {}", "a_helper"));
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn no_verdict_depends_on_the_reader_s_clock() {
    let asks = |folder: &str| -> Vec<PathBuf> {
        let sources = sources(&top().join("src").join(folder).join("src"));
        let asks = |path: &PathBuf| {
            let text = fs::read_to_string(path).unwrap();
            ["unix_now", "SystemTime", "Utc::now"]
                .iter()
                .any(|word| text.contains(word))
        };
        sources.into_iter().filter(asks).collect()
    };
    for folder in ["election", "tlog", "ledger", "observer"] {
        assert_eq!(asks(folder), Vec::<PathBuf>::new(), "{folder}");
    }
    assert!(
        !asks("service").is_empty(),
        "the daemons' clock is somewhere"
    );
}
