//! Random changes, compared with the reference, restarts and snapshots among them.

use std::sync::Arc;

use proptest::prelude::*;
use symbolon_store::conformance::{Memory, Subject};
use symbolon_store::{Change, InstallationId, Key, KeyRange, Revision, Store};

use crate::harness::Place;

/// A write or a condition on one of a few keys.
#[derive(Clone, Debug)]
enum Part {
    Put(u8, u8),
    Delete(u8),
    Absent(u8),
    /// The revision that stands there now.
    Unchanged(u8),
    /// A revision long gone.
    Stale(u8),
    Audit(u8),
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Vec<Part>>),
    Scan(u8, u8, usize),
    Restart,
    Snapshot,
}

fn part() -> impl Strategy<Value = Part> {
    let key = 0..12_u8;
    prop_oneof![
        6 => (key.clone(), any::<u8>()).prop_map(|(key, value)| Part::Put(key, value)),
        2 => key.clone().prop_map(Part::Delete),
        1 => key.clone().prop_map(Part::Absent),
        1 => key.clone().prop_map(Part::Unchanged),
        1 => key.prop_map(Part::Stale),
        2 => any::<u8>().prop_map(Part::Audit),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let change = prop::collection::vec(part(), 0..5);
    prop_oneof![
        12 => prop::collection::vec(change, 1..90).prop_map(Step::Commit),
        4 => (0..13_u8, 0..13_u8, 0..20_usize).prop_map(|(a, b, limit)| Step::Scan(a, b, limit)),
        1 => Just(Step::Restart),
        2 => Just(Step::Snapshot),
    ]
}

fn key(name: u8) -> Key {
    Key::new(0x40, &[&[name]])
}

/// The change as both stores are asked to make it.
async fn change(model: &dyn Store, oldest: Revision, parts: &[Part]) -> Change {
    let mut change = Change::new();
    for part in parts {
        change = match *part {
            Part::Put(name, value) => change.put(key(name), vec![value; usize::from(value)]),
            Part::Delete(name) => change.delete(key(name)),
            Part::Absent(name) => change.absent(key(name)),
            Part::Unchanged(name) => {
                let found = model.get_one(key(name)).await.unwrap();
                change.unchanged(key(name), found.as_ref())
            }
            Part::Stale(name) => change.at(key(name), oldest),
            Part::Audit(leaf) => change.audit(vec![leaf]),
        };
    }
    change
}

async fn everything(store: &dyn Store) -> impl PartialEq + std::fmt::Debug + use<> {
    let rows = store.scan(KeyRange::all(), 1000).await.unwrap();
    let keys = (0..13).map(key).collect();
    let leaves = store.audit_leaves(0, 10_000).await.unwrap();
    let size = leaves.len() as u64;
    (
        store.head().await.unwrap(),
        rows,
        store.get(keys).await.unwrap(),
        leaves,
        store.audit_inclusion(size / 2, size).await.unwrap(),
        store.audit_consistency(size / 2, size).await.unwrap(),
    )
}

async fn compare(steps: Vec<Step>) {
    let place = Place::with_store();
    let memory = Memory::new(InstallationId::from_bytes([7; 32]));
    let model = memory.open();
    let mut store: Arc<dyn Store> = place.open();
    let first = model
        .commit_one(Change::new().put(key(0), Vec::new()))
        .await
        .unwrap();
    assert_eq!(
        store
            .commit_one(Change::new().put(key(0), Vec::new()))
            .await
            .unwrap(),
        first
    );
    let oldest = model.get_one(key(0)).await.unwrap().unwrap().revision;
    let mut snapshots = None;
    for step in steps {
        match step {
            Step::Commit(changes) => {
                let mut asked = Vec::new();
                for parts in &changes {
                    asked.push(change(&model, oldest, parts).await);
                }
                assert_eq!(store.commit(asked.clone()).await, model.commit(asked).await);
            }
            Step::Scan(start, end, limit) => {
                let range = KeyRange::between(key(start), key(end));
                let found = store.scan(range.clone(), limit).await.unwrap();
                assert_eq!(found, model.scan(range, limit).await.unwrap());
            }
            Step::Restart => {
                snapshots = None;
                store.close().await.unwrap();
                store = place.open();
            }
            Step::Snapshot => {
                snapshots = Some((
                    store.snapshot().await.unwrap(),
                    model.snapshot().await.unwrap(),
                ));
            }
        }
        if let Some((found, expected)) = &snapshots {
            for limit in [3, 100] {
                let range = KeyRange::all();
                let rows = found.rows(range.clone(), limit).await.unwrap();
                assert_eq!(rows, expected.rows(range, limit).await.unwrap());
            }
            let leaves = found.audit_leaves(0, 10_000).await.unwrap();
            assert_eq!(leaves, expected.audit_leaves(0, 10_000).await.unwrap());
        }
        assert_eq!(everything(&*store).await, everything(&model).await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_store_answers_as_the_reference_does(
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(steps));
    }
}
