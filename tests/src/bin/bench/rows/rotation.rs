//! Rotation of the keys that rows lie under: alone, and while calls of every kind go on; of token and
//! audit keys while they go on.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rayon::prelude::*;
use symbolon_api_closed::registration::{
    RegisterPersonRequest, registration_client::RegistrationClient,
};
use symbolon_api_public::validation::ValidateTokenRequest;
use symbolon_crypto::{Secret, aead::AeadKey, kdf::KdfKey, labels, mac::MacKey, random};
use symbolon_service::client::connect_lazy;
use symbolon_store::{Change, Key, Store};
use symbolon_tests::house::Plan;

use super::{
    growth::{few_in_flight, register},
    tokens::{issue_token, validate_token},
};
use crate::{
    city::{City, person},
    commits,
    load::{Load, Measured, Until},
    row::{Aim, Bench, Series},
};

/// People who are registered through the front door; their IDs are kept and compared.
const KNOWN: u64 = 2_000;
/// What an idle vault is to reach of the slower of its parts.
const IDLE: Aim = Aim::AtLeast(0.5);
/// The share of the time that a rotation works beside a load, in percent.
const SHARE: &str = "25";
/// How often token and audit key get a successor beside a load.
const ROTATIONS: usize = 3;

pub(crate) fn run(bench: &mut Bench) {
    let people = bench.size(1_000_000, 20_000);
    let mut city = City::found(Plan {
        concurrent_calls: 64,
        cache_mib: 512,
        people_per_day: 1_000_000,
        ..Plan::default()
    });
    let load = Load::usual(city.profile("portal-main"), Until::Calls(KNOWN));
    few_in_flight(&load).run(city.vault(), |channel| register(channel, 0, None));
    let ids = ids(&city);
    city.fill(people as u64, bench.size(20_000, 2_000));
    for (key, raw) in [
        ("index", Raw::index(people)),
        ("sealing", Raw::sealing(people)),
    ] {
        let name = format!("rotating the {key} key of {people} people, idle");
        let beside =
            "the slower of the raw cryptography on all cores and the store's own group commits";
        let mut row = Series::new(name, "people/s", beside, IDLE);
        row.note(raw.words());
        row.note("people filled in below the stretch");
        decide(&city, key, "100");
        let begun = Instant::now();
        end(&city);
        row.push(
            people as f64 / begun.elapsed().as_secs_f64(),
            people as f64 / raw.slower(),
        );
        assert!(ids == self::ids(&city), "an ID changed");
        bench.row(row);
    }
    beside_a_load(bench, &mut city, people);
    assert!(ids == self::ids(&city), "an ID changed");
}

/// Issuance alone, then beside a rotation; then calls of every kind beside it, none of which may
/// fail: that ends the row.
fn beside_a_load(bench: &mut Bench, city: &mut City, people: usize) {
    let manifest = city.open_election();
    let asking = Arc::new(city.voters(manifest, &city.some));
    let tokens: Arc<[OnceLock<Vec<u8>>]> =
        asking.requests.iter().map(|_| OnceLock::new()).collect();
    let (portal, gateway) = (city.profile("portal-main"), city.profile("gateway-main"));
    let first = Until::Calls(asking.requests.len() as u64);
    Load::usual(portal.clone(), first).run(city.vault(), |channel| {
        issue_token(channel, Arc::clone(&asking), Some(Arc::clone(&tokens)))
    });
    let validations = (0..asking.requests.len())
        .map(|voter| asking.validation(voter, tokens[voter].get().unwrap()));
    let validations: Arc<[_]> = validations.collect();
    let time = Until::Time(Duration::from_secs(bench.size(10, 2)));
    let (portal, gateway) = (Load::usual(portal, time), Load::usual(gateway, time));
    let issue = || -> Measured {
        portal.run(city.vault(), |channel| {
            issue_token(channel, Arc::clone(&asking), None)
        })
    };
    let beside = "the same without a rotation";
    let about = format!("while the sealing key of {people} people rotates, a quarter of the time");
    let mut rate = Series::new(
        format!("IssueToken again {about}"),
        "calls/s",
        beside,
        Aim::AtLeast(0.7),
    );
    let mut tail = Series::new(
        format!("IssueToken again, p99, {about}"),
        "ms",
        beside,
        Aim::AtMost(2.0),
    );
    let quiet: Vec<Measured> = (0..bench.repetitions()).map(|_| issue()).collect();
    decide(city, "sealing", SHARE);
    for quiet in &quiet {
        let beside = issue();
        rate.push(beside.rate(), quiet.rate());
        tail.push(beside.quantile(0.99), quiet.quantile(0.99));
    }
    rate.note(match is_under_way(city) {
        true => "it was under way all the time",
        false => "it ended before the last repetition",
    });
    bench.row(rate);
    bench.row(tail);
    end(city);
    decide(city, "index", SHARE);
    thread::scope(|scope| {
        scope.spawn(issue);
        scope.spawn(|| {
            gateway.run(city.vault(), |channel| {
                validate_token(channel, Arc::clone(&validations))
            })
        });
        let known = few_in_flight(&portal);
        known.run(city.vault(), |channel| register(channel, 0, Some(KNOWN)));
    });
    end(city);
    // Tokens from before it are good.
    let validate = |asked: &Arc<[ValidateTokenRequest]>| {
        gateway.run(city.vault(), |channel| {
            validate_token(channel, Arc::clone(asked))
        })
    };
    validate(&validations);
    let rotated = AtomicBool::new(false);
    let meanwhile = |calls: &dyn Fn()| {
        while !rotated.load(Ordering::SeqCst) {
            calls();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| meanwhile(&|| drop(issue())));
        scope.spawn(|| meanwhile(&|| drop(validate(&validations))));
        scope.spawn(|| {
            let known = few_in_flight(&portal);
            meanwhile(&|| {
                known.run(city.vault(), |channel| register(channel, 0, Some(KNOWN)));
            });
        });
        let _ends_them = Ends(&rotated);
        for _ in 0..ROTATIONS {
            city.rotate_issuer(&asking.manifest);
            decide(city, "audit", "100");
            end(city);
        }
    });
    // Everybody gets the same issuance again, by the key that signs now; both are good.
    let again: Arc<[OnceLock<Vec<u8>>]> = asking.requests.iter().map(|_| OnceLock::new()).collect();
    let everybody = Load::usual(city.profile("portal-main"), first);
    everybody.run(city.vault(), |channel| {
        issue_token(channel, Arc::clone(&asking), Some(Arc::clone(&again)))
    });
    let issuers = city.issuers(&asking.manifest);
    assert_eq!(issuers.all().len(), 1 + ROTATIONS);
    let renewed = (0..asking.requests.len())
        .map(|voter| asking.validation_by(&issuers, voter, again[voter].get().unwrap()));
    let renewed: Arc<[_]> = renewed.collect();
    for (before, after) in validations.iter().zip(renewed.iter()) {
        let same = ValidateTokenRequest {
            signature: before.signature.clone(),
            ..after.clone()
        };
        assert!(same == *before && after.signature != before.signature);
    }
    validate(&validations);
    validate(&renewed);
}

/// Says that something has ended, well or not.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Two officers decide to rotate a key.
fn decide(city: &City, key: &str, share: &str) {
    city.house.decide(&["rotate-key", key, "--share", share]);
}

/// Waits for the end of a rotation.
fn end(city: &City) {
    city.house.symbolon("officer-one", &["keys", "watch"]);
}

fn is_under_way(city: &City) -> bool {
    let keys = city.house.symbolon("officer-one", &["keys", "list"]);
    let keys = keys["keys"].as_array().unwrap();
    keys.iter().any(|key| key["state"] == "retiring")
}

/// The registration IDs of those who are known, as their portal is told.
fn ids(city: &City) -> Vec<Vec<u8>> {
    let profile = city.profile("portal-main");
    city.runtime.block_on(async {
        let mut client = RegistrationClient::new(connect_lazy(&profile).unwrap());
        let mut ids = Vec::new();
        for number in 0..KNOWN {
            let person = Some(person(number));
            let answer = client
                .register_person(RegisterPersonRequest { person })
                .await;
            ids.push(answer.unwrap().into_inner().registration_id);
        }
        ids
    })
}

/// Seconds of the parts of a rotation, for everybody.
struct Raw {
    crypto: f64,
    store: f64,
}

impl Raw {
    /// Open; three HMACs of index rows and one of a registration ID. Three rows put, then removed.
    fn index(people: usize) -> Self {
        let (kdf, index) = (
            KdfKey::new(&[3; 32]),
            MacKey::new(&Secret::random(&mut random::os())),
        );
        let body = record_key(&kdf).seal(&[1; 96], &[2; 180], &mut random::os());
        let crypto = on_all_cores(people, |n| {
            std::hint::black_box(record_key(&kdf).open(&[1; 96], &body).unwrap());
            for field in 0..4_u8 {
                let tag = index.tag(labels::BLIND_INDEX, &[&n.to_be_bytes(), &[field]]);
                std::hint::black_box(tag.declassify());
            }
        });
        let rows = |n: usize| (0..3).map(move |row| key(b'I', n, row));
        let put = |n, change| {
            rows(n).fold(change, |change: Change, key| {
                change.absent(key.clone()).put(key, vec![0; 16])
            })
        };
        let remove = |n, change| rows(n).fold(change, Change::delete);
        let store = in_groups(people, record, put) + in_groups(people, put, remove);
        Self { crypto, store }
    }

    /// Open and seal. One row put over another.
    fn sealing(people: usize) -> Self {
        let kdf = KdfKey::new(&[3; 32]);
        let body = record_key(&kdf).seal(&[1; 96], &[2; 180], &mut random::os());
        let crypto = on_all_cores(people, |_| {
            let opened = record_key(&kdf).open(&[1; 96], &body).unwrap();
            let sealed = record_key(&kdf).seal(&[1; 96], opened.expose(), &mut random::os());
            std::hint::black_box(sealed);
        });
        let store = in_groups(people, record, record);
        Self { crypto, store }
    }

    fn slower(&self) -> f64 {
        self.crypto.max(self.store)
    }

    fn words(&self) -> String {
        let Self { crypto, store } = self;
        format!("raw cryptography {crypto:.2} s, the store's commits {store:.2} s")
    }
}

fn record_key(kdf: &KdfKey) -> AeadKey {
    AeadKey::new(&kdf.derive(labels::RECORD_KEY, &[&[7; 32]]))
}

fn on_all_cores(people: usize, work: impl Fn(usize) + Send + Sync) -> f64 {
    let begun = Instant::now();
    (0..people).into_par_iter().for_each(work);
    begun.elapsed().as_secs_f64()
}

/// A random place, the same for the same number.
fn key(table: u8, number: usize, row: u8) -> Key {
    let name = symbolon_crypto::digest::sha256(&[&number.to_be_bytes()[..], &[row]].concat());
    Key::new(table, &[&name])
}

/// A sealed record.
fn record(number: usize, change: Change) -> Change {
    change.put(key(b'R', number, 0), vec![0; 270])
}

/// Seconds that changes of a shape take in whole groups, after others.
fn in_groups(
    people: usize,
    before: impl Fn(usize, Change) -> Change,
    shape: impl Fn(usize, Change) -> Change,
) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let store = commits::create(commits::options(folder.path()).cache(512 << 20));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let all = |shape: &dyn Fn(usize, Change) -> Change| {
        let change = |number| shape(number as usize, Change::new());
        commits::in_groups(&runtime, &store, people as u64, change);
    };
    all(&before);
    let begun = Instant::now();
    all(&shape);
    let seconds = begun.elapsed().as_secs_f64();
    runtime.block_on(store.close()).unwrap();
    seconds
}
