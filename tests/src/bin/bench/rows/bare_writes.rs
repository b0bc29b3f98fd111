//! What a new person costs a store that knows nothing of people.

use symbolon_crypto::digest::sha256;
use symbolon_store::{Change, Key, LocalStore, Store};

use crate::{commits, process};

/// Bytes of a sealed record, of a row that leads to one, of an audit leaf.
const RECORD: usize = 270;
const LEADING: usize = 16;
const LEAF: usize = 190;

/// Bytes that one change hands to the kernel, alone in its group, among so many people.
pub(crate) fn bytes(people: u64, writes: u64) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let options = || commits::options(folder.path()).cache(512 << 20);
    let store = commits::create(options());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    commits::in_groups(&runtime, &store, people, person);
    // A vault is started again after it was filled.
    runtime.block_on(store.close()).unwrap();
    drop(store);
    let store = LocalStore::open(options()).unwrap();
    let before = process::written(std::process::id());
    for number in people..people + writes {
        let change = person(number).audit(vec![b'x'; LEAF]);
        let outcome = runtime.block_on(store.commit_one(change)).unwrap();
        assert!(outcome.is_committed());
    }
    let written = process::written(std::process::id()) - before;
    runtime.block_on(store.close()).unwrap();
    written as f64 / writes as f64
}

/// A record, two match keys, a registration ID, and the mark that somebody asked.
fn person(number: u64) -> Change {
    let key = |table: u8, row: u8| {
        let name = sha256(&[&number.to_be_bytes()[..], &[row]].concat());
        Key::new(table, &[&name])
    };
    let leading = [key(b'I', 0), key(b'I', 1), key(b'L', 2), key(b'B', 4)];
    let change = Change::new().put(key(b'R', 3), vec![0; RECORD]);
    leading
        .into_iter()
        .fold(change, |change, key| change.put(key, vec![0; LEADING]))
}
