//! The parts that calls are made of, each alone: CPU time in microseconds.

use std::{sync::Barrier, thread, time::Duration};

use symbolon_crypto::{digest::sha256, ecdsa, hpke::HpkeSecretKey, labels, random};
use symbolon_store::{Change, Key, Revision, Store};

use crate::{
    commits,
    process::{cores, own_cpu, thread_cpu},
};

/// How many signatures take turns: a processor learns the way through one that comes again and again.
const SIGNATURES: u32 = 4096;

/// One secp256k1 recovery.
pub(crate) fn recovery(times: u32) -> f64 {
    let key = ecdsa::SigningKey::random(&mut random::os());
    let sign = |n: u32| {
        let digest = sha256(&n.to_be_bytes());
        (digest, key.sign(&digest))
    };
    let signed: Vec<_> = (0..SIGNATURES.min(times)).map(sign).collect();
    micros(times, |n| {
        let (digest, signature) = &signed[n as usize % signed.len()];
        let found = ecdsa::recover(std::hint::black_box(digest), signature);
        std::hint::black_box(found.unwrap());
    })
}

/// One secp256k1 signature.
pub(crate) fn signature(times: u32) -> f64 {
    let key = ecdsa::SigningKey::random(&mut random::os());
    micros(times, |_| {
        std::hint::black_box(key.sign(std::hint::black_box(&[7; 32])));
    })
}

/// Opening a sealed request of 96 bytes and sealing a token of 100.
pub(crate) fn hpke(times: u32) -> f64 {
    let key = HpkeSecretKey::random(&mut random::os());
    let public = key.public_key();
    let sealed = public
        .seal(labels::ISSUE_REQUEST, &[1; 32], &[2; 96], &mut random::os())
        .unwrap();
    micros(times, |_| {
        std::hint::black_box(key.open(labels::ISSUE_REQUEST, &[1; 32], &sealed).unwrap());
        let token = public.seal(labels::VOTING_TOKEN, &[1; 32], &[3; 100], &mut random::os());
        std::hint::black_box(token.unwrap());
    })
}

/// On every core at once, as while a server is loaded: a core alone is faster.
fn micros(times: u32, work: impl Fn(u32) + Sync) -> f64 {
    let threads = cores();
    let barrier = Barrier::new(threads);
    let used: Duration = thread::scope(|scope| {
        let one = || {
            barrier.wait();
            let begun = thread_cpu();
            (0..times).for_each(&work);
            thread_cpu() - begun
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    used.as_secs_f64() * 1e6 / (f64::from(times) * threads as f64)
}

/// A change as an issuance makes it, in the store's group commit, whole groups one after the other: the
/// rows of person, election and ring as they were, two new rows, a leaf.
pub(crate) fn issuance_commit(changes: u64) -> f64 {
    const ELECTION: u64 = 0;
    const RING: u64 = 1;
    let folder = tempfile::tempdir().unwrap();
    let store = commits::create(commits::options(folder.path()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let known = |number: u64| key(b'R', number);
    let fill = |number| Change::new().put(known(number), vec![0; 270]);
    commits::in_groups(&runtime, &store, 2 + changes, fill);
    let revision = |number: u64| {
        let found = runtime.block_on(store.get_one(known(number)));
        found.unwrap().expect("it was filled in").revision
    };
    let [election, ring] = [ELECTION, RING].map(revision);
    let people: Vec<Revision> = (2..2 + changes).map(revision).collect();
    let issuance = |number: u64| {
        let (by_place, by_key) = (key(b'I', number), key(b'B', number));
        Change::new()
            .at(known(ELECTION), election)
            .at(known(RING), ring)
            .at(known(2 + number), people[number as usize])
            .absent(by_place.clone())
            .put(by_place, vec![0; 32 + 32 + 28])
            .absent(by_key.clone())
            .put(by_key, vec![0; 32])
            .audit(vec![b'x'; 240])
    };
    let begun = own_cpu();
    commits::in_groups(&runtime, &store, changes, issuance);
    let used = own_cpu() - begun;
    runtime.block_on(store.close()).unwrap();
    used.as_secs_f64() * 1e6 / changes as f64
}

/// A row's key, as long as those of an election's rows.
fn key(table: u8, number: u64) -> Key {
    Key::new(table, &[&[1; 16], &sha256(&number.to_be_bytes())])
}
