//! The audit log's leaves, and proofs about them.

use symbolon_tlog::{Frontier, Hash, leaf_hash, verify_consistency, verify_inclusion};

use super::{Subject, key, make, put};
use crate::{Change, Outcome, Store};

pub(super) async fn leaves_stand_in_the_order_of_changes(subject: &dyn Subject) {
    let store = subject.open();
    make(
        &*store,
        put("a", "1").audit(b"one".to_vec()).audit(b"two".to_vec()),
    )
    .await;
    let third = store
        .commit_one(Change::new().audit(b"three".to_vec()))
        .await
        .unwrap();
    assert!(matches!(third, Outcome::Committed { first_leaf: 2, .. }));
    let leaves = store.audit_leaves(0, 10).await.unwrap();
    assert_eq!(
        leaves,
        [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]
    );
    assert_eq!(store.audit_leaves(1, 1).await.unwrap(), [b"two".to_vec()]);
}

pub(super) async fn the_root_is_that_of_the_leaves(subject: &dyn Subject) {
    let store = subject.open();
    let changes = (0..700_u32).map(|n| {
        let refused = n % 7 == 3;
        let change = put("row", "x").audit(n.to_be_bytes().to_vec());
        if refused {
            change.absent(key("row"))
        } else {
            change
        }
    });
    store.commit(changes.collect()).await;
    let head = store.head().await.unwrap();
    let mut frontier = Frontier::new();
    for leaf in store.audit_leaves(0, 1000).await.unwrap() {
        frontier.push(leaf_hash(&leaf));
    }
    assert_eq!(head.audit_frontier(), &frontier);
    assert_eq!(head.audit_size(), 600);
}

pub(super) async fn leaves_beyond_the_last_are_none(subject: &dyn Subject) {
    let store = subject.open();
    make(&*store, Change::new().audit(b"one".to_vec())).await;
    assert_eq!(
        store.audit_leaves(1, 5).await.unwrap(),
        Vec::<Vec<u8>>::new()
    );
    assert_eq!(
        store.audit_leaves(u64::MAX, 5).await.unwrap(),
        Vec::<Vec<u8>>::new()
    );
    assert_eq!(
        store.audit_leaves(0, 0).await.unwrap(),
        Vec::<Vec<u8>>::new()
    );
}

/// Makes changes with some leaves each, `leaves` in all.
async fn append(store: &dyn Store, leaves: u32) {
    let leaves: Vec<_> = (0..leaves).map(|n| n.to_be_bytes().to_vec()).collect();
    let changes = leaves.chunks(37).map(|some| {
        let leaves = some.iter().cloned();
        leaves.fold(Change::new(), Change::audit)
    });
    for answer in store.commit(changes.collect()).await {
        assert!(matches!(answer, Ok(Outcome::Committed { .. })));
    }
}

/// The hashes of the leaves, and the root of the first of them, by their number.
async fn hashes(store: &dyn Store) -> (Vec<Hash>, Vec<Hash>) {
    let leaves = store.audit_leaves(0, usize::MAX).await.unwrap();
    let leaves: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let mut tree = Frontier::new();
    let mut roots = vec![tree.root()];
    for leaf in &leaves {
        tree.push(*leaf);
        roots.push(tree.root());
    }
    (leaves, roots)
}

async fn check_proofs(store: &dyn Store, sizes: &[u64]) {
    let (leaves, roots) = hashes(store).await;
    let root = |size: u64| &roots[size as usize];
    for &size in sizes {
        for index in [0, size / 3, size / 2, size - 1] {
            let leaf = &leaves[index as usize];
            let proof = store.audit_inclusion(index, size).await.unwrap().unwrap();
            verify_inclusion(leaf, index, size, &proof, root(size)).unwrap();
            let first = (index + 1, root(index + 1));
            let proof = store.audit_consistency(index + 1, size).await;
            verify_consistency(first, (size, root(size)), &proof.unwrap().unwrap()).unwrap();
        }
    }
}

pub(super) async fn proofs_within_trees_of_any_size_hold(subject: &dyn Subject) {
    let store = subject.open();
    append(&*store, 66_000).await;
    let sizes = [
        1, 2, 255, 256, 257, 512, 1000, 4095, 4096, 65_535, 65_536, 65_537, 65_792, 66_000,
    ];
    check_proofs(&*store, &sizes).await;
}

pub(super) async fn a_proof_about_what_is_not_there_is_none(subject: &dyn Subject) {
    let store = subject.open();
    append(&*store, 300).await;
    for (index, size) in [(0, 0), (256, 256), (0, 301), (u64::MAX, u64::MAX)] {
        assert_eq!(store.audit_inclusion(index, size).await, Ok(None));
    }
    for (first, second) in [(2, 1), (300, 301), (0, u64::MAX)] {
        assert_eq!(store.audit_consistency(first, second).await, Ok(None));
    }
    assert_eq!(store.audit_consistency(0, 300).await, Ok(Some(Vec::new())));
}

pub(super) async fn proofs_hold_after_a_restart(subject: &dyn Subject) {
    let store = subject.open();
    append(&*store, 700).await;
    store.close().await.unwrap();
    let store = subject.open();
    append(&*store, 400).await;
    check_proofs(&*store, &[699, 700, 768, 1024, 1100]).await;
}
