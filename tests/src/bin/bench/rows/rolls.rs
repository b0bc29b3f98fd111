//! Rolls: made at opening, one and many at once, beside the parts that they are made of.

use std::{fs, path::Path, time::Instant};

use rayon::prelude::*;
use symbolon_api_closed::admin::{
    DraftElectionRequest, GetTrustFileRequest, draft_election_request::Entitled,
    elections_client::ElectionsClient,
};
use symbolon_crypto::{
    Secret, aead::AeadKey, ecdsa::SigningKey, kdf::KdfKey, labels, mac::MacKey, random,
};
use symbolon_election::{Content, LocalizedText, Question};
use symbolon_service::{client::connect_lazy, clock::unix_now};
use symbolon_store::{KeyRange, LocalStore, Options, Store};
use symbolon_tests::house::Plan;
use symbolon_tlog::{Frontier, leaf_hash};
use symbolon_vault::config::VaultConfig;

use crate::{
    city::City,
    process, profile,
    row::{Aim, Bench, Series},
};

/// The table of people's records.
const RECORDS: u8 = b'R';
/// Rows of a page, as the vault reads them.
const PAGE: usize = 512;
/// Different sealed records: they are opened over and over.
const SEALED: usize = 1 << 14;
/// Bytes of a record with two match keys.
const RECORD: usize = 180;
/// Leaves whose subtree one thread makes.
const SUBTREE: usize = 1 << 14;
const AIM: Aim = Aim::AtLeast(0.6);

/// Seconds of each part, for everybody.
struct Parts {
    /// HKDF and AES-GCM, each record once.
    open: f64,
    /// HMAC, sort and tree of one roll.
    make: f64,
    /// The store's own scan.
    scan: f64,
}

pub(crate) fn run(bench: &mut Bench) {
    let (people, polls) = bench.size((2_000_000, 50), (20_000, 10));
    let mut city = City::found(Plan {
        concurrent_calls: 64,
        cache_mib: 512,
        ..Plan::default()
    });
    city.fill(people as u64, 1);
    let names = [
        format!("a roll of {people} made at opening"),
        format!("{polls} polls opened at once over {people} people"),
    ];
    let besides = [
        "the slower of HKDF, open, HMAC, sort and tree on all cores and the store's scan",
        "the slower of HKDF and open, HMAC, sort and tree for each on all cores and the store's scan",
    ];
    let [mut one, mut many] =
        [0, 1].map(|at| Series::new(names[at].clone(), "places/s", besides[at], AIM));
    one.note("people filled in below the stretch; store and vault just opened");
    many.note("the reference opens each record once");
    for _ in 0..bench.size(3, 2) {
        city.stop();
        let parts = Parts::measure(&city, people);
        let rate = |polls: usize, seconds: f64| (polls * people) as f64 / seconds;
        city.restart();
        let opened = |polls: usize, series: &mut Series| {
            let opening = || rate(polls, draft(&city, polls));
            let name = format!("rolls, {polls}");
            let places = profile::during(&name, opening, |places| *places);
            series.push(places, rate(polls, parts.slower(polls)));
        };
        opened(1, &mut one);
        opened(polls, &mut many);
        one.note(parts.words());
    }
    let peak = process::peak_mib(city.vault());
    many.note(format!("peak memory of the vault: {peak:.0} MiB"));
    bench.row(one);
    bench.row(many);
}

/// Seconds until all of so many drafts are answered.
fn draft(city: &City, polls: usize) -> f64 {
    let profile = city.profile("organiser-main");
    let request = request(city);
    city.runtime.block_on(async {
        let client = ElectionsClient::new(connect_lazy(&profile).unwrap());
        let mut other = client.clone();
        // The connection stands before the time counts.
        other.get_trust_file(GetTrustFileRequest {}).await.unwrap();
        let begun = Instant::now();
        let drafts = (0..polls).map(|_| {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.draft_election(request).await.unwrap() }
        });
        futures_util::future::join_all(drafts).await;
        begun.elapsed().as_secs_f64()
    })
}

fn request(city: &City) -> DraftElectionRequest {
    let plain = |text| LocalizedText::new("en", text);
    let question = Question {
        title: plain("Which?"),
        text: plain("Which one?"),
        options: vec![plain("a"), plain("b")],
        least: 0,
        most: 1,
    };
    let content = Content::new(plain("A poll"), plain("What?"), vec![question]).unwrap();
    let now = unix_now();
    DraftElectionRequest {
        content: content.to_json(),
        ledger_keys: fs::read(city.house.path("ledger-keys.json")).unwrap(),
        opens: now,
        closes: now + 86_400,
        grace: 60,
        forget_after: now + 10 * 86_400,
        max_ballots: 1,
        ballot_batch_min: 1,
        gateways: vec![
            SigningKey::random(&mut random::os())
                .address()
                .as_bytes()
                .to_vec(),
        ],
        entitled: Some(Entitled::Everybody(true)),
        ..Default::default()
    }
}

impl Parts {
    fn measure(city: &City, people: usize) -> Self {
        let (open, make) = (open_all(people), make_one(people));
        let scan = city.runtime.block_on(scan(city, people));
        Self { open, make, scan }
    }

    fn slower(&self, polls: usize) -> f64 {
        self.scan.max(self.open + polls as f64 * self.make)
    }

    fn words(&self) -> String {
        let Self { open, make, scan } = self;
        format!("HKDF and open {open:.2} s, HMAC, sort and tree {make:.2} s, scan {scan:.2} s")
    }
}

/// HKDF and AES-GCM of so many records, on all cores.
fn open_all(people: usize) -> f64 {
    let kdf = KdfKey::new(&[3; 32]);
    let record_key =
        |own: &[u8; 32]| AeadKey::new(&kdf.derive(labels::RECORD_KEY, &[own.as_slice()]));
    let sealed: Vec<([u8; 32], Vec<u8>)> = (0..SEALED)
        .map(|_| {
            let own = random::bytes(&mut random::os());
            let body = record_key(&own).seal(&[1; 96], &[2; RECORD], &mut random::os());
            (own, body)
        })
        .collect();
    let begun = Instant::now();
    (0..people).into_par_iter().for_each(|n| {
        let (own, body) = &sealed[n % SEALED];
        std::hint::black_box(record_key(own).open(&[1; 96], body).unwrap());
    });
    begun.elapsed().as_secs_f64()
}

/// HMAC, sort and tree of one roll, on all cores.
fn make_one(people: usize) -> f64 {
    let domain = MacKey::new(&Secret::random(&mut random::os()));
    let begun = Instant::now();
    let numbers = (0..people).into_par_iter();
    let voter = |n: usize| {
        let mut root = [0; 32];
        root[..8].copy_from_slice(&n.to_be_bytes());
        domain.tag(labels::PSEUDONYM, &[&root]).declassify()
    };
    let mut leaves: Vec<[u8; 32]> = numbers.map(voter).collect();
    leaves.par_sort_unstable();
    let subtrees: Vec<_> = leaves.par_chunks(SUBTREE).map(subtree).collect();
    let mut tree = Frontier::new();
    subtrees.into_iter().for_each(|root| tree.push(root));
    std::hint::black_box(tree.root());
    begun.elapsed().as_secs_f64()
}

fn subtree(leaves: &[[u8; 32]]) -> symbolon_tlog::Hash {
    let mut tree = Frontier::new();
    leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
    tree.root()
}

/// The store's own scan over all records, a page after the other.
async fn scan(city: &City, people: usize) -> f64 {
    let config = VaultConfig::read(Path::new(&city.house.path("vault.toml"))).unwrap();
    let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
    let store = LocalStore::open(options.cache(config.cache_bytes())).unwrap();
    let begun = Instant::now();
    let (mut range, mut seen) = (KeyRange::table(RECORDS), 0);
    loop {
        let rows = store.scan(range, PAGE).await.unwrap();
        seen += rows.len();
        match rows.last() {
            Some(last) if rows.len() == PAGE => {
                range = KeyRange::table(RECORDS).after(last.key.clone());
            }
            _ => break,
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(seen, people);
    store.close().await.unwrap();
    seconds
}
