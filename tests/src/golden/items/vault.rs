//! What only a vault computes.

use serde_json::{Map, Value, json};
use symbolon_crypto::digest::sha256_of;

use super::{Book, seed};
use crate::golden::{hex_of, ring};

pub(super) fn items(book: &mut Book) {
    let attributes = json!([
        {
            "name": "family_name", "kind": "name", "folds": ["yo-as-ye"],
            "canonical": "соловьев",
        },
        { "name": "birth_date", "kind": "date", "folds": [], "canonical": "1980-02-29" },
    ]);
    let canonicaliser = symbolon_identity::schema::canonicaliser();
    book.add(
        "rule",
        "ruleId",
        json!({
            "canonicaliser": canonicaliser, "ruleKind": "hint", "attributes": attributes,
        }),
    );
    book.add(
        "match-key",
        "matchKey",
        json!({ "ruleKind": "hint", "attributes": attributes }),
    );
    book.add(
        "stretched",
        "argon2id",
        json!({
            "purpose": "stretch", "fields": ["@rule.id", "@match-key.bytes"],
            "salt": seed("installation salt"), "memoryKib": 19456, "passes": 2, "lanes": 1,
        }),
    );
    book.add("ring", "ring", ring_inputs());
}

fn ring_inputs() -> Value {
    let random: Map<String, Value> = ring::random_values()
        .map(|(name, length)| {
            let hash = sha256_of(&[b"symbolon golden: ring ", name.as_bytes()]);
            (name.to_owned(), hex_of(&hash[..length]))
        })
        .collect();
    json!({
        "passphrase": "correct horse battery staple",
        "memoryKib": 1024, "passes": 3, "lanes": 1,
        "now": 1_795_000_000,
        "portal": "city",
        "electionNonce": seed("manifest nonce"),
        "random": random,
        "root": seed("root"),
        "stretched": "@stretched.hash",
        "lookup": { "table": "electorate", "field": "0x0102" },
        "subject": { "kind": "record", "id": "0x000102030405060708090a0b0c0d0e0f" },
        "record": {
            "table": "record", "row": "0x000102030405060708090a0b0c0d0e0f",
            "plaintext": "0x706c61696e74657874",
            "own": seed("record"), "nonce": "0x0102030405060708090a0b0c",
        },
    })
}
