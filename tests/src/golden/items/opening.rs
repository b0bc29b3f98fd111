//! Keys, files and statements of an election until it opens.

use serde_json::{Value, json};

use super::{Book, seed, signer, stated, typed};

const ORIGIN: &str = "golden.symbolon.example/log";
const OFFICERS: [&str; 3] = ["officer-1", "officer-2", "officer-3"];
/// How many places the roll has.
pub(super) const PLACES: usize = 5;

pub(super) fn items(book: &mut Book) {
    keys(book);
    files(book);
    stated(book, "manifest", "Manifest", manifest(book));
    roll(book);
    others(book);
}

fn keys(book: &mut Book) {
    for name in OFFICERS.iter().chain(&["issuer", "next-issuer", "gateway"]) {
        signer(book, name);
    }
    book.add(
        "request-key",
        "x25519",
        json!({ "secret": seed("request-key") }),
    );
    book.add(
        "log-key",
        "ed25519",
        json!({ "name": ORIGIN, "secret": seed("log-key") }),
    );
    let witness = json!({ "name": "witness.example/one", "secret": seed("witness-key") });
    book.add("witness-key", "ed25519", witness);
    book.add("domain", "domain", json!({ "origin": ORIGIN }));
    let contract = json!({ "chainId": 5, "verifyingContract": "@officer-1.address" });
    book.add("domain-of-a-contract", "domain", contract);
}

/// References to the officers in the order of their addresses.
fn officers(book: &Book) -> Value {
    let mut named: Vec<_> = OFFICERS
        .iter()
        .map(|name| (book.look_up(&format!("{name}.address")).to_string(), name))
        .collect();
    named.sort();
    named
        .iter()
        .map(|(_, name)| Value::from(format!("@{name}.address")))
        .collect()
}

fn files(book: &mut Book) {
    let trust = json!({
        "version": "symbolon/v1", "name": "Golden City", "domain": super::domain(),
        "origin": ORIGIN, "officers": officers(book), "threshold": 2,
    });
    book.add("trust-file", "trustFile", json!({ "value": trust }));
    let ledger_keys = json!({
        "version": "symbolon/v1", "origin": ORIGIN, "log": "@log-key.logKey",
        "cosigners": ["@log-key.cosignerKey", "@witness-key.cosignerKey"], "quorum": 2,
    });
    book.add("ledger-keys", "ledgerKeys", json!({ "value": ledger_keys }));
    book.add("content", "content", json!({ "value": content() }));
}

fn content() -> Value {
    let option = |en: &str, el: &str| json!({ "en": en, "el": el });
    json!({
        "version": "symbolon/v1",
        "title": option("Trees", "Δέντρα"),
        "text": option("Which trees, and \"where\"?\nA poll", "Ποια δέντρα;"),
        "questions": [
            {
                "title": option("Kind", "Είδος"),
                "text": option("Which kinds shall be planted?", "Ποια είδη;"),
                "options": [option("oak", "δρυς"), option("lime", "φλαμουριά"), option("plane", "πλάτανος")],
                "least": 0, "most": 2,
            },
            {
                "title": option("Place", "Τόπος"),
                "text": option("Where?", "Πού;"),
                "options": [option("park", "πάρκο"), option("square", "πλατεία")],
                "least": 1, "most": 1,
            },
        ],
        "quorum": 2500, "threshold": 5000,
    })
}

fn manifest(book: &Book) -> Value {
    json!({
        "nonce": seed("manifest nonce"),
        "contentHash": "@content.sha256",
        "shape": "@content.shape",
        "opens": 1_795_000_000u64, "closes": 1_795_086_400u64, "grace": 3600,
        "forgetAfter": 1_797_000_000u64,
        "maxBallots": 3, "rollBatchMin": 0, "ballotBatchMin": 2,
        "custody": 0, "anonymity": 0, "results": 0,
        "tallyKey": format!("0x{}", "00".repeat(32)),
        "officers": officers(book), "threshold": 2,
        "issuer": "@issuer.address",
        "requestKey": "@request-key.public",
        "gateways": ["@gateway.address"],
        "ledgerKeys": "@ledger-keys.sha256",
        "payload": 0,
    })
}

/// Voter IDs of five people, ascending, and the statement of their roll.
fn roll(book: &mut Book) {
    let inputs = |person: usize| {
        json!({
            "purpose": "pseudonym", "key": seed("election domain key"),
            "fields": [seed(&format!("root {person}"))],
        })
    };
    let mut people: Vec<_> = (0..PLACES).map(inputs).collect();
    people.sort_by_cached_key(|inputs| crate::golden::primitives::hmac(inputs).to_string());
    for (place, inputs) in people.into_iter().enumerate() {
        book.add(&format!("voter-{place}"), "hmac", inputs);
    }
    let leaves: Vec<_> = (0..PLACES)
        .map(|place| format!("@voter-{place}.tag"))
        .collect();
    let tree = json!({
        "entries": leaves, "sizes": [3], "inclusion": [{ "index": 4, "size": 5 }],
        "consistency": [{ "from": 3, "to": 5 }],
    });
    book.add("roll-tree", "tree", tree);
    let statement = json!({
        "election": "@manifest.digest", "sequence": 0, "size": PLACES, "root": "@roll-tree.root",
    });
    stated(book, "roll-statement", "RollStatement", statement);
}

/// Statements that the example's ledger doesn't hold.
fn others(book: &mut Book) {
    stated(
        book,
        "cancelled",
        "Cancelled",
        json!({ "election": "@manifest.digest" }),
    );
    let proposal = json!({
        "installation": seed("installation"), "nonce": seed("proposal nonce"),
        "expires": 1_795_000_000u64, "contentHash": seed("proposal content"),
    });
    typed(
        book,
        "proposal",
        "Proposal",
        proposal,
        super::two_officers(),
    );
    let verdict = json!({
        "installation": seed("installation"), "ticket": seed("ticket"), "same": true,
    });
    typed(
        book,
        "verdict",
        "Verdict",
        verdict,
        json!([seed("registrar")]),
    );
}
