//! What is refused when a store is opened, and that nothing is changed by it.

use std::fs;

use symbolon_store::{
    Change, FORMAT_VERSION, InstallationId, Key, LocalStore, MAX_VALUE, Options, Store, StoreError,
};

use crate::harness::Place;

fn row(n: u8) -> Change {
    Change::new()
        .put(Key::new(1, &[&[n]]), vec![n])
        .audit(vec![n])
}

/// The error of an opening that has to fail.
fn refusal(opened: Result<LocalStore, StoreError>) -> StoreError {
    opened.err().expect("it must not open")
}

#[test]
fn a_second_process_is_refused() {
    let place = Place::with_store();
    let first = place.open_local().unwrap();
    assert_eq!(
        refusal(place.open_local()),
        StoreError::InUse(place.directory())
    );
    drop(first);
    place.open_local().unwrap();
}

#[test]
fn a_store_that_is_not_there_is_missing() {
    let place = Place::new();
    assert_eq!(
        refusal(place.open_local()),
        StoreError::Missing(place.directory())
    );
}

#[test]
fn a_directory_of_something_else_is_no_store() {
    let place = Place::new();
    fs::create_dir(place.directory()).unwrap();
    fs::write(place.directory().join("notes"), "mine").unwrap();
    assert!(matches!(
        refusal(place.open_local()),
        StoreError::NotAStore { .. }
    ));
    assert_eq!(
        refusal(place.create()),
        StoreError::Exists(place.directory())
    );
    for format in ["", "{}", r#"{"format":"other","version":1}"#, "[1]"] {
        fs::write(place.directory().join("format"), format).unwrap();
        assert!(matches!(
            refusal(place.open_local()),
            StoreError::NotAStore { .. }
        ));
    }
}

#[test]
fn another_version_is_refused_by_its_number() {
    let place = Place::with_store();
    let says = |version: u32| {
        let text = format!(r#"{{"format":"symbolon-store","version":{version},"more":0}}"#);
        fs::write(place.directory().join("format"), text).unwrap();
        refusal(place.open_local())
    };
    let supported = FORMAT_VERSION;
    let found = supported + 1;
    assert_eq!(says(found), StoreError::NewerVersion { found, supported });
    let found = supported - 1;
    assert_eq!(says(found), StoreError::OlderVersion { found, supported });
}

#[test]
fn a_new_store_is_not_made_over_another() {
    let place = Place::with_store();
    assert_eq!(
        refusal(place.create()),
        StoreError::Exists(place.directory())
    );
    fs::remove_dir_all(place.directory()).unwrap();
    assert!(matches!(
        refusal(place.create()),
        StoreError::CheckpointExists(_)
    ));
}

#[test]
fn a_checkpoint_file_inside_the_store_is_refused() {
    let place = Place::with_store();
    let inside = place.directory().join("checkpoint");
    let open = || LocalStore::open(Options::new(place.directory(), &inside));
    assert_eq!(
        refusal(open()),
        StoreError::CheckpointInside(inside.clone())
    );
    let link = place.0.path().join("link");
    std::os::unix::fs::symlink(place.directory(), &link).unwrap();
    let linked = Options::new(place.directory(), link.join("checkpoint"));
    assert!(matches!(
        refusal(LocalStore::open(linked)),
        StoreError::CheckpointInside(_)
    ));
    let sneaky = Options::new(
        place.directory(),
        place.0.path().join("store/../store/sled/x"),
    );
    assert!(matches!(
        refusal(LocalStore::open(sneaky)),
        StoreError::CheckpointInside(_)
    ));
}

#[test]
fn without_its_checkpoint_file_a_store_does_not_open() {
    let place = Place::with_store();
    let kept = fs::read(place.checkpoint()).unwrap();
    fs::remove_file(place.checkpoint()).unwrap();
    assert!(matches!(
        refusal(place.open_local()),
        StoreError::CheckpointMissing(_)
    ));
    for damaged in [&b""[..], b"{}", b"not json", &kept[..kept.len() / 2]] {
        fs::write(place.checkpoint(), damaged).unwrap();
        assert!(matches!(
            refusal(place.open_local()),
            StoreError::CheckpointUnreadable { .. }
        ));
    }
    fs::write(place.checkpoint(), kept).unwrap();
    place.open_local().unwrap();
}

#[test]
fn the_checkpoint_file_of_another_store_is_refused() {
    let (place, other) = (Place::with_store(), Place::new());
    let installation = InstallationId::from_bytes([8; 32]);
    drop(LocalStore::create(other.options(), installation).unwrap());
    fs::copy(other.checkpoint(), place.checkpoint()).unwrap();
    assert!(matches!(
        refusal(place.open_local()),
        StoreError::CheckpointForeign(_)
    ));
}

#[tokio::test]
async fn an_older_copy_of_the_store_is_refused() {
    let place = Place::with_store();
    let store = place.open_local().unwrap();
    store.commit_one(row(1)).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let (older, older_checkpoint) = (copy(&place), fs::read(place.checkpoint()).unwrap());
    let store = place.open_local().unwrap();
    store.commit_one(row(2)).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let present = copy(&place);

    restore(&place, &older);
    let refused = refusal(place.open_local());
    assert!(matches!(
        refused,
        StoreError::RolledBack {
            generation: 1,
            checkpoint_generation: 2,
            ..
        }
    ));

    // A store that is ahead of its checkpoint file is the crash of yesterday.
    restore(&place, &present);
    fs::write(place.checkpoint(), older_checkpoint).unwrap();
    place.open_local().unwrap();
}

#[tokio::test]
async fn an_older_copy_that_was_written_on_elsewhere_is_refused() {
    let place = Place::with_store();
    let older = copy(&place);
    let first_checkpoint = fs::read(place.checkpoint()).unwrap();
    let write = async |leaves: std::ops::Range<u32>| {
        let store = place.open_local().unwrap();
        let leaf = |n: u32| Change::new().audit(n.to_be_bytes().to_vec());
        store.commit(leaves.map(leaf).collect()).await;
        store.close().await.unwrap();
    };
    write(0..5000).await;
    let seen = fs::read(place.checkpoint()).unwrap();
    // Its own history, longer by a good deal, opens.
    write(5000..9000).await;
    fs::write(place.checkpoint(), &seen).unwrap();
    place.open_local().unwrap();

    restore(&place, &older);
    fs::write(place.checkpoint(), first_checkpoint).unwrap();
    write(100..9100).await;
    fs::write(place.checkpoint(), &seen).unwrap();
    assert_eq!(
        refusal(place.open_local()),
        StoreError::Diverged { audit_size: 5000 }
    );
}

#[tokio::test]
async fn a_damaged_database_is_an_error_and_no_panic() {
    let place = Place::with_store();
    let store = place.open_local().unwrap();
    store.commit((0..200).map(row).collect()).await;
    drop(store);
    let whole = copy(&place);
    let mut opened = 0;
    for damage in 0..40_usize {
        restore(&place, &whole);
        let db = place.directory().join("sled/db");
        let mut bytes = fs::read(&db).unwrap();
        let at = damage * 997 % bytes.len().min(40_000);
        let end = (at + 64).min(bytes.len());
        bytes[at..end].fill(0xa5);
        fs::write(&db, bytes).unwrap();
        // Damage that nothing refers to any more may open; then all is there.
        if let Ok(store) = place.open_local() {
            assert_eq!(store.head().await.unwrap().audit_size(), 200);
            opened += 1;
        }
    }
    assert!(opened < 40);
}

#[tokio::test]
async fn without_room_changes_are_refused_and_reads_go_on() {
    let place = Place::with_store();
    let store = place.open_local().unwrap();
    store.commit_one(row(1)).await.unwrap();
    drop(store);
    let store = LocalStore::open(place.options().reserve(u64::MAX)).unwrap();
    let refused = store.commit_one(row(2)).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })));
    assert!(store.get_one(Key::new(1, &[&[1]])).await.unwrap().is_some());
    assert!(store.get_one(Key::new(1, &[&[2]])).await.unwrap().is_none());
}

#[tokio::test]
async fn the_checkpoint_file_follows_within_a_second_or_two() {
    let place = Place::with_store();
    let store = place.open_local().unwrap();
    let before = fs::read(place.checkpoint()).unwrap();
    store.commit_one(row(1)).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let after = fs::read(place.checkpoint()).unwrap();
    assert_ne!(before, after);
    assert!(
        String::from_utf8(after)
            .unwrap()
            .contains("\"generation\": 1")
    );
    drop(store);
}

fn copy(place: &Place) -> tempfile::TempDir {
    let target = tempfile::tempdir().unwrap();
    copy_tree(&place.directory(), &target.path().join("store"));
    target
}

fn restore(place: &Place, from: &tempfile::TempDir) {
    fs::remove_dir_all(place.directory()).unwrap();
    copy_tree(&from.path().join("store"), &place.directory());
}

fn copy_tree(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn the_database_keeps_everything_in_the_file_that_is_synced() {
    let place = Place::with_store();
    let store = place.open_local().unwrap();
    for round in 0..3_u8 {
        let row = |n: u8| Change::new().put(Key::new(1, &[&[n]]), vec![round; MAX_VALUE]);
        for answer in store.commit((0..200).map(row).collect()).await {
            answer.unwrap();
        }
    }
    store.close().await.unwrap();
    let beside = fs::read_dir(place.directory().join("sled/blobs")).unwrap();
    assert_eq!(beside.count(), 0);
}
