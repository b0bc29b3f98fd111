//! The public log of the election, its tally and certification.

use serde_json::json;

use super::{Book, seed, stated};

/// The entries in their order; the ballot of 2 is early, those of 3 to 9 are in time, that of
/// 10 is late.
const LEDGER: [&str; 12] = [
    "manifest",
    "roll-statement",
    "ballot-0-early",
    "ballot-0-first",
    "ballot-1-blank",
    "issuer-rotation",
    "ballot-0-second",
    "ballot-0-again",
    "ballot-2",
    "ballot-2-thief",
    "ballot-3-late",
    "close",
];

pub(super) fn items(book: &mut Book) {
    let mut entries: Vec<_> = LEDGER
        .iter()
        .map(|name| format!("@{name}-entry.bytes"))
        .collect();
    let tree = json!({ "entries": entries, "sizes": [], "inclusion": [], "consistency": [] });
    book.add("log-until-close", "tree", tree);
    let tally = json!({
        "trustFile": "@trust-file.text", "entries": entries,
        "range": { "first": 3, "end": 10 },
        "issued": [
            "@device-0.ballotKey", "@device-1.ballotKey", "@device-2.ballotKey",
            "@device-3.ballotKey", null,
        ],
    });
    book.add("tally", "tally", tally);
    let certified = json!({
        "election": "@manifest.digest", "ledgerSize": LEDGER.len(),
        "ledgerHead": "@log-until-close.root", "tallyHash": "@tally.sha256",
    });
    stated(book, "certified", "Certified", certified);

    entries.push("@certified-entry.bytes".to_owned());
    let tree = json!({
        "entries": entries, "sizes": [1, 4, 12],
        "inclusion": [{ "index": 3, "size": 13 }, { "index": 12, "size": 13 }],
        "consistency": [{ "from": 4, "to": 13 }, { "from": 12, "to": 13 }],
    });
    book.add("log", "tree", tree);
    book.add(
        "bundle",
        "bundle",
        json!({ "number": 0, "entries": entries }),
    );
    let checkpoint = json!({
        "origin": "golden.symbolon.example/log", "size": "@log.size", "root": "@log.root",
        "logSecret": seed("log-key"), "time": 1_795_091_000u64,
        "witnesses": [{
            "name": "witness.example/one", "secret": seed("witness-key"),
            "time": 1_795_091_007u64,
        }],
    });
    book.add("checkpoint", "checkpoint", checkpoint);
    large(book);
}

/// A tree of several tiles, and the files of a public log of some size.
fn large(book: &mut Book) {
    let tree = json!({
        "entries": { "count": 515, "text": "entry " }, "sizes": [0, 1, 256, 257, 300, 512],
        "inclusion": [{ "index": 299, "size": 300 }, { "index": 256, "size": 515 }],
        "consistency": [{ "from": 257, "to": 515 }, { "from": 256, "to": 512 }],
    });
    book.add("large-tree", "tree", tree);
    let layout = json!({
        "logSize": 66_000, "statements": 3, "checkpoints": [1, 300, 66_000],
        "rolls": [{ "election": "@manifest.digest", "size": 515 }],
        "contents": ["@content.sha256", "@ledger-keys.sha256", "@issued-list.sha256"],
    });
    book.add("layout", "layout", layout);
}
