//! What a rotation is made of, each part alone.

use std::time::Instant;

use rayon::prelude::*;
use symbolon_crypto::{Secret, aead::AeadKey, kdf::KdfKey, labels, mac::MacKey, random};
use symbolon_store::{Change, Key, Store};

use crate::commits;

/// Seconds of the parts of a rotation, for everybody.
pub(super) struct Raw {
    crypto: f64,
    store: f64,
}

impl Raw {
    /// Open; three HMACs of index rows and one of a registration ID. Three rows put, then removed.
    pub(super) fn index(people: usize) -> Self {
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
    pub(super) fn sealing(people: usize) -> Self {
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

    pub(super) fn slower(&self) -> f64 {
        self.crypto.max(self.store)
    }

    pub(super) fn words(&self) -> String {
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
