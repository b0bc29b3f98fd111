//! A feed of our own making, out of the outputs of the golden file.

use serde_json::{Map, Value, json};

use crate::golden;

/// One accepted case of every kind and more, each with wrong variants.
pub(super) fn feed() -> Value {
    let golden = Golden::new();
    let mut cases = Vec::new();
    for (name, kind, inputs, bytes) in all(&golden) {
        variants(&mut cases, &name, kind, &inputs, &bytes);
    }
    json!({ "language": "rust", "cases": cases })
}

type Sample = (String, &'static str, Value, Value);

/// Outputs and inputs of the golden file's items, by name.
struct Golden(Map<String, Value>);

impl Golden {
    fn new() -> Self {
        let file: Value = serde_json::from_str(&golden::render()).unwrap();
        let items = file["items"].as_array().unwrap().iter();
        let by_name = items.map(|item| (item["name"].as_str().unwrap().to_owned(), item.clone()));
        Self(by_name.collect())
    }

    fn output(&self, item: &str, output: &str) -> Value {
        let found = &self.0[item]["outputs"][output];
        assert!(!found.is_null(), "{item}.{output}");
        found.clone()
    }

    fn text(&self, item: &str) -> Value {
        self.output(item, "text")
    }

    /// A text's bytes.
    fn file(&self, item: &str) -> Value {
        let text = self.text(item);
        format!("0x{}", hex::encode(text.as_str().unwrap())).into()
    }

    fn entry(&self, item: &str) -> Value {
        self.output(&format!("{item}-entry"), "bytes")
    }

    /// The inputs of everything in an election.
    fn papers(&self) -> Value {
        json!({ "trustFile": self.text("trust-file"), "manifest": self.entry("manifest") })
    }

    /// Whoever signed first: of two officers the one with the lower address.
    fn signer(&self, item: &str) -> Value {
        let address = |signer: &str| self.output(signer, "address");
        let ballot_key = |device: &str| self.output(device, "ballotKey");
        match item {
            "token-0" => address("issuer"),
            "receipt" => address("gateway"),
            "issue-request" | "ballot-0-first" => ballot_key("device-0"),
            _ => {
                let officers = ["officer-1", "officer-3"].map(address);
                officers
                    .into_iter()
                    .min_by_key(|officer| officer.as_str().unwrap().to_owned())
                    .unwrap()
            }
        }
    }

    fn first_signature(&self, item: &str) -> Value {
        self.0[item]["outputs"]["signatures"][0].clone()
    }
}

fn all(golden: &Golden) -> Vec<Sample> {
    let mut samples = Vec::new();
    signatures(golden, &mut samples);
    statements(golden, &mut samples);
    election(golden, &mut samples);
    log(golden, &mut samples);
    samples
}

fn signatures(golden: &Golden, samples: &mut Vec<Sample>) {
    for item in [
        "manifest",
        "roll-statement",
        "issue-request",
        "token-0",
        "ballot-0-first",
        "receipt",
        "issuer-rotation",
        "close",
        "certified",
        "cancelled",
        "proposal",
    ] {
        let (signer, signature) = (golden.signer(item), golden.first_signature(item));
        let inputs = json!({ "digest": golden.output(item, "digest"), "signer": signer });
        samples.push((
            format!("signature {item}"),
            "signature",
            inputs,
            signature.clone(),
        ));
        let inputs = json!({ "typedData": golden.output(item, "typedData"), "signer": signer });
        for (form, bytes) in wallet_forms(&signature) {
            let name = format!("typed data {item} {form}");
            samples.push((name, "typedData", inputs.clone(), bytes));
        }
    }
}

/// A signature of 64 bytes, and as wallets give it with v from 27 and from 0.
fn wallet_forms(signature: &Value) -> [(&'static str, Value); 3] {
    let signature: symbolon_election::Signature = signature.as_str().unwrap().parse().unwrap();
    let legacy = signature.to_rsv();
    let mut bare = legacy;
    bare[64] -= 27;
    [
        ("compact", signature.to_0x().into()),
        ("v 27", format!("0x{}", hex::encode(legacy)).into()),
        ("v 0", format!("0x{}", hex::encode(bare)).into()),
    ]
}

fn statements(golden: &Golden, samples: &mut Vec<Sample>) {
    for item in [
        "manifest",
        "roll-statement",
        "issuer-rotation",
        "close",
        "certified",
        "cancelled",
    ] {
        let mut inputs = golden.papers();
        if item == "manifest" {
            inputs = json!({ "trustFile": inputs["trustFile"] });
        }
        samples.push((
            format!("statement {item}"),
            "statement",
            inputs,
            golden.entry(item),
        ));
    }
}

fn election(golden: &Golden, samples: &mut Vec<Sample>) {
    let mut push = |kind, inputs, bytes| samples.push((format!("a {kind}"), kind, inputs, bytes));
    let inputs = json!({
        "hash": golden.output("content", "sha256"), "shape": golden.output("content", "shape"),
    });
    push("content", inputs, golden.file("content"));
    let mut inputs = golden.papers();
    inputs["close"] = golden.entry("close");
    push("issuedList", inputs, golden.output("issued-list", "bytes"));
    let inputs = json!({
        "domain": {
            "chainId": 0, "verifyingContract": golden.output("domain", "verifyingContract"),
        },
        "election": golden.output("manifest", "digest"),
        "requestSecret": golden.0["request-key"]["inputs"]["secret"],
        "ballotKey": golden.output("device-0", "ballotKey"),
        "deliveryKey": golden.output("device-0", "deliveryKey"),
    });
    push(
        "issueRequest",
        inputs,
        golden.output("sealed-request", "sealed"),
    );
    let mut inputs = golden.papers();
    inputs["bits"] = golden.0["device-0"]["inputs"]["bits"].clone();
    inputs["voterId"] = golden.output("voter-0", "tag");
    inputs["rollIndex"] = 0.into();
    push("token", inputs, golden.output("sealed-token", "sealed"));
    push("ballot", golden.papers(), golden.entry("ballot-1-blank"));
    let mut inputs = golden.papers();
    inputs["ballot"] = golden.entry("ballot-1-blank");
    push("receipt", inputs, golden.file("receipt-file"));
}

fn log(golden: &Golden, samples: &mut Vec<Sample>) {
    let mut push = |kind, inputs, bytes| samples.push((format!("a {kind}"), kind, inputs, bytes));
    let (root, size) = (golden.output("log", "root"), golden.output("log", "size"));
    let inputs =
        json!({ "ledgerKeys": golden.text("ledger-keys"), "size": size, "root": root.clone() });
    push("checkpoint", inputs, golden.file("checkpoint"));
    let inputs = json!({
        "entry": golden.entry("ballot-0-first"), "index": 3, "size": size, "root": root.clone(),
    });
    push("inclusion", inputs, joined(golden, "inclusion"));
    let inputs = json!({
        "from": 4, "to": size, "fromRoot": golden.output("log", "roots")["4"], "toRoot": root,
    });
    push("consistency", inputs, joined(golden, "consistency"));
}

/// The hashes of the log's first proof, one after the other.
fn joined(golden: &Golden, proofs: &str) -> Value {
    let proof = &golden.output("log", proofs)[0];
    let hashes = proof.as_array().unwrap().iter();
    let digits = hashes.map(|hash| hash.as_str().unwrap().strip_prefix("0x").unwrap());
    format!("0x{}", digits.collect::<String>()).into()
}

/// The case itself; the same with a byte changed at several places, a byte more and
/// two less; and with each input changed.
fn variants(cases: &mut Vec<Value>, name: &str, kind: &str, inputs: &Value, bytes: &Value) {
    let mut push = |tail: &str, inputs: &Value, bytes: String, expect: &str| {
        cases.push(json!({
            "name": format!("{name}{tail}"), "kind": kind, "inputs": inputs,
            "bytes": bytes, "expect": expect,
        }));
    };
    let text = bytes.as_str().unwrap();
    push("", inputs, text.to_owned(), "accept");
    for (tail, changed) in changed_bytes(text) {
        push(&format!("/{tail}"), inputs, changed, "refuse");
    }
    for (input, value) in inputs.as_object().unwrap() {
        let mut changed = inputs.clone();
        changed[input] = changed_input(value);
        push(&format!("/{input}"), &changed, text.to_owned(), "refuse");
    }
}

fn changed_bytes(text: &str) -> Vec<(String, String)> {
    let bytes = hex::decode(&text[2..]).unwrap();
    let mut changed: Vec<_> = (0..8)
        .map(|part| part * (bytes.len() - 1) / 7)
        .map(|at| {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            (format!("byte {at}"), changed)
        })
        .collect();
    // Not 0: that makes a wallet's signature of a compact one.
    changed.push(("longer".to_owned(), [&bytes[..], &[2]].concat()));
    changed.push(("shorter".to_owned(), bytes[..bytes.len() - 2].to_vec()));
    let to_0x = |(tail, bytes)| (tail, format!("0x{}", hex::encode(bytes)));
    changed.into_iter().map(to_0x).collect()
}

/// Another value of the same form: the last byte or a digit changed, or a number of one
/// more binary digit. A tree of one leaf more can have the same proof of the same root.
fn changed_input(value: &Value) -> Value {
    match value {
        Value::Number(number) => (2 * number.as_u64().unwrap() + 1).into(),
        Value::Object(members) => {
            let (last, value) = members.iter().next_back().unwrap();
            let mut changed = value.clone();
            changed = changed_input(&changed);
            let mut members = members.clone();
            members.insert(last.clone(), changed);
            members.into()
        }
        Value::String(text) => match text.strip_prefix("0x") {
            Some(digits) => {
                let mut bytes = hex::decode(digits).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                format!("0x{}", hex::encode(bytes)).into()
            }
            None => change_digit(text).into(),
        },
        other => panic!("{other} is no input"),
    }
}

/// A digit that stands between others changed: part of an address, a key or an ID.
fn change_digit(text: &str) -> String {
    let at = text
        .match_indices("0x")
        .last()
        .map_or_else(|| text.find('+').unwrap() + 1, |(at, _)| at + 9);
    let mut changed = text.as_bytes().to_vec();
    changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
    String::from_utf8(changed).unwrap()
}
