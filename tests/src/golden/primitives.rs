//! Labels, derivations, keys, rules and match keys.

use serde_json::{Value, json};
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_crypto::hpke::HpkeSecretKey;
use symbolon_crypto::mac::MacKey;
use symbolon_crypto::password::{Costs, Hasher};
use symbolon_crypto::{Label, Secret, kdf, labels};
use symbolon_identity::{Person, Schema};
use symbolon_tlog::{KeyKind, LogKey};

use super::{array, bytes, hex_of, list, number, text};

pub(super) fn label(purpose: &Value) -> Label {
    let wanted = format!("symbolon/v1/{}", text(purpose));
    let find = |(_, label): &&(&str, Label)| label.as_str() == wanted;
    labels::ALL.iter().find(find).unwrap().1
}

pub(super) fn secret<const N: usize>(value: &Value) -> Secret<N> {
    Secret::from_slice(&bytes(value)).unwrap()
}

pub(super) fn signing_key(value: &Value) -> SigningKey {
    SigningKey::new(secret(value)).unwrap()
}

fn fields(inputs: &Value) -> Vec<Vec<u8>> {
    list(&inputs["fields"]).map(bytes).collect()
}

fn slices(fields: &[Vec<u8>]) -> Vec<&[u8]> {
    fields.iter().map(Vec::as_slice).collect()
}

pub(super) fn frame(inputs: &Value) -> Value {
    let framed = labels::frame(label(&inputs["purpose"]), &slices(&fields(inputs)));
    json!({ "bytes": hex_of(framed.as_slice()) })
}

pub(super) fn hmac(inputs: &Value) -> Value {
    let key = MacKey::new(&secret(&inputs["key"]));
    let tag = key.tag(label(&inputs["purpose"]), &slices(&fields(inputs)));
    json!({ "tag": hex_of(tag.declassify()) })
}

pub(super) fn hkdf(inputs: &Value) -> Value {
    let purpose = label(&inputs["purpose"]);
    let key = kdf::derive::<32>(&bytes(&inputs["secret"]), purpose, &slices(&fields(inputs)));
    json!({ "key": hex_of(key.expose()) })
}

pub(super) fn argon2id(inputs: &Value) -> Value {
    let cost = |name: &str| u32::try_from(number(&inputs[name])).unwrap();
    let costs = Costs::new(cost("memoryKib"), cost("passes"), cost("lanes")).unwrap();
    let salt = bytes(&inputs["salt"]);
    let hash = Hasher::new(costs).hash(label(&inputs["purpose"]), &slices(&fields(inputs)), &salt);
    json!({ "hash": hex_of(hash.unwrap().expose()) })
}

pub(super) fn secp256k1(inputs: &Value) -> Value {
    let address = signing_key(&inputs["secret"]).address();
    json!({ "address": address.to_0x(), "checksummed": address.checksummed() })
}

pub(super) fn x25519(inputs: &Value) -> Value {
    let key = HpkeSecretKey::new(secret(&inputs["secret"]));
    json!({ "public": hex_of(key.public_key().as_bytes()) })
}

pub(super) fn ed25519(inputs: &Value) -> Value {
    let key = LogKey::new(text(&inputs["name"]), &array(&inputs["secret"])).unwrap();
    let public = key.verifier(KeyKind::Ed25519);
    json!({
        "public": hex_of(public.public()),
        "logKey": public.to_string(),
        "cosignerKey": key.verifier(KeyKind::CosignatureV1).to_string(),
    })
}

/// A schema of the one rule that the inputs describe.
fn schema(inputs: &Value) -> Schema {
    let attributes: Vec<_> = list(&inputs["attributes"])
        .map(|one| json!({ "name": one["name"], "kind": one["kind"], "folds": one["folds"] }))
        .collect();
    let names: Vec<_> = list(&inputs["attributes"])
        .map(|one| one["name"].clone())
        .collect();
    let rule = json!({
        "name": "rule", "attributes": names, "kind": inputs["ruleKind"], "always": true,
    });
    serde_json::from_value(json!({ "attributes": attributes, "rules": [rule] })).unwrap()
}

pub(super) fn rule_id(inputs: &Value) -> Value {
    let current = symbolon_identity::schema::canonicaliser();
    assert_eq!(text(&inputs["canonicaliser"]), current);
    json!({ "id": hex_of(schema(inputs).always().id().as_bytes()) })
}

pub(super) fn match_key(inputs: &Value) -> Value {
    let values = list(&inputs["attributes"]).map(|one| {
        (
            text(&one["name"]).to_owned(),
            text(&one["canonical"]).to_owned(),
        )
    });
    let person = Person::new(values).canonical(&schema(inputs)).unwrap();
    json!({ "bytes": hex_of(person.match_keys()[0].expose()) })
}
