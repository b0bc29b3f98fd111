//! What a store does when its engine fails: it stops, tells who asked, and tries nothing again.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};

use crate::checkpoint::CheckpointFile;
use crate::engine::{Batch, Engine, RawKey, RawRow};
use crate::{Change, Head, InstallationId, Key, KeyRange, LocalStore, Outcome, Store, StoreError};

/// A switch that an engine obeys, and what it did.
#[derive(Default)]
struct Control {
    sync_fails: AtomicBool,
    apply_panics: AtomicBool,
    syncs: AtomicUsize,
    abandoned: AtomicBool,
    /// While true, a sync waits.
    held: Mutex<bool>,
    released: Condvar,
}

impl Control {
    fn hold(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.released.notify_all();
    }
}

struct Frail {
    rows: Mutex<BTreeMap<RawKey, Vec<u8>>>,
    control: Arc<Control>,
}

impl Engine for Frail {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.lock().unwrap().get(key).cloned())
    }

    fn range(
        &self,
        bounds: (Bound<RawKey>, Bound<RawKey>),
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let found = rows.range(bounds).take(limit);
        Ok(found
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn room(&self, _bytes: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        assert!(
            !self.control.apply_panics.load(Ordering::SeqCst),
            "as planned"
        );
        for (key, value) in batch {
            match value {
                Some(value) => self.rows.lock().unwrap().insert(key, value),
                None => self.rows.lock().unwrap().remove(&key),
            };
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        let held = self.control.held.lock().unwrap();
        drop(
            self.control
                .released
                .wait_while(held, |held| *held)
                .unwrap(),
        );
        self.control.syncs.fetch_add(1, Ordering::SeqCst);
        match self.control.sync_fails.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("the disk has died".into())),
            false => Ok(()),
        }
    }

    fn close(self: Box<Self>) -> Result<(), StoreError> {
        self.sync()
    }

    fn abandon(self: Box<Self>) {
        self.control.abandoned.store(true, Ordering::SeqCst);
    }
}

struct Setting {
    store: Arc<LocalStore>,
    control: Arc<Control>,
    failures: Receiver<StoreError>,
    checkpoint: std::path::PathBuf,
    place: tempfile::TempDir,
}

fn setting() -> Setting {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("store");
    std::fs::create_dir(&directory).unwrap();
    let path = place.path().join("checkpoint");
    let checkpoint = CheckpointFile::new(&path, &directory).unwrap();
    let control = Arc::new(Control::default());
    let engine = Frail {
        rows: Mutex::default(),
        control: Arc::clone(&control),
    };
    let head = Head::new(InstallationId::from_bytes([7; 32]));
    let (tell, failures) = channel();
    let on_failure = Box::new(move |error: &StoreError| tell.send(error.clone()).unwrap());
    let store = LocalStore::start(Box::new(engine), head, checkpoint, 2, on_failure).unwrap();
    Setting {
        store: Arc::new(store),
        control,
        failures,
        checkpoint: path,
        place,
    }
}

fn row(n: u8) -> Key {
    Key::new(1, &[&[n]])
}

fn put(n: u8) -> Change {
    Change::new().put(row(n), vec![n])
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_tried_again() {
    let Setting {
        store,
        control,
        failures,
        checkpoint,
        place: _kept,
        ..
    } = setting();
    assert!(store.commit_one(put(1)).await.unwrap().is_committed());
    control.sync_fails.store(true, Ordering::SeqCst);
    assert_eq!(
        store.commit_one(put(2)).await,
        Err(StoreError::Indeterminate)
    );
    control.sync_fails.store(false, Ordering::SeqCst);
    let unavailable = |error| matches!(error, StoreError::Unavailable(_));
    assert!(unavailable(store.commit_one(put(3)).await.unwrap_err()));
    assert!(unavailable(store.get_one(row(1)).await.unwrap_err()));
    assert!(unavailable(store.head().await.unwrap_err()));
    assert!(store.close().await.is_err());
    assert!(matches!(
        failures.recv().unwrap(),
        StoreError::Unavailable(_)
    ));
    drop(store);
    assert_eq!(control.syncs.load(Ordering::SeqCst), 2);
    assert!(control.abandoned.load(Ordering::SeqCst));
    assert!(
        !checkpoint.exists(),
        "a store that failed writes no checkpoint file"
    );
}

#[tokio::test]
async fn a_panic_of_the_engine_stops_the_store_and_answers() {
    let Setting {
        store,
        control,
        failures,
        place: _kept,
        ..
    } = setting();
    control.apply_panics.store(true, Ordering::SeqCst);
    let answer = store.commit_one(put(1)).await;
    assert_eq!(answer, Err(StoreError::Indeterminate));
    assert!(matches!(
        failures.recv().unwrap(),
        StoreError::Unavailable(_)
    ));
    assert!(store.commit_one(put(2)).await.is_err());
}

#[tokio::test]
async fn a_read_waits_for_the_sync_of_what_it_saw() {
    let Setting {
        store,
        control,
        place: _kept,
        ..
    } = setting();
    store.commit_one(put(1)).await.unwrap();
    control.hold(true);
    let commit = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit_one(put(2).delete(row(1))).await }
    });
    let short = std::time::Duration::from_millis(50);
    tokio::time::sleep(short).await;
    for key in [row(2), row(1)] {
        let read = tokio::time::timeout(short, store.get_one(key)).await;
        assert!(read.is_err(), "what is not on disk was told");
    }
    assert!(
        tokio::time::timeout(short, store.scan(KeyRange::all(), 9))
            .await
            .is_err()
    );
    assert!(tokio::time::timeout(short, store.snapshot()).await.is_err());
    assert_eq!(store.head().await.unwrap().generation(), 1);
    control.hold(false);
    assert!(commit.await.unwrap().unwrap().is_committed());
    assert!(store.get_one(row(2)).await.unwrap().is_some());
    assert!(store.get_one(row(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_read_of_what_was_never_synced_fails() {
    let Setting {
        store,
        control,
        place: _kept,
        ..
    } = setting();
    control.hold(true);
    let commit = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit_one(put(1)).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let read = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.get_one(row(1)).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    control.sync_fails.store(true, Ordering::SeqCst);
    control.hold(false);
    assert_eq!(commit.await.unwrap(), Err(StoreError::Indeterminate));
    assert!(matches!(
        read.await.unwrap(),
        Err(StoreError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_full_queue_makes_callers_wait_and_loses_nobody() {
    let Setting {
        store,
        control,
        place: _kept,
        ..
    } = setting();
    control.hold(true);
    let call = |n: u32| {
        let store = Arc::clone(&store);
        let change = Change::new().put(Key::new(2, &[&n.to_be_bytes()]), Vec::new());
        tokio::spawn(async move { store.commit(vec![change; 10]).await })
    };
    let calls: Vec<_> = (0..300).map(call).collect();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(store.head().await.unwrap().generation(), 0);
    control.hold(false);
    for call in calls {
        let answers = call.await.unwrap();
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer, Ok(Outcome::Committed { .. })))
        );
    }
    assert_eq!(store.head().await.unwrap().generation(), 3000);
}

#[tokio::test]
async fn closing_makes_what_was_taken_in() {
    let Setting {
        store,
        control,
        checkpoint,
        place: _kept,
        ..
    } = setting();
    control.hold(true);
    let commit = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit((0..200).map(put).collect()).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let close = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.close().await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    control.hold(false);
    assert!(commit.await.unwrap().iter().all(Result::is_ok));
    assert_eq!(close.await.unwrap(), Ok(()));
    assert!(
        std::fs::read_to_string(checkpoint)
            .unwrap()
            .contains("\"generation\": 200")
    );
}
