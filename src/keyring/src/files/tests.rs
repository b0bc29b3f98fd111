use std::fs;

use symbolon_crypto::{SecretString, password::Costs, random};
use symbolon_election::Nonce;

use super::*;
use crate::{KeyState, Purpose};

fn passphrase() -> SecretString {
    SecretString::new("correct horse battery staple".into())
}

struct World {
    folder: tempfile::TempDir,
    files: RingFiles,
    ring: Ring,
}

/// A ring with one election, on disk.
fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let media = ["disk", "stick"].map(|name| folder.path().join(name));
    media
        .iter()
        .for_each(|medium| fs::create_dir(medium).unwrap());
    let files = RingFiles::new(media[0].join("ring"), media[1].join("ring.secret"));
    let rng = &mut random::os();
    let costs = Costs::new(64, 1, 1).unwrap();
    let (mut ring, secret) = Ring::create(&passphrase(), costs, 100, rng).unwrap();
    files.create(&ring, &secret, rng).unwrap();
    files
        .update(&mut ring, rng, |edit| {
            edit.mint_election(nonce(), 110, &mut random::os())
        })
        .unwrap();
    World {
        folder,
        files,
        ring,
    }
}

fn nonce() -> Nonce {
    Nonce::new([7; 32])
}

fn forget(edit: &mut Edit) -> Result<(), Error> {
    edit.forget_election(&nonce(), 200)
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_created_ring_unseals() {
    let World {
        files,
        ring,
        folder: _folder,
    } = world();
    let opened = files.unseal(&passphrase()).unwrap();
    assert_eq!(opened.installation(), ring.installation());
    assert_eq!(opened.revision(), 2);
    assert!(opened.election(&nonce()).is_some());
}

#[test]
fn files_that_are_there_are_not_overwritten() {
    let World {
        files,
        ring,
        folder: _folder,
    } = world();
    let before = fs::read(files.ring_path()).unwrap();
    let rng = &mut random::os();
    assert!(files.create(&ring, &RingSecret::random(rng), rng).is_err());
    fs::remove_file(files.ring_path()).unwrap();
    assert!(files.create(&ring, &RingSecret::random(rng), rng).is_err());
    assert!(!files.ring_path().exists());
    fs::write(files.ring_path(), before).unwrap();
}

#[test]
fn a_refused_change_changes_nothing() {
    let World {
        files,
        mut ring,
        folder: _folder,
    } = world();
    let before = fs::read(files.ring_path()).unwrap();
    let rng = &mut random::os();
    let refused = files.update(&mut ring, rng, |edit| {
        edit.mint_election(nonce(), 120, &mut random::os())
    });
    assert!(matches!(refused, Err(Error::AlreadyThere(_))));
    assert_eq!(ring.revision(), 2);
    assert_eq!(fs::read(files.ring_path()).unwrap(), before);
}

#[test]
fn a_destruction_makes_root_and_ring_secret_anew() {
    let World {
        files,
        mut ring,
        folder: _folder,
    } = world();
    let (old_ring, old_secret) = (
        fs::read(files.ring_path()).unwrap(),
        fs::read(files.secret_path()).unwrap(),
    );
    let older = files.read().unwrap();
    files.update(&mut ring, &mut random::os(), forget).unwrap();

    let opened = files.unseal(&passphrase()).unwrap();
    assert!(opened.election(&nonce()).is_none());
    assert_ne!(opened.ring_secret_id(), older.ring_secret_id());
    assert_ne!(fs::read(files.secret_path()).unwrap(), old_secret);
    assert_eq!(names(files.secret_path()), ["ring.secret"]);
    assert_eq!(names(files.ring_path()), ["ring"]);

    // A copy of the older ring beside the present secret, and the older secret beside the present ring.
    let new_ring = fs::read(files.ring_path()).unwrap();
    symbolon_crypto::keyfile::replace_atomically(files.ring_path(), &old_ring, 0o600).unwrap();
    assert!(matches!(
        files.unseal(&passphrase()),
        Err(Error::OtherRingSecret { .. })
    ));
    symbolon_crypto::keyfile::replace_atomically(files.ring_path(), &new_ring, 0o600).unwrap();
    symbolon_crypto::keyfile::replace_atomically(files.secret_path(), &old_secret, 0o600).unwrap();
    assert!(matches!(
        files.unseal(&passphrase()),
        Err(Error::OtherRingSecret { .. })
    ));
}

/// Runs the first steps of a destruction, and, of the step after them, what a loss of power can leave: the
/// file beside the target.
fn crash_after(files: &RingFiles, ring: &Ring, count: usize, torn: bool) -> usize {
    let (_, steps, ()) = files.plan(ring, &mut random::os(), forget).unwrap();
    steps::run(&steps[..count]).unwrap();
    if let (true, Some(Step::Write { path, bytes })) = (torn, steps.get(count)) {
        let half = &bytes.expose()[..bytes.len() / 2];
        fs::write(keyfile::beside(path).unwrap(), half).unwrap();
    }
    steps.len()
}

#[test]
fn a_crash_between_any_two_steps_of_a_destruction_leaves_a_pair_that_fits() {
    for torn in [false, true] {
        for count in 0..=3 {
            let World {
                files,
                ring,
                folder: _folder,
            } = world();
            assert_eq!(crash_after(&files, &ring, count, torn), 3);
            let mut opened = files.unseal(&passphrase()).unwrap();
            let forgotten = count >= 2;
            assert_eq!(
                opened.election(&nonce()).is_none(),
                forgotten,
                "after {count} steps"
            );
            assert!(!files.next_secret().exists(), "the other secret is gone");
            assert_eq!(
                files.unseal(&passphrase()).unwrap().revision(),
                opened.revision()
            );
            if !forgotten {
                files
                    .update(&mut opened, &mut random::os(), forget)
                    .unwrap();
            }
            assert!(
                files
                    .unseal(&passphrase())
                    .unwrap()
                    .election(&nonce())
                    .is_none()
            );
        }
    }
}

/// Two destructions, each cut short at any place, without an unsealing between them.
#[test]
fn a_crash_within_a_crash_leaves_a_pair_that_fits() {
    for first in 0..=3 {
        for second in [0, 1, 2, 4] {
            let World {
                files,
                ring,
                folder: _folder,
            } = world();
            let (next, steps, ()) = files.plan(&ring, &mut random::os(), forget).unwrap();
            steps::run(&steps[..first]).unwrap();
            let ring = if first >= 2 { next } else { ring };
            let again = files.plan(&ring, &mut random::os(), |edit| {
                let id = edit.prepare(Purpose::Index, 300, &mut random::os())?;
                edit.destroy(id, 301)
            });
            let (_, steps, ()) = again.unwrap();
            let count = second.min(steps.len());
            steps::run(&steps[..count]).unwrap();
            let opened = files.unseal(&passphrase()).unwrap();
            let destroyed = opened.keys().any(|key| key.state == KeyState::Destroyed);
            assert_eq!(
                destroyed,
                first >= 2 || count + 1 >= steps.len(),
                "{first}, {second}"
            );
        }
    }
}

#[test]
fn a_change_that_can_t_be_written_isn_t_there_in_memory_either() {
    let World {
        files,
        mut ring,
        folder: _folder,
    } = world();
    let elsewhere = RingFiles::new(
        files.ring_path().with_file_name("none/ring"),
        files.secret_path(),
    );
    let failed = elsewhere.update(&mut ring, &mut random::os(), forget);
    assert!(failed.is_err());
    assert!(ring.election(&nonce()).is_some());
}

#[test]
fn a_missing_secret_is_named_by_its_file() {
    let World {
        files,
        folder: _folder,
        ..
    } = world();
    fs::remove_file(files.secret_path()).unwrap();
    let error = files
        .unseal(&passphrase())
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(error.contains("ring.secret"), "{error}");
}

#[test]
fn a_wrong_passphrase_changes_nothing() {
    let World {
        files,
        ring,
        folder: _folder,
    } = world();
    crash_after(&files, &ring, 2, false);
    let wrong = files.unseal(&SecretString::new("wrong".into()));
    assert!(matches!(wrong, Err(Error::DoesNotOpen)));
    assert!(files.next_secret().exists() && files.secret_path().exists());
}

/// Else the older secret could be taken for the newer ring, which would never open again.
#[test]
fn a_ring_that_isn_t_the_one_on_disk_is_not_written_over_it() {
    let World {
        files,
        mut ring,
        folder: _folder,
    } = world();
    crash_after(&files, &ring, 2, false);
    let prepared = files.update(&mut ring, &mut random::os(), |edit| {
        edit.prepare(Purpose::Index, 300, &mut random::os())
    });
    assert!(matches!(prepared, Err(Error::ChangedOnDisk)));
    assert!(
        files
            .unseal(&passphrase())
            .unwrap()
            .election(&nonce())
            .is_none()
    );
}
