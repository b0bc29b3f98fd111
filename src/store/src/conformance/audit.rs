//! The audit log's leaves.

use symbolon_tlog::{Frontier, leaf_hash};

use super::{Subject, key, make, put};
use crate::{Change, Outcome};

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
