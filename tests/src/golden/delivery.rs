//! Device keys, and what is sealed for delivery.

use serde_json::{Value, json};
use symbolon_crypto::hpke::HpkeSecretKey;
use symbolon_election::ElectionId;
use symbolon_voter::DeviceSeed;

use super::primitives::{label, secret};
use super::script::Script;
use super::{array, bytes, hex_of, list};

pub(super) fn device(inputs: &Value) -> Value {
    let seed = DeviceSeed::new(secret(&inputs["bits"]));
    let keys = seed
        .keys(&ElectionId::new(array(&inputs["election"])))
        .unwrap();
    json!({
        "recoveryCode": seed.recovery_code().expose(),
        "ballotKey": keys.ballot_key().to_0x(),
        "deliveryKey": hex_of(keys.delivery_key()),
    })
}

pub(super) fn hpke(inputs: &Value) -> Value {
    let recipient = HpkeSecretKey::new(secret(&inputs["recipientSecret"]));
    let plaintext: Vec<u8> = list(&inputs["plaintext"]).flat_map(bytes).collect();
    let (purpose, aad) = (label(&inputs["purpose"]), bytes(&inputs["aad"]));
    let mut ephemeral = Script::new([bytes(&inputs["ikmE"])]);
    let sealed = recipient
        .public_key()
        .seal(purpose, &aad, &plaintext, &mut ephemeral)
        .unwrap();
    ephemeral.end();
    let opened = recipient.open(purpose, &aad, &sealed).unwrap();
    assert_eq!(opened.expose(), plaintext);
    json!({
        "recipientPublic": hex_of(recipient.public_key().as_bytes()),
        "sealed": hex_of(sealed),
    })
}
