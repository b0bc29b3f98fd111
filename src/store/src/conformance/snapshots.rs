//! Snapshots for backups.

use super::{Subject, key, make, put};
use crate::{Change, KeyRange, Row, Snapshot};

pub(super) async fn a_snapshot_does_not_see_later_changes(subject: &dyn Subject) {
    let store = subject.open();
    for n in 0..50 {
        make(&*store, put(&format!("{n:02}"), "old").audit(vec![n])).await;
    }
    let snapshot = store.snapshot().await.unwrap();
    let expected = store.scan(KeyRange::all(), 1000).await.unwrap();
    let head = store.head().await.unwrap();
    let later = (0..60).map(|n| match n % 3 {
        0 => put(&format!("{n:02}"), "new").audit(vec![n]),
        1 => Change::new().delete(key(&format!("{n:02}"))),
        _ => put(&format!("{n:02} and more"), "new"),
    });
    store.commit(later.collect()).await;
    assert_eq!(snapshot.head(), &head);
    assert_eq!(pages(&snapshot, 7).await, expected);
    assert_eq!(pages(&snapshot, 1000).await, expected);
    assert_eq!(snapshot.audit_leaves(0, 1000).await.unwrap().len(), 50);
    drop(snapshot);
    assert_ne!(store.scan(KeyRange::all(), 1000).await.unwrap(), expected);
}

pub(super) async fn pages_of_a_snapshot_are_full_until_the_end(subject: &dyn Subject) {
    let store = subject.open();
    store
        .commit((0..40).map(|n| put(&format!("{n:02}"), "x")).collect())
        .await;
    let snapshot = store.snapshot().await.unwrap();
    store
        .commit(
            (0..40)
                .step_by(2)
                .map(|n| Change::new().delete(key(&format!("{n:02}"))))
                .collect(),
        )
        .await;
    store
        .commit((40..80).map(|n| put(&format!("{n:02}"), "later")).collect())
        .await;
    assert_eq!(snapshot.rows(KeyRange::all(), 39).await.unwrap().len(), 39);
    assert_eq!(snapshot.rows(KeyRange::all(), 41).await.unwrap().len(), 40);
    assert_eq!(snapshot.rows(KeyRange::all(), 0).await.unwrap(), []);
}

async fn pages(snapshot: &Snapshot, limit: usize) -> Vec<Row> {
    let (mut range, mut seen) = (KeyRange::all(), Vec::new());
    loop {
        let rows = snapshot.rows(range.clone(), limit).await.unwrap();
        let full = rows.len() == limit;
        seen.extend(rows);
        match seen.last() {
            Some(last) if full => range = range.after(last.key.clone()),
            _ => return seen,
        }
    }
}
