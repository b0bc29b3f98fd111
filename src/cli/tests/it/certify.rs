//! From a log's files to the statement that certifies the result.

use std::{fs, path::Path};

use symbolon_election::{
    Certified, Close, ElectionId, Entry, IssuedList, Issuers, RollIndex, RollRoot, RollStatement,
    Selections, Statement, TokenPlaintext, Typed, VerifiedManifest, VoterId, VotingToken, content,
};
use symbolon_ledger::layout;
use symbolon_tlog::{Checkpoint, Frontier, encode_bundle, leaf_hash};
use symbolon_voter::{DeviceSeed, Token, cast};

use crate::{
    city::{City, ORIGIN},
    world::World,
};

const PLACES: u8 = 3;

fn root(leaves: &[[u8; 32]]) -> RollRoot {
    let mut tree = Frontier::new();
    leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
    RollRoot::new(*tree.root().as_bytes())
}

fn manifest(city: &City) -> VerifiedManifest {
    let Entry::Manifest(unverified) = Entry::decode(&city.entry).unwrap() else {
        panic!("no manifest")
    };
    unverified.verify(&city.trust).unwrap()
}

/// The ballot of a place, and its ballot key.
fn ballot(city: &City, place: u8, choice: &[u8]) -> (Vec<u8>, symbolon_election::Address) {
    let election = city.election();
    let seed = DeviceSeed::new(symbolon_crypto::Secret::from_slice(&[place + 1; 16]).unwrap());
    let keys = seed.keys(&election).unwrap();
    let token = VotingToken {
        election,
        voter_id: VoterId::new([place; 32]),
        roll_index: RollIndex(place.into()),
        ballot_key: keys.ballot_key(),
    };
    let plaintext = TokenPlaintext {
        voter_id: token.voter_id,
        roll_index: token.roll_index,
        signature: city.issuer.sign(token.digest(city.domain()).as_bytes()),
    };
    let manifest = manifest(city);
    let token = Token::check(&keys, &manifest, &Issuers::new(&manifest), plaintext).unwrap();
    let choice = Selections::new(vec![choice.to_vec()], manifest.shape()).unwrap();
    let ballot = cast(
        &keys,
        &manifest,
        &token,
        &choice,
        0,
        manifest.manifest().opens,
    )
    .unwrap();
    (ballot.fields().to_entry(), keys.ballot_key())
}

/// Two of three people voted; the election is closed.
fn publish(city: &City, dir: &Path) {
    let election = city.election();
    let leaves: Vec<[u8; 32]> = (0..PLACES).map(|place| [place; 32]).collect();
    let roll = RollStatement {
        election,
        sequence: 0,
        size: PLACES.into(),
        root: root(&leaves),
    };
    let (first, first_key) = ballot(city, 0, &[1]);
    let (second, second_key) = ballot(city, 2, &[]);
    let issued = IssuedList::new(vec![Some(first_key), None, Some(second_key)]).unwrap();
    let close = Close {
        election,
        roll_size: roll.size,
        roll_root: roll.root,
        issued: issued.hash(),
    };
    let entries = [
        city.entry.clone(),
        city.signed(Statement::RollStatement(roll)),
        first,
        second,
        city.signed(Statement::Close(close)),
    ];
    let put = |path: String, bytes: &[u8]| {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    for file in [&city.content, &city.ledger_keys, &issued.encode()] {
        put(
            layout::content(content::content_hash(file).as_bytes()),
            file,
        );
    }
    put(
        layout::roll_leaves(&election.to_string(), 0, PLACES.into()),
        &leaves.concat(),
    );
    put(layout::entries(0, 5), &encode_bundle(&entries).unwrap());
    let mut tree = Frontier::new();
    let (opens, closes) = (city.manifest.opens, city.manifest.closes);
    for (entry, time) in
        entries
            .iter()
            .zip([opens - 9, opens - 9, opens + 1, opens + 1, closes + 1])
    {
        tree.push(leaf_hash(entry));
        let checkpoint = Checkpoint::new(ORIGIN, tree.size(), tree.root()).unwrap();
        let note = checkpoint.sign(&city.log, time).unwrap().to_text();
        put(layout::checkpoint(tree.size()), note.as_bytes());
        put(layout::CHECKPOINT.to_owned(), note.as_bytes());
    }
    put(
        layout::CHECKPOINT_SIZES.to_owned(),
        layout::checkpoint_sizes(&[1, 2, 3, 4, 5]).as_bytes(),
    );
}

fn world(since: u64) -> (World, City) {
    let now = symbolon_cli::clock::now();
    let city = City::new(now - since - 500, now - since);
    let world = World::new();
    world.write("trust.json", city.trust.to_json());
    publish(&city, &world.path("log"));
    (world, city)
}

fn prepare(world: &World, election: ElectionId) -> crate::world::Ran {
    world.line(&format!(
        "--json election prepare-certify {election} --source log --trust trust.json --out certifying"
    ))
}

#[test]
fn the_statement_names_the_ledger_s_head_and_the_recomputed_tally() {
    let (world, city) = world(300);
    prepare(&world, city.election()).fine();
    let (statement, _) =
        symbolon_cli::statements::read_statement(&world.path("certifying/certified.json")).unwrap();
    let Statement::Certified(Certified {
        ledger_size,
        tally_hash,
        ..
    }) = statement
    else {
        panic!("no Certified")
    };
    assert_eq!(ledger_size, 5);
    let tally =
        symbolon_election::Tally::parse(&fs::read(world.path("certifying/tally.json")).unwrap())
            .unwrap();
    assert_eq!(tally.hash(), tally_hash);
    assert_eq!((tally.counted, tally.questions[0].blank), (2, 1));
    assert_eq!(tally.questions[0].options, [1, 0]);
}

#[test]
fn nothing_is_certified_before_the_ledger_stops_taking_ballots() {
    let (world, city) = world(30);
    prepare(&world, city.election())
        .ends_with(1)
        .says("ledgers take ballots until");
}

#[test]
fn an_altered_entry_or_a_missing_file_is_never_certified() {
    let (world, city) = world(300);
    let bundle = world.path(&format!("log/{}", layout::entries(0, 5)));
    let good = fs::read(&bundle).unwrap();
    for at in (3..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&bundle, bad).unwrap();
        assert_ne!(prepare(&world, city.election()).code(), 0, "byte {at}");
    }
    fs::write(&bundle, good).unwrap();
    prepare(&world, city.election()).fine();
    let roll = layout::roll_leaves(&city.election().to_string(), 0, PLACES.into());
    fs::remove_file(world.path(&format!("log/{roll}"))).unwrap();
    prepare(&world, city.election())
        .ends_with(1)
        .says("not verified");
    assert_ne!(prepare(&world, ElectionId::new([1; 32])).code(), 0);
}
