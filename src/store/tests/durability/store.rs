//! Records written through the store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use symbolon_store::{Change, InstallationId, Key, LocalStore, Options, Store};

/// Callers at once.
const CALLERS: u64 = 8;

/// Rows that are written over and over.
const SLOTS: u64 = 100;

fn options(root: &Path) -> Options {
    Options::new(root.join("store"), root.join("checkpoint")).reserve(0)
}

fn record(n: u64) -> Key {
    Key::new(1, &[&n.to_be_bytes()])
}

fn slot(n: u64) -> Key {
    Key::new(2, &[&(n % SLOTS).to_be_bytes()])
}

/// A few to some thousand bytes that tell the number.
fn content(n: u64) -> Vec<u8> {
    let length = if n.is_multiple_of(16) {
        4000
    } else {
        20 + n % 300
    };
    n.to_be_bytes()
        .into_iter()
        .cycle()
        .take(usize::try_from(length).unwrap())
        .collect()
}

/// Commits and tells until killed.
pub(crate) fn write(root: &Path, first: u64) {
    let store = match root.join("store/format").exists() {
        true => LocalStore::open(options(root)).unwrap(),
        false => LocalStore::create(options(root), InstallationId::from_bytes([7; 32])).unwrap(),
    };
    println!("ready");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let callers = (0..CALLERS).map(|caller| call(&store, first + caller));
    runtime.block_on(futures_util::future::join_all(callers));
}

async fn call(store: &LocalStore, first: u64) {
    for n in (first..).step_by(CALLERS as usize) {
        let change = Change::new().absent(record(n)).put(record(n), content(n));
        let change = change
            .put(slot(n), content(n))
            .audit(n.to_be_bytes().to_vec());
        assert!(store.commit_one(change).await.unwrap().is_committed());
        println!("{n}.");
    }
}

/// Finds everything that was told, whole and once; returns a number beyond all that were used.
pub(crate) fn check(root: &Path, told: &[u64]) -> u64 {
    // A create that was never finished told nothing.
    if told.is_empty() && !root.join("store/format").exists() {
        std::fs::remove_dir_all(root.join("store")).ok();
        std::fs::remove_file(root.join("checkpoint")).ok();
        return 0;
    }
    let store = LocalStore::open(options(root)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(find(&store, told))
}

async fn find(store: &LocalStore, told: &[u64]) -> u64 {
    let mut newest = BTreeMap::new();
    for &n in told {
        let found = store.get_one(record(n)).await.unwrap();
        assert_eq!(
            found.expect("it was acknowledged").bytes,
            content(n),
            "record {n}"
        );
        newest.entry(slot(n)).or_insert(n);
    }
    for key in newest.keys() {
        let found = store
            .get_one(key.clone())
            .await
            .unwrap()
            .expect("it was acknowledged");
        let n = u64::from_be_bytes(*found.bytes.first_chunk().unwrap());
        assert_eq!((found.bytes, key), (content(n), &slot(n)));
    }
    let head = store.head().await.unwrap();
    assert_eq!(head.generation(), head.audit_size());
    let leaves = store.audit_leaves(0, usize::MAX).await.unwrap();
    let numbers: BTreeSet<u64> = leaves
        .iter()
        .map(|leaf| u64::from_be_bytes(*leaf.first_chunk().unwrap()))
        .collect();
    assert_eq!(numbers.len(), leaves.len(), "a change was made twice");
    assert!(
        told.iter().all(|n| numbers.contains(n)),
        "a leaf of the audit log is lost"
    );
    let rows = store
        .scan(symbolon_store::KeyRange::table(1), usize::MAX)
        .await
        .unwrap();
    assert_eq!(
        rows.len(),
        leaves.len(),
        "a row without its leaf, or a leaf without its row"
    );
    numbers.last().map_or(0, |last| last + 1000)
}
