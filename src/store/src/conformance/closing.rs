//! Closing and opening again.

use super::{Subject, key, make, put, text};
use crate::{Change, KeyRange, StoreError};

pub(super) async fn what_was_committed_is_there_after_a_restart(subject: &dyn Subject) {
    let store = subject.open();
    store
        .commit(
            (0..300)
                .map(|n| put(&format!("{n:03}"), "x").audit(vec![7]))
                .collect(),
        )
        .await;
    make(&*store, Change::new().delete(key("150"))).await;
    let rows = store.scan(KeyRange::all(), 1000).await.unwrap();
    let head = store.head().await.unwrap();
    store.close().await.unwrap();
    let again = subject.open();
    assert_eq!(again.head().await.unwrap(), head);
    assert_eq!(again.scan(KeyRange::all(), 1000).await.unwrap(), rows);
    assert_eq!(rows.len(), 299);
}

pub(super) async fn revisions_go_on_after_a_restart(subject: &dyn Subject) {
    let store = subject.open();
    let before = make(&*store, put("row", "1")).await;
    store.close().await.unwrap();
    let again = subject.open();
    assert!(make(&*again, put("row", "2").at(key("row"), before)).await > before);
}

pub(super) async fn a_closed_store_refuses(subject: &dyn Subject) {
    let store = subject.open();
    make(&*store, put("row", "1")).await;
    store.close().await.unwrap();
    let unavailable = |error| matches!(error, StoreError::Unavailable(_));
    assert!(unavailable(store.get_one(key("row")).await.unwrap_err()));
    assert!(unavailable(
        store.commit_one(put("row", "2")).await.unwrap_err()
    ));
    assert!(unavailable(store.head().await.unwrap_err()));
    assert!(unavailable(
        store.scan(KeyRange::all(), 1).await.unwrap_err()
    ));
    assert!(store.snapshot().await.is_err());
    assert_eq!(store.close().await, Ok(()));
    assert_eq!(text(&*subject.open(), "row").await.as_deref(), Some("1"));
}
