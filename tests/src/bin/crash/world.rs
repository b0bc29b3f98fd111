//! A city with an open election, and everything that callers of its daemons share.

use std::{
    fs,
    path::Path,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use symbolon_crypto::random;
use symbolon_election::{Entry, TrustFile, VerifiedManifest};
use symbolon_service::{
    client::{Profile, connect_lazy},
    clock::unix_now,
};
use symbolon_tests::house::{House, attributes};
use symbolon_voter::DeviceSeed;
use tonic::transport::Channel;

use crate::{
    book::{Book, RegistrationId},
    flight::Flight,
    process::{Process, Which},
};

/// Ballots of a place.
const BALLOTS: u8 = 8;
/// Voters who ask for a token, and who are added to the electorate, between two kills.
pub(crate) const VOTERS_A_ROUND: u64 = 90;
/// How long the ledger takes ballots after the gateway stopped to, in seconds.
pub(crate) const GRACE: u64 = 6;
/// The electorate that people are added to.
pub(crate) const ELECTORATE: &str = "north";
/// The first person who isn't on the roll.
const STRANGERS: u64 = 1_000_000;

/// One who may vote.
pub(crate) struct Voter {
    pub(crate) id: RegistrationId,
    pub(crate) seed: DeviceSeed,
}

pub(crate) struct World {
    pub(crate) house: House,
    pub(crate) election: String,
    pub(crate) manifest: VerifiedManifest,
    pub(crate) voters: Vec<Voter>,
    vault: Flight,
    gateway: Flight,
    book: Mutex<Book>,
    ended: AtomicBool,
    people: AtomicU64,
    next_voter: AtomicU64,
    next_member: AtomicU64,
}

impl World {
    /// Founds the city, enrols `voters` people, and opens an election for `seconds`. Both daemons
    /// run then.
    pub(crate) fn found(voters: u64, seconds: u64) -> (Self, Process, Process) {
        let house = House::build();
        let receipts = house.init_gateway();
        let vault = Process::serve(Which::Vault, &house, None).unwrap();
        let gateway = Process::serve(Which::Gateway, &house, None).unwrap();
        let ids = enrol(&house, voters);
        house.symbolon("portal-main", &["electorate", "create", ELECTORATE]);
        let (election, manifest) = open_election(&house, &receipts, seconds);
        let seeds = std::iter::repeat_with(|| DeviceSeed::random(&mut random::os()));
        let voters = ids.into_iter().zip(seeds);
        let world = Self {
            house,
            election,
            manifest,
            voters: voters.map(|(id, seed)| Voter { id, seed }).collect(),
            vault: Flight::default(),
            gateway: Flight::default(),
            book: Mutex::default(),
            ended: AtomicBool::new(false),
            people: AtomicU64::new(STRANGERS),
            next_voter: AtomicU64::new(0),
            next_member: AtomicU64::new(0),
        };
        (world, vault, gateway)
    }

    pub(crate) fn flight(&self, which: Which) -> &Flight {
        match which {
            Which::Vault => &self.vault,
            Which::Gateway => &self.gateway,
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// Tells the callers to come to an end.
    pub(crate) fn end(&self, ended: bool) {
        self.ended.store(ended, Ordering::SeqCst);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Whether the gateway will take ballots for a while.
    pub(crate) fn is_open(&self) -> bool {
        unix_now() + 2 < self.manifest.manifest().closes
    }

    /// Somebody whom nobody has registered.
    pub(crate) fn new_person(&self) -> u64 {
        self.people.fetch_add(1, Ordering::SeqCst)
    }

    /// A voter who has not asked for a token.
    pub(crate) fn new_voter(&self) -> Option<usize> {
        self.take(&self.next_voter, 1).map(|voter| voter as usize)
    }

    /// Three voters whom nobody has added to the electorate.
    pub(crate) fn new_members(&self) -> Option<[u64; 3]> {
        let first = self.take(&self.next_member, 3)?;
        Some([first, first + 1, first + 2])
    }

    /// The next of the voters that this round of the vault may use: some are left for each.
    fn take(&self, next: &AtomicU64, count: u64) -> Option<u64> {
        let shares = self.vault.life() as u64 + 1;
        let end = (shares * VOTERS_A_ROUND).min(self.voters.len() as u64);
        let more = |next| (next + count <= end).then_some(next + count);
        next.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
            .ok()
    }

    /// The next number of a voter's ballots.
    pub(crate) fn new_sequence(&self, voter: usize) -> Option<u8> {
        let mut book = self.book();
        let next = book.sequences.entry(voter).or_insert(0);
        let sequence = *next;
        *next = BALLOTS.min(sequence + 1);
        (sequence < BALLOTS).then_some(sequence)
    }

    /// A connection to the vault under a profile.
    pub(crate) fn vault_channel(&self, profile: &str) -> Channel {
        let path = self.house.path(&format!("pki/{profile}.toml"));
        connect_lazy(&Profile::load(Path::new(&path)).unwrap()).unwrap()
    }

    /// A connection to the gateway.
    pub(crate) fn gateway_channel(&self) -> Channel {
        let profile = Profile {
            endpoint: self.house.gateway_url(),
            server_name: None,
            ca: None,
            certificate: None,
            key: None,
        };
        connect_lazy(&profile).unwrap()
    }
}

/// Registers the voters by the stream; their registration IDs.
pub(crate) fn enrol(house: &House, voters: u64) -> Vec<RegistrationId> {
    let columns = ["family_name", "given_name", "birth_date", "document"];
    let mut rows = columns.join(",");
    for person in 0..voters {
        let attributes = attributes(person);
        let row = columns.map(|column| attributes[column].as_str()).join(",");
        rows.push_str(&format!("\n{row}"));
    }
    house.write("people.csv", &(rows + "\n"));
    let (people, ids) = (house.path("people.csv"), house.path("ids.csv"));
    house.symbolon(
        "portal-main",
        &["people", "register", &people, "--out", &ids],
    );
    let text = fs::read_to_string(ids).unwrap();
    let mut found: Vec<(u64, RegistrationId)> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.split(',');
            let number = cells.next()?.parse().ok()?;
            Some((number, hex::decode(cells.next()?).unwrap()))
        })
        .collect();
    found.sort();
    assert_eq!(found.len() as u64, voters, "everybody is registered");
    found.into_iter().map(|(_, id)| id).collect()
}

fn open_election(house: &House, receipts: &str, seconds: u64) -> (String, VerifiedManifest) {
    house.write("content.json", &content().to_string());
    let (opens, closes) = (
        (unix_now() - 1).to_string(),
        (unix_now() + seconds).to_string(),
    );
    let (grace, ballots) = (format!("{GRACE}s"), BALLOTS.to_string());
    let (contents, keys) = (house.path("content.json"), house.path("ledger-keys.json"));
    let (trust, draft) = (house.path("trust.json"), house.path("draft"));
    let options = [
        ("--content", contents.as_str()),
        ("--ledger-keys", &keys),
        ("--opens", &opens),
        ("--closes", &closes),
        ("--grace", &grace),
        ("--max-ballots", &ballots),
        ("--ballot-batch-min", "1"),
        ("--gateway", receipts),
        ("--trust", &trust),
        ("--out", &draft),
    ];
    let mut args = vec!["election", "draft", "--everybody"];
    args.extend(options.iter().flat_map(|(name, value)| [*name, *value]));
    let drafted = house.symbolon("organiser-main", &args);
    house.sign(&[
        &house.path("draft/manifest.json"),
        &house.path("draft/roll-statement.json"),
    ]);
    house.symbolon("organiser-main", &["election", "open", &draft]);
    let election = drafted["election"].as_str().unwrap();
    let election = election.trim_start_matches("0x").to_owned();
    let manifest = paper(house, &election);
    (election, manifest)
}

/// The manifest, once the gateway offers it.
fn paper(house: &House, election: &str) -> VerifiedManifest {
    let (trust, papers) = (house.path("trust.json"), house.path("papers"));
    let paper = Path::new(&papers).join(format!("{election}.json"));
    let url = house.gateway_url();
    let args = [
        "vote",
        "elections",
        "--trust",
        &trust,
        "--gateway",
        &url,
        "--save",
        &papers,
    ];
    let waited = Instant::now();
    while !paper.exists() {
        assert!(waited.elapsed() < Duration::from_secs(20), "not offered");
        thread::sleep(Duration::from_millis(300));
        house.symbolon("portal-main", &args);
    }
    let paper: Value = serde_json::from_slice(&fs::read(paper).unwrap()).unwrap();
    let manifest = paper["manifest"].as_str().unwrap();
    let bytes = hex::decode(manifest.trim_start_matches("0x")).unwrap();
    let trust = TrustFile::parse(&fs::read(trust).unwrap()).unwrap();
    match Entry::decode(&bytes).unwrap() {
        Entry::Manifest(manifest) => manifest.verify(&trust).unwrap(),
        _ => panic!("no manifest"),
    }
}

fn content() -> Value {
    let text = |text: &str| json!({ "en": text });
    json!({
        "version": "symbolon/v1",
        "title": text("A poll"),
        "text": text("Two questions."),
        "questions": [
            { "title": text("A bench?"), "text": text("A bench in the park?"),
              "options": [text("yes"), text("no")], "least": 0, "most": 1 },
            { "title": text("Which trees?"), "text": text("Up to two."),
              "options": [text("oak"), text("lime"), text("birch")], "least": 1, "most": 2 },
        ],
    })
}
