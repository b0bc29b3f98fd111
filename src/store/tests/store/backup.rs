//! Backups: a store made of one is the store as it was at one moment, and damage is refused.

use proptest::prelude::*;
use symbolon_store::conformance::Subject;
use symbolon_store::{
    BackupPart, BackupReader, BackupWriter, Change, Checkpoint, Head, Key, KeyRange, LocalStore,
    Row, Store, StoreError, put_in_place,
};

use crate::harness::Place;

fn key(name: u16) -> Key {
    Key::new(0x40, &[&name.to_be_bytes()])
}

/// All that a store holds.
#[derive(Clone, Debug, PartialEq)]
struct All {
    head: Head,
    rows: Vec<Row>,
    leaves: Vec<Vec<u8>>,
}

async fn all(store: &dyn Store) -> All {
    All {
        head: store.head().await.unwrap(),
        rows: store.scan(KeyRange::all(), 100_000).await.unwrap(),
        leaves: store.audit_leaves(0, 100_000).await.unwrap(),
    }
}

/// Writes everything that a store holds now.
async fn backup(store: &dyn Store) -> Vec<u8> {
    let All { head, rows, leaves } = all(store).await;
    let mut writer = BackupWriter::new(Vec::new(), &head).unwrap();
    writer.rows(&rows).unwrap();
    writer.leaves(&leaves).unwrap();
    writer.finish().unwrap().0
}

fn restore(place: &Place, backup: &[u8]) -> Result<LocalStore, StoreError> {
    let mut reader = BackupReader::new(backup)?;
    Ok(LocalStore::restore(place.options(), 0, &mut reader)?.0)
}

/// Reads a backup to its end.
fn read(backup: &[u8]) -> Result<(), StoreError> {
    let mut reader = BackupReader::new(backup)?;
    loop {
        if let BackupPart::End(_) = reader.read()? {
            return Ok(());
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put(u16, u8),
    Delete(u16),
    Audit(u8),
    /// The next page of the backup: so many rows or leaves.
    Page(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..40_u16, any::<u8>()).prop_map(|(name, value)| Step::Put(name, value)),
        2 => (0..40_u16).prop_map(Step::Delete),
        2 => any::<u8>().prop_map(Step::Audit),
        4 => (1..9_usize).prop_map(Step::Page),
    ]
}

async fn make(store: &dyn Store, step: &Step) {
    let change = match *step {
        Step::Put(name, value) => Change::new().put(key(name), vec![value; value.into()]),
        Step::Delete(name) => Change::new().delete(key(name)),
        Step::Audit(leaf) => Change::new().audit(vec![leaf]),
        Step::Page(_) => return,
    };
    assert!(store.commit_one(change).await.unwrap().is_committed());
}

/// The backup under way: pages of rows first, then pages of leaves.
struct UnderWay {
    snapshot: symbolon_store::Snapshot,
    writer: BackupWriter<Vec<u8>>,
    range: Option<KeyRange>,
    leaves: u64,
}

impl UnderWay {
    async fn page(&mut self, limit: usize) -> bool {
        if let Some(range) = self.range.take() {
            let rows = self.snapshot.rows(range.clone(), limit).await.unwrap();
            self.writer.rows(&rows).unwrap();
            let last = rows.last().filter(|_| rows.len() == limit);
            self.range = last.map(|last| range.after(last.key.clone()));
            return true;
        }
        let leaves = self.snapshot.audit_leaves(self.leaves, limit).await;
        let leaves = leaves.unwrap();
        self.writer.leaves(&leaves).unwrap();
        self.leaves += leaves.len() as u64;
        !leaves.is_empty()
    }
}

async fn a_moment_comes_back(before: Vec<Step>, during: Vec<Step>) {
    let place = Place::with_store();
    let store = place.open();
    for step in &before {
        make(&*store, step).await;
    }
    let expected = all(&*store).await;
    let snapshot = store.snapshot().await.unwrap();
    let mut under_way = UnderWay {
        writer: BackupWriter::new(Vec::new(), snapshot.head()).unwrap(),
        snapshot,
        range: Some(KeyRange::all()),
        leaves: 0,
    };
    for step in &during {
        match step {
            Step::Page(limit) => drop(under_way.page(*limit).await),
            step => make(&*store, step).await,
        }
    }
    while under_way.page(7).await {}
    let (bytes, summary) = under_way.writer.finish().unwrap();
    assert_eq!(summary.rows, expected.rows.len() as u64);
    let elsewhere = Place::new();
    let restored = restore(&elsewhere, &bytes).unwrap();
    assert_eq!(all(&restored).await, expected);
    // It is a store like any: it closes, opens, and goes on.
    restored.close().await.unwrap();
    drop(restored);
    let restored = elsewhere.open();
    assert_eq!(all(&*restored).await, expected);
    make(&*restored, &Step::Put(1, 1)).await;
    let generation = expected.head.generation() + 1;
    assert_eq!(restored.head().await.unwrap().generation(), generation);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_while_a_backup_is_taken_the_moment_it_began_comes_back(
        before in prop::collection::vec(step(), 0..60),
        during in prop::collection::vec(step(), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(a_moment_comes_back(before, during));
    }
}

async fn some_store(place: &Place) -> std::sync::Arc<dyn Store> {
    let store = place.open();
    for name in 0..50 {
        make(&*store, &Step::Put(name, 9)).await;
        make(&*store, &Step::Audit(7)).await;
    }
    store
}

#[tokio::test]
async fn every_flipped_byte_and_every_cut_is_refused() {
    let place = Place::with_store();
    let bytes = backup(&*some_store(&place).await).await;
    read(&bytes).unwrap();
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(read(&other).is_err(), "byte {at} of {}", bytes.len());
        assert!(read(&bytes[..at]).is_err(), "cut at {at}");
    }
    let longer = [&bytes[..], &[0]].concat();
    let told = read(&longer).unwrap_err().to_string();
    assert!(told.contains("follows its end"), "{told}");
}

#[tokio::test]
async fn a_backup_without_its_last_rows_or_leaves_is_refused_by_name() {
    let place = Place::with_store();
    let all = all(&*some_store(&place).await).await;
    let with = |rows: &[Row], leaves: &[Vec<u8>]| {
        let mut writer = BackupWriter::new(Vec::new(), &all.head).unwrap();
        writer.rows(rows).unwrap();
        writer.leaves(leaves).unwrap();
        read(&writer.finish().unwrap().0).map_err(|error| error.to_string())
    };
    assert_eq!(with(&all.rows, &all.leaves), Ok(()));
    let told = with(&all.rows, &all.leaves[1..]).unwrap_err();
    assert!(told.contains("audit leaves are not those"), "{told}");
    let backwards: Vec<_> = all.rows.iter().rev().cloned().collect();
    let told = with(&backwards, &all.leaves).unwrap_err();
    assert!(told.contains("out of order"), "{told}");
}

#[tokio::test]
async fn a_damaged_backup_makes_no_store() {
    let place = Place::with_store();
    let mut bytes = backup(&*some_store(&place).await).await;
    let end = bytes.len() - 1;
    bytes[end] ^= 1;
    let elsewhere = Place::new();
    let told = restore(&elsewhere, &bytes).err().unwrap();
    assert!(matches!(told, StoreError::BackupDamaged { .. }), "{told}");
    assert!(elsewhere.open_local().is_err());
    assert!(Checkpoint::read(&elsewhere.checkpoint()).unwrap().is_none());
}

#[tokio::test]
async fn a_store_is_restored_into_empty_places_only() {
    let place = Place::with_store();
    let store = some_store(&place).await;
    let bytes = backup(&*store).await;
    let told = restore(&place, &bytes).err().unwrap();
    assert!(matches!(told, StoreError::Exists(_)), "{told}");
    let elsewhere = Place::new();
    std::fs::write(elsewhere.checkpoint(), "another's").unwrap();
    let told = restore(&elsewhere, &bytes).err().unwrap();
    assert!(matches!(told, StoreError::CheckpointExists(_)), "{told}");
}

#[tokio::test]
async fn a_restored_store_counts_on_from_what_was_seen_and_moves_into_its_place() {
    let place = Place::with_store();
    let store = some_store(&place).await;
    let bytes = backup(&*store).await;
    make(&*store, &Step::Audit(1)).await;
    store.close().await.unwrap();
    drop(store);
    let seen = Checkpoint::read(&place.checkpoint()).unwrap().unwrap();
    let elsewhere = Place::new();
    let mut reader = BackupReader::new(bytes.as_slice()).unwrap();
    reader.note_root_at(seen.audit_size);
    let (restored, _) =
        LocalStore::restore(elsewhere.options(), seen.generation, &mut reader).unwrap();
    assert_eq!(reader.root_noted(), None);
    assert_eq!(restored.head().await.unwrap().generation(), seen.generation);
    restored.close().await.unwrap();
    drop(restored);
    let (directory, checkpoint) = (elsewhere.directory(), elsewhere.checkpoint());
    let (own, own_checkpoint) = (place.directory(), place.checkpoint());
    let moving = || put_in_place((&directory, &checkpoint), (&own, &own_checkpoint));
    assert!(matches!(moving(), Err(StoreError::Exists(_))));
    std::fs::remove_dir_all(&own).unwrap();
    moving().unwrap();
    assert_eq!(all(&*place.open()).await.leaves.len(), 50);
}

#[tokio::test]
async fn a_restored_store_knows_its_earlier_audit_roots() {
    let place = Place::with_store();
    let store = place.open();
    let leaves = (0..5000_u32).map(|leaf| Change::new().audit(leaf.to_be_bytes().to_vec()));
    store.commit(leaves.collect()).await;
    let bytes = backup(&*store).await;
    let elsewhere = Place::new();
    let restored = restore(&elsewhere, &bytes).unwrap();
    let seen = std::fs::read(elsewhere.checkpoint()).unwrap();
    make(&restored, &Step::Audit(1)).await;
    restored.close().await.unwrap();
    drop(restored);
    // As after a crash: the checkpoint file is older than the store, which has to extend it.
    std::fs::write(elsewhere.checkpoint(), &seen).unwrap();
    elsewhere.open_local().unwrap();
}
