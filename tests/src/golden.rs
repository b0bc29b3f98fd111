//! The golden file: one example of every encoding, digest, label, derivation, JSON
//! form and file of the protocol, made from fixed seeds.
//!
//! It is a list of items. Each has a name, a kind, inputs and outputs. Inputs are
//! seeds and fields; a text `@item.output` in them stands for an output of an earlier
//! item, so that whoever recomputes the file uses what they computed themselves.
//! `golden/README.md` says what each kind does.

#![expect(
    clippy::unwrap_used,
    reason = "fixed inputs: whatever fails here fails always"
)]

mod delivery;
mod entries;
mod files;
mod items;
mod log;
mod primitives;
mod ring;
mod script;
mod statements;

use serde_json::{Map, Value, json};

/// Computes the outputs of one kind from inputs without references.
type Compute = fn(&Value) -> Value;

const KINDS: &[(&str, Compute)] = &[
    ("frame", primitives::frame),
    ("hmac", primitives::hmac),
    ("hkdf", primitives::hkdf),
    ("argon2id", primitives::argon2id),
    ("secp256k1", primitives::secp256k1),
    ("x25519", primitives::x25519),
    ("ed25519", primitives::ed25519),
    ("ruleId", primitives::rule_id),
    ("matchKey", primitives::match_key),
    ("ring", ring::ring),
    ("device", delivery::device),
    ("hpke", delivery::hpke),
    ("domain", statements::domain),
    ("typed", statements::typed),
    ("signatureFile", statements::signature_file),
    ("choice", entries::choice),
    ("statementEntry", entries::statement),
    ("ballotEntry", entries::ballot),
    ("issuedList", files::issued_list),
    ("trustFile", files::trust),
    ("ledgerKeys", files::ledger_keys),
    ("content", files::content),
    ("receiptFile", files::receipt),
    ("complaintFile", files::complaint),
    ("tally", files::tally),
    ("tree", log::tree),
    ("bundle", log::bundle),
    ("checkpoint", log::checkpoint),
    ("layout", log::layout),
];

/// The golden file's text.
pub fn render() -> String {
    let mut book = Book::default();
    items::all(&mut book);
    let file = json!({ "version": "symbolon/v1", "items": book.items });
    let mut text = serde_json::to_string_pretty(&file).unwrap();
    text.push('\n');
    text
}

/// The names of all kinds.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}

/// The items so far.
#[derive(Default)]
struct Book {
    items: Vec<Value>,
    outputs: Map<String, Value>,
}

impl Book {
    /// Adds an item; its outputs are computed from its inputs alone.
    fn add(&mut self, name: &str, kind: &str, inputs: Value) {
        let (_, compute) = KINDS.iter().find(|(known, _)| *known == kind).unwrap();
        let outputs = compute(&self.resolve(&inputs));
        let twice = self.outputs.insert(name.to_owned(), outputs.clone());
        assert!(twice.is_none(), "{name} stands twice");
        self.items.push(json!({
            "name": name, "kind": kind, "inputs": inputs, "outputs": outputs,
        }));
    }

    /// Puts outputs in the place of references.
    fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('@') {
                Some(path) => self.look_up(path),
                None => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), self.resolve(value)))
                .collect(),
            _ => value.clone(),
        }
    }

    fn look_up(&self, path: &str) -> Value {
        let mut parts = path.split('.');
        let item = self.outputs.get(parts.next().unwrap());
        let found = parts.fold(item, |value, part| match value? {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            other => other.get(part),
        });
        found
            .unwrap_or_else(|| panic!("@{path} is nowhere"))
            .clone()
    }
}

/// Bytes as `0x` and lower-case hexadecimal.
fn hex_of(bytes: impl AsRef<[u8]>) -> Value {
    format!("0x{}", hex::encode(bytes)).into()
}

/// Reads `0x` and hexadecimal.
fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

/// A fixed seed of 32 bytes: SHA-256 of `symbolon golden: ` and a name.
fn seed(name: &str) -> Value {
    hex_of(symbolon_crypto::digest::sha256_of(&[
        b"symbolon golden: ",
        name.as_bytes(),
    ]))
}

/// A text file's bytes: UTF-8, and its SHA-256.
fn text_file(bytes: &[u8]) -> Value {
    json!({
        "text": str::from_utf8(bytes).unwrap(),
        "sha256": hex_of(symbolon_crypto::digest::sha256(bytes)),
    })
}

#[cfg(test)]
mod tests;
