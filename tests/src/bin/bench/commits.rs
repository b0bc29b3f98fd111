//! The store's group commit alone: rows of given sizes, from as many callers as a server has.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use symbolon_crypto::{digest::sha256, random};
use symbolon_store::{Change, InstallationId, Key, LocalStore, Options, Outcome, Revision, Store};
use tokio::runtime::Runtime;

use crate::process::{cores, own_cpu};

/// As many as there are calls in flight on a server under load.
const CALLERS: usize = 256;

/// Changes that go to disk together.
const GROUP: u64 = 64;

/// A store of its own in a folder.
pub(crate) fn options(folder: &Path) -> Options {
    Options::new(folder.join("store"), folder.join("checkpoint"))
}

/// Makes it.
pub(crate) fn create(options: Options) -> LocalStore {
    let installation = InstallationId::from_bytes(random::bytes(&mut random::os()));
    LocalStore::create(options, installation).unwrap()
}

/// Commits a change for each number, in whole groups, one after the other.
pub(crate) fn in_groups(
    runtime: &Runtime,
    store: &LocalStore,
    count: u64,
    change: impl Fn(u64) -> Change,
) {
    for start in (0..count).step_by(GROUP as usize) {
        let group = start..count.min(start + GROUP);
        for outcome in runtime.block_on(store.commit(group.map(&change).collect())) {
            assert!(outcome.unwrap().is_committed());
        }
    }
}

/// CPU time of one commit of a new row, in microseconds.
pub(crate) fn micros(commits: u32, key: usize, value: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(create(options(folder.path())));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores())
        .build()
        .unwrap();
    let begun = own_cpu();
    runtime.block_on(async {
        let done = Arc::new(AtomicU32::new(0));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                tokio::spawn(caller(
                    Arc::clone(&store),
                    Arc::clone(&done),
                    commits,
                    (key, value),
                ))
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
    });
    let used = own_cpu() - begun;
    runtime.block_on(store.close()).unwrap();
    used.as_secs_f64() * 1e6 / f64::from(commits)
}

async fn caller(
    store: Arc<dyn Store>,
    done: Arc<AtomicU32>,
    commits: u32,
    (key, value): (usize, usize),
) {
    while done.fetch_add(1, Ordering::Relaxed) < commits {
        let mut name = vec![0; key - 1];
        let random: [u8; 32] = random::bytes(&mut random::os());
        name[..32].copy_from_slice(&random);
        let row = Key::new(b'V', &[&name]);
        let change = Change::new().absent(row.clone()).put(row, vec![7; value]);
        let outcome = store.commit_one(change).await.unwrap();
        assert!(matches!(outcome, Outcome::Committed { .. }));
    }
}

/// CPU time of a change as an issuance makes it, whole groups one after the other, in microseconds: the
/// rows of person, election and ring as they were, two new rows, a leaf.
pub(crate) fn issuance_micros(changes: u64) -> f64 {
    const ELECTION: u64 = 0;
    const RING: u64 = 1;
    let folder = tempfile::tempdir().unwrap();
    let store = create(options(folder.path()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let known = |number: u64| key(b'R', number);
    let fill = |number| Change::new().put(known(number), vec![0; 270]);
    in_groups(&runtime, &store, 2 + changes, fill);
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
    in_groups(&runtime, &store, changes, issuance);
    let used = own_cpu() - begun;
    runtime.block_on(store.close()).unwrap();
    used.as_secs_f64() * 1e6 / changes as f64
}

/// A row's key, as long as those of an election's rows.
fn key(table: u8, number: u64) -> Key {
    Key::new(table, &[&[1; 16], &sha256(&number.to_be_bytes())])
}
