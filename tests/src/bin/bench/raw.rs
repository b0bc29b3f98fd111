//! The parts that calls are made of, each alone: CPU time in microseconds.

use std::{sync::Barrier, thread, time::Duration};

use symbolon_crypto::{ecdsa, hpke::HpkeSecretKey, labels, random};
use symbolon_store::{Change, InstallationId, LocalStore, Options, Store};

use crate::process::{cores, own_cpu, thread_cpu};

/// One secp256k1 recovery.
pub(crate) fn recovery(times: u32) -> f64 {
    let key = ecdsa::SigningKey::random(&mut random::os());
    let digest = [7; 32];
    let signature = key.sign(&digest);
    micros(times, || {
        let found = ecdsa::recover(std::hint::black_box(&digest), &signature);
        std::hint::black_box(found.unwrap());
    })
}

/// One secp256k1 signature.
pub(crate) fn signature(times: u32) -> f64 {
    let key = ecdsa::SigningKey::random(&mut random::os());
    micros(times, || {
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
    micros(times, || {
        std::hint::black_box(key.open(labels::ISSUE_REQUEST, &[1; 32], &sealed).unwrap());
        let token = public.seal(labels::VOTING_TOKEN, &[1; 32], &[3; 100], &mut random::os());
        std::hint::black_box(token.unwrap());
    })
}

/// On every core at once, as while a server is loaded: a core alone is faster.
fn micros(times: u32, work: impl Fn() + Sync) -> f64 {
    let threads = cores();
    let barrier = Barrier::new(threads);
    let used: Duration = thread::scope(|scope| {
        let one = || {
            barrier.wait();
            let begun = thread_cpu();
            for _ in 0..times {
                work();
            }
            thread_cpu() - begun
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    used.as_secs_f64() * 1e6 / (f64::from(times) * threads as f64)
}

/// One change of a shape in the store's group commit: whole groups, one after the other.
pub(crate) fn group_commit(changes: u64, shape: impl Fn(Change, u64) -> Change) -> f64 {
    const GROUP: u64 = 64;
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(
        folder.path().join("store"),
        folder.path().join("checkpoint"),
    );
    let store = LocalStore::create(
        options,
        InstallationId::from_bytes(random::bytes(&mut random::os())),
    )
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let groups: Vec<Vec<Change>> = (0..changes / GROUP)
        .map(|group| {
            (0..GROUP)
                .map(|n| shape(Change::new(), group * GROUP + n))
                .collect()
        })
        .collect();
    let begun = own_cpu();
    for group in groups {
        let outcomes = runtime.block_on(store.commit(group));
        assert!(
            outcomes
                .iter()
                .all(|outcome| outcome.as_ref().unwrap().is_committed())
        );
    }
    (own_cpu() - begun).as_secs_f64() * 1e6 / changes as f64
}
