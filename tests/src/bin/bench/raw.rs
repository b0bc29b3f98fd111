//! The parts that calls are made of, each alone: CPU time in microseconds.

use std::{sync::Barrier, thread, time::Duration};

use symbolon_crypto::{digest::sha256, ecdsa, hpke::HpkeSecretKey, labels, random};

use crate::process::{cores, thread_cpu};

/// How many signatures take turns: a processor learns the way through one that comes again and again.
const SIGNATURES: u32 = 4096;

/// One secp256k1 recovery.
pub(crate) fn recovery(times: u32) -> f64 {
    let key = ecdsa::SigningKey::random(&mut random::os());
    let sign = |n: u32| {
        let digest = sha256(&n.to_be_bytes());
        (digest, key.sign(&digest))
    };
    let signed: Vec<_> = (0..SIGNATURES).map(sign).collect();
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
