//! The items: their names, kinds and inputs.

mod casting;
mod opening;
mod public_log;
mod vault;

use serde_json::{Value, json};
use symbolon_crypto::labels;

use super::{Book, seed};

pub(super) fn all(book: &mut Book) {
    derivations(book);
    vault::items(book);
    opening::items(book);
    casting::items(book);
    public_log::items(book);
}

/// Every label in a frame, and each primitive with a label once.
fn derivations(book: &mut Book) {
    let fields = json!(["0x6162", "0x", seed("field")]);
    for (_, label) in labels::ALL {
        let purpose = label.as_str().strip_prefix("symbolon/v1/").unwrap();
        let inputs = json!({ "purpose": purpose, "fields": fields });
        book.add(&format!("frame-{purpose}"), "frame", inputs);
    }
    book.add(
        "hmac",
        "hmac",
        json!({ "purpose": "pseudonym", "key": seed("hmac key"), "fields": fields }),
    );
    book.add(
        "hkdf",
        "hkdf",
        json!({ "purpose": "record-key", "secret": seed("hkdf secret"), "fields": fields }),
    );
    book.add(
        "argon2id-lanes",
        "argon2id",
        json!({
            "purpose": "passphrase", "fields": fields, "salt": seed("salt"),
            "memoryKib": 1024, "passes": 3, "lanes": 2,
        }),
    );
}

/// Adds a secp256k1 key of a name.
fn signer(book: &mut Book, name: &str) {
    book.add(name, "secp256k1", json!({ "secret": seed(name) }));
}

/// The domain of the example's log, as references.
fn domain() -> Value {
    json!({ "chainId": 0, "verifyingContract": "@domain.verifyingContract" })
}

/// Adds a struct with its signatures.
fn typed(book: &mut Book, name: &str, kind: &str, message: Value, signers: Value) {
    let inputs =
        json!({ "domain": domain(), "type": kind, "message": message, "signers": signers });
    book.add(name, "typed", inputs);
}

/// Two of the three officers.
fn two_officers() -> Value {
    json!([seed("officer-3"), seed("officer-1")])
}

/// Adds a statement of officers and its ledger entry.
fn stated(book: &mut Book, name: &str, kind: &str, message: Value) {
    typed(book, name, kind, message, two_officers());
    let part = |output: &str| format!("@{name}.{output}");
    let inputs = json!({ "type": kind, "abi": part("abi"), "signatures": part("signatures") });
    book.add(&format!("{name}-entry"), "statementEntry", inputs);
}
