//! JSON files, issued lists, and the tally of a ledger.

use serde_json::{Value, json};
use symbolon_election::standings::Extent;
use symbolon_election::tally::Range;
use symbolon_election::{
    BallotKey, Complaint, Content, Entry, Exclusion, IssuedList, LedgerKeys, SignedReceipt,
    Standings, TrustFile,
};

use super::{bytes, hex_of, list, number, text, text_file};

pub(super) fn trust(inputs: &Value) -> Value {
    text_file(&TrustFile::parse(&raw(inputs)).unwrap().to_json())
}

pub(super) fn ledger_keys(inputs: &Value) -> Value {
    text_file(&LedgerKeys::parse(&raw(inputs)).unwrap().to_json())
}

pub(super) fn content(inputs: &Value) -> Value {
    let content = Content::parse(&raw(inputs)).unwrap();
    let mut outputs = text_file(&content.to_json());
    outputs["shape"] = hex_of(content.shape().encode());
    outputs
}

pub(super) fn receipt(inputs: &Value) -> Value {
    text_file(&SignedReceipt::parse(&raw(inputs)).unwrap().to_json())
}

pub(super) fn complaint(inputs: &Value) -> Value {
    text_file(&Complaint::parse(&raw(inputs)).unwrap().to_json())
}

fn raw(inputs: &Value) -> Vec<u8> {
    serde_json::to_vec(&inputs["value"]).unwrap()
}

pub(super) fn issued_list(inputs: &Value) -> Value {
    let list = issued(&inputs["places"]);
    assert_eq!(IssuedList::parse(&list.encode()).unwrap(), list);
    json!({ "bytes": hex_of(list.encode()), "sha256": hex_of(list.hash()) })
}

fn issued(places: &Value) -> IssuedList {
    let key = |place: &Value| place.as_str().map(|key| key.parse::<BallotKey>().unwrap());
    IssuedList::new(list(places).map(key).collect()).unwrap()
}

pub(super) fn tally(inputs: &Value) -> Value {
    let trust = TrustFile::parse(text(&inputs["trustFile"]).as_bytes()).unwrap();
    let entries: Vec<Entry> = list(&inputs["entries"])
        .map(|entry| Entry::decode(&bytes(entry)).unwrap())
        .collect();
    let [first, end] = ["first", "end"].map(|name| number(&inputs["range"][name]));
    let Entry::Manifest(manifest) = &entries[0] else {
        panic!("the first entry is the manifest")
    };
    let manifest = manifest.clone().verify(&trust).unwrap();
    let mut standings = Standings::new(manifest.election(), manifest.shape());
    for (at, entry) in (0..).zip(&entries) {
        let Entry::Ballot(ballot) = entry else {
            continue;
        };
        match at {
            at if at < first => standings.exclude(Exclusion::Early),
            at if at >= end => standings.exclude(Exclusion::Late),
            at => standings.offer(at, &ballot.clone().verify(&manifest).unwrap()),
        }
    }
    let issued = issued(&inputs["issued"]);
    let extent = Extent {
        ledger_size: entries.len() as u64,
        range: Range { first, end },
        roll_size: issued.places(),
    };
    text_file(&standings.tally(extent, Some(&issued)).to_json())
}
