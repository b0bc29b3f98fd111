//! Choices and ledger entries.

use serde_json::{Value, json};
use symbolon_election::{
    Cancelled, Certified, Close, ElectionId, Entry, IssuerRotation, Manifest, RollIndex,
    RollStatement, Selections, Shape, Signature, Statement, Typed, UnverifiedBallot, VoterId,
};

use super::{array, bytes, hex_of, list, number, text};

pub(super) fn choice(inputs: &Value) -> Value {
    let shape: Vec<u8> = list(&inputs["shape"])
        .flat_map(|question| ["options", "least", "most"].map(|name| small(&question[name])))
        .collect();
    let shape = Shape::parse(&shape).unwrap();
    let selections = list(&inputs["selections"]).map(|one| list(one).map(small).collect());
    let selections = Selections::new(selections.collect(), &shape).unwrap();
    json!({ "shape": hex_of(shape.encode()), "choice": hex_of(selections.encode()) })
}

fn small(value: &Value) -> u8 {
    u8::try_from(number(value)).unwrap()
}

fn signature(value: &Value) -> Signature {
    Signature::from_slice(&bytes(value)).unwrap()
}

pub(super) fn statement(inputs: &Value) -> Value {
    let abi = bytes(&inputs["abi"]);
    let statement = match text(&inputs["type"]) {
        "Manifest" => Statement::Manifest(Manifest::abi_decode(&abi).unwrap()),
        "RollStatement" => Statement::RollStatement(RollStatement::abi_decode(&abi).unwrap()),
        "IssuerRotation" => Statement::IssuerRotation(IssuerRotation::abi_decode(&abi).unwrap()),
        "Close" => Statement::Close(Close::abi_decode(&abi).unwrap()),
        "Certified" => Statement::Certified(Certified::abi_decode(&abi).unwrap()),
        "Cancelled" => Statement::Cancelled(Cancelled::abi_decode(&abi).unwrap()),
        other => panic!("{other} is no ledger entry"),
    };
    let signatures = list(&inputs["signatures"]).map(signature).collect();
    outputs(&Entry::from_statement(statement, signatures).unwrap())
}

pub(super) fn ballot(inputs: &Value) -> Value {
    outputs(&Entry::Ballot(UnverifiedBallot {
        election: ElectionId::new(array(&inputs["election"])),
        voter_id: VoterId::new(array(&inputs["voterId"])),
        roll_index: RollIndex(u32::try_from(number(&inputs["rollIndex"])).unwrap()),
        ballot_key: text(&inputs["ballotKey"]).parse().unwrap(),
        sequence: small(&inputs["sequence"]),
        choice: bytes(&inputs["choice"]),
        token_signature: signature(&inputs["tokenSignature"]),
        ballot_signature: signature(&inputs["ballotSignature"]),
    }))
}

fn outputs(entry: &Entry) -> Value {
    let encoded = entry.encode();
    assert_eq!(&Entry::decode(&encoded).unwrap(), entry);
    json!({ "bytes": hex_of(encoded), "hash": hex_of(entry.hash()) })
}
