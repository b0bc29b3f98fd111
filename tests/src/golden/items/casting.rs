//! Devices, tokens, ballots, receipts.

use serde_json::{Value, json};

use super::{Book, seed, stated, typed};

/// The devices: the first five bear the number of their place, the last one is a
/// thief's, who made a token for place 2.
const DEVICES: [(&str, usize); 5] = [("0", 0), ("1", 1), ("2", 2), ("3", 3), ("thief", 2)];

pub(super) fn items(book: &mut Book) {
    for (device, _) in DEVICES {
        device_keys(book, device);
    }
    request(book);
    let rotation = json!({
        "election": "@manifest.digest", "current": "@issuer.address", "next": "@next-issuer.address",
    });
    stated(book, "issuer-rotation", "IssuerRotation", rotation);
    for (device, place) in DEVICES {
        let issuer = if place < 2 { "issuer" } else { "next-issuer" };
        token(book, device, place, issuer);
    }
    sealed_token(book);
    // Before opens: it would win by its sequence.
    ballot(book, "ballot-0-early", "0", 2, &json!([[3], [2]]));
    ballot(book, "ballot-0-first", "0", 0, &json!([[1], [1]]));
    ballot(book, "ballot-0-second", "0", 1, &json!([[2, 3], [2]]));
    // Of equal sequences the first on the ledger counts.
    ballot(book, "ballot-0-again", "0", 1, &json!([[1], [1]]));
    ballot(book, "ballot-1-blank", "1", 0, &json!([[], [1]]));
    ballot(book, "ballot-2", "2", 2, &json!([[1, 2], [2]]));
    ballot(book, "ballot-2-thief", "thief", 2, &json!([[3], [1]]));
    ballot(book, "ballot-3-late", "3", 0, &json!([[1], [1]]));
    receipt(book);
    close(book);
}

fn bits(device: &str) -> Value {
    seed(&format!("device {device}")).as_str().unwrap()[..34].into()
}

fn device_keys(book: &mut Book, device: &str) {
    let (bits, election) = (bits(device), "@manifest.digest");
    book.add(
        &format!("device-{device}"),
        "device",
        json!({ "bits": bits, "election": election }),
    );
    for purpose in ["ballot", "delivery"] {
        let inputs = json!({
            "purpose": format!("device-{purpose}-key"), "secret": bits, "fields": [election],
        });
        book.add(&format!("device-{device}-{purpose}-secret"), "hkdf", inputs);
    }
}

fn request(book: &mut Book) {
    let message = json!({ "election": "@manifest.digest", "deliveryKey": "@device-0.deliveryKey" });
    typed(
        book,
        "issue-request",
        "IssueRequest",
        message,
        json!(["@device-0-ballot-secret.key"]),
    );
    let sealed = json!({
        "purpose": "issue-request", "aad": "@manifest.digest",
        "recipientSecret": seed("request-key"), "ikmE": seed("request ephemeral"),
        "plaintext": ["@device-0.deliveryKey", "@issue-request.signatures.0"],
    });
    book.add("sealed-request", "hpke", sealed);
}

fn token(book: &mut Book, device: &str, place: usize, issuer: &str) {
    let message = json!({
        "election": "@manifest.digest", "voterId": format!("@voter-{place}.tag"),
        "rollIndex": place, "ballotKey": format!("@device-{device}.ballotKey"),
    });
    typed(
        book,
        &format!("token-{device}"),
        "VotingToken",
        message,
        json!([seed(issuer)]),
    );
}

fn sealed_token(book: &mut Book) {
    let sealed = json!({
        "purpose": "voting-token", "aad": "@manifest.digest",
        "recipientSecret": "@device-0-delivery-secret.key", "ikmE": seed("token ephemeral"),
        "plaintext": ["@voter-0.tag", "0x00000000", "@token-0.signatures.0"],
    });
    book.add("sealed-token", "hpke", sealed);
}

fn ballot(book: &mut Book, name: &str, device: &str, sequence: u8, selections: &Value) {
    let (_, place) = DEVICES.iter().find(|(known, _)| *known == device).unwrap();
    let choice = json!({
        "shape": [
            { "options": 3, "least": 0, "most": 2 }, { "options": 2, "least": 1, "most": 1 },
        ],
        "selections": selections,
    });
    book.add(&format!("{name}-choice"), "choice", choice);
    let message = json!({
        "election": "@manifest.digest", "voterId": format!("@voter-{place}.tag"),
        "choice": format!("@{name}-choice.choice"), "sequence": sequence,
    });
    let signers = json!([format!("@device-{device}-ballot-secret.key")]);
    typed(book, name, "Ballot", message, signers);
    let entry = json!({
        "election": "@manifest.digest", "voterId": format!("@voter-{place}.tag"),
        "rollIndex": place, "ballotKey": format!("@device-{device}.ballotKey"),
        "sequence": sequence, "choice": format!("@{name}-choice.choice"),
        "tokenSignature": format!("@token-{device}.signatures.0"),
        "ballotSignature": format!("@{name}.signatures.0"),
    });
    book.add(&format!("{name}-entry"), "ballotEntry", entry);
}

fn receipt(book: &mut Book) {
    let message = json!({
        "election": "@manifest.digest", "ballotDigest": "@ballot-1-blank.digest",
        "includeBy": 1_795_090_000u64,
    });
    typed(
        book,
        "receipt",
        "Receipt",
        message.clone(),
        json!([seed("gateway")]),
    );
    let mut value = message;
    value["signature"] = "@receipt.signatures.0".into();
    book.add("receipt-file", "receiptFile", json!({ "value": value }));
    let complaint = json!({
        "version": "symbolon/v1", "entry": "@ballot-1-blank-entry.bytes", "receipt": value,
    });
    book.add(
        "complaint-file",
        "complaintFile",
        json!({ "value": complaint }),
    );
}

fn close(book: &mut Book) {
    let places = json!([
        "@device-0.ballotKey",
        "@device-1.ballotKey",
        "@device-2.ballotKey",
        "@device-3.ballotKey",
        null,
    ]);
    book.add("issued-list", "issuedList", json!({ "places": places }));
    let message = json!({
        "election": "@manifest.digest", "rollSize": super::opening::PLACES,
        "rollRoot": "@roll-tree.root", "issued": "@issued-list.sha256",
    });
    stated(book, "close", "Close", message);
    let inputs = json!({ "typedData": "@close.typedData", "signature": "@close.signatures.0" });
    book.add("signature-file", "signatureFile", inputs);
}
