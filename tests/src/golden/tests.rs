use std::collections::BTreeSet;

use symbolon_election::{Issuers, TrustFile};
use symbolon_voter::DeviceSeed;

use super::script::Script;
use super::*;

const FILE: &str = include_str!("../../golden/golden.json");

fn book() -> Book {
    let mut book = Book::default();
    items::all(&mut book);
    book
}

#[test]
fn the_golden_file_is_what_its_items_give() {
    let same = render() == FILE;
    assert!(
        same,
        "run: cargo run --release -p symbolon-tests --bin golden"
    );
}

#[test]
fn every_kind_has_an_item_and_stands_in_the_readme() {
    let readme = include_str!("../../golden/README.md");
    let book = book();
    let used: BTreeSet<_> = book.items.iter().map(|item| text(&item["kind"])).collect();
    assert_eq!(used, kinds().collect());
    for kind in kinds() {
        assert!(readme.contains(&format!("`{kind}`")), "{kind}");
    }
}

/// What devices do gives the bytes of the sealed items.
#[test]
fn a_device_asks_opens_and_casts_as_the_items_say() {
    let book = book();
    let at = |path: &str| book.look_up(path);
    let trust = TrustFile::parse(text(&at("trust-file.text")).as_bytes()).unwrap();
    let entry = symbolon_election::Entry::decode(&bytes(&at("manifest-entry.bytes"))).unwrap();
    let symbolon_election::Entry::Manifest(manifest) = entry else {
        panic!("it is a manifest")
    };
    let manifest = manifest.verify(&trust).unwrap();
    let opens = manifest.manifest().opens;
    let bits = &array::<32>(&seed("device 0"))[..16];
    let seed_of_device = DeviceSeed::new(symbolon_crypto::Secret::from_slice(bits).unwrap());
    let keys = seed_of_device.keys(&manifest.election()).unwrap();

    let mut ephemeral = Script::new([bytes(&seed("request ephemeral"))]);
    let sealed = symbolon_voter::request(&keys, &manifest, opens, &mut ephemeral).unwrap();
    assert_eq!(hex_of(sealed), at("sealed-request.sealed"));

    let issuers = Issuers::new(&manifest);
    let sealed = bytes(&at("sealed-token.sealed"));
    let token = symbolon_voter::open_token(&keys, &manifest, &issuers, &sealed).unwrap();
    let selections = vec![vec![1], vec![1]];
    let selections = symbolon_election::Selections::new(selections, manifest.shape()).unwrap();
    let ballot = symbolon_voter::cast(&keys, &manifest, &token, &selections, 0, opens).unwrap();
    assert_eq!(
        hex_of(ballot.fields().to_entry()),
        at("ballot-0-first-entry.bytes")
    );
}
