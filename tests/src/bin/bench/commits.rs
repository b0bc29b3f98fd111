//! The store's group commit alone: rows of given sizes, from as many callers as a server has.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use symbolon_crypto::random;
use symbolon_store::{Change, InstallationId, Key, LocalStore, Options, Outcome, Store};
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
