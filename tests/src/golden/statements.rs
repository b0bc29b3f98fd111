//! EIP-712 domains, structs, digests and signatures.

use serde_json::{Value, json};
use symbolon_election::{
    Ballot, Cancelled, Certified, Close, Domain, IssueRequest, IssuerRotation, Manifest, Proposal,
    Receipt, RollStatement, Signature, SignatureFile, Statement, Typed, Verdict, VotingToken,
    officers, typed_data,
};

use super::primitives::signing_key;
use super::{bytes, hex_of, list, number, text, text_file};

pub(super) fn domain(inputs: &Value) -> Value {
    let domain = match &inputs["origin"] {
        Value::String(origin) => Domain::for_log(origin),
        _ => read_domain(inputs),
    };
    json!({
        "chainId": domain.chain_id(),
        "verifyingContract": domain.verifying_contract().to_0x(),
        "separator": hex_of(domain.separator()),
    })
}

fn read_domain(value: &Value) -> Domain {
    let contract = text(&value["verifyingContract"]).parse().unwrap();
    Domain::new(number(&value["chainId"]), contract)
}

pub(super) fn typed(inputs: &Value) -> Value {
    match text(&inputs["type"]) {
        "Manifest" => of::<Manifest>(inputs),
        "RollStatement" => of::<RollStatement>(inputs),
        "IssueRequest" => of::<IssueRequest>(inputs),
        "VotingToken" => of::<VotingToken>(inputs),
        "Ballot" => of::<Ballot>(inputs),
        "Receipt" => of::<Receipt>(inputs),
        "IssuerRotation" => of::<IssuerRotation>(inputs),
        "Close" => of::<Close>(inputs),
        "Certified" => of::<Certified>(inputs),
        "Cancelled" => of::<Cancelled>(inputs),
        "Proposal" => of::<Proposal>(inputs),
        "Verdict" => of::<Verdict>(inputs),
        other => panic!("{other} is no struct of the protocol"),
    }
}

fn of<T: Typed>(inputs: &Value) -> Value {
    let typed = T::from_message(&inputs["message"]).unwrap();
    let domain = read_domain(&inputs["domain"]);
    let digest = typed.digest(&domain);
    let signatures: Vec<Signature> = list(&inputs["signers"])
        .map(|secret| signing_key(secret).sign(digest.as_bytes()))
        .collect();
    let signatures = officers::arrange(T::NAME, &digest, &signatures).unwrap();
    json!({
        "encodeType": T::encode_type(),
        "hashStruct": hex_of(typed.hash_struct()),
        "digest": hex_of(digest),
        "abi": hex_of(typed.abi_encode()),
        "typedData": String::from_utf8(typed_data::write(&typed, &domain)).unwrap(),
        "signatures": signatures.iter().map(Signature::to_0x).collect::<Vec<_>>(),
    })
}

pub(super) fn signature_file(inputs: &Value) -> Value {
    let typed_data = text(&inputs["typedData"]).as_bytes();
    let (statement, domain) = Statement::from_typed_data(typed_data).unwrap();
    let signature = Signature::from_slice(&bytes(&inputs["signature"])).unwrap();
    let file = SignatureFile::new(&statement, &domain, signature).unwrap();
    assert_eq!(file.verify(&statement, &domain).unwrap(), signature);
    text_file(&file.to_json())
}
