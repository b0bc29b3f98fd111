use std::{path::PathBuf, sync::atomic::Ordering};

use symbolon_crypto::keyfile;

use super::*;
use crate::{
    config::VaultConfig,
    init::Unsealing,
    testing::{Installation, caller, passphrase, reason},
};

const MADE: u8 = 5;
const NEEDED: u8 = 3;

fn shared(folder: PathBuf) -> Unsealing {
    Unsealing::Shares {
        threshold: NEEDED,
        shares: MADE,
        folder,
    }
}

/// An installation of three-of-five, and where its shares lie.
async fn installation() -> (Installation, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let shares = folder.path().join("shares");
    let installation = Installation::unsealed_by(shared(shares.clone())).await;
    (installation, shares, folder)
}

fn pass(installation: &Installation, seconds: u64) {
    installation.clock.fetch_add(seconds, Ordering::Relaxed);
}

fn text(folder: &std::path::Path, number: u8) -> Vec<u8> {
    let path = folder.join(format!("share-{number}"));
    keyfile::read_bytes(&path, 4096).unwrap().expose().to_vec()
}

fn share(folder: &std::path::Path, number: u8) -> Share {
    Share::parse(&text(folder, number)).unwrap()
}

/// A share of the right label whose value was altered.
fn wrong(folder: &std::path::Path, number: u8) -> Share {
    let mut text = text(folder, number);
    let last = text.len() - 2;
    text[last] = if text[last] == b'0' { b'1' } else { b'0' };
    Share::parse(&text).unwrap()
}

async fn leaves(core: &Core, from: u64) -> Vec<String> {
    let leaves = core.store.audit_leaves(from, 100).await.unwrap();
    let parsed = leaves.iter().map(|leaf| {
        let leaf: serde_json::Value = serde_json::from_slice(leaf).unwrap();
        let field = |name: &str| leaf[name].as_str().unwrap().to_owned();
        format!("{}: {}", field("operation"), field("outcome"))
    });
    parsed.collect()
}

#[tokio::test]
async fn three_of_five_shares_unseal_in_any_order_and_a_share_counts_once() {
    let (installation, folder, _guard) = installation().await;
    let core = installation.sealed().await;
    let from = core.store.head().await.unwrap().audit_size();
    for (number, given) in [(4, 1), (2, 2), (4, 2)] {
        let progress = core.hand_in(&caller(), share(&folder, number)).await;
        let needed = NEEDED;
        assert_eq!(progress.unwrap(), Progress { given, needed });
        assert!(core.seal.is_sealed());
        assert_eq!(core.seal.given.count(), given);
    }
    core.hand_in(&caller(), share(&folder, 1)).await.unwrap();
    assert!(!core.seal.is_sealed());
    assert_eq!(core.seal.given.count(), 0);
    let refused = core.hand_in(&caller(), share(&folder, 1)).await;
    assert_eq!(reason(refused.unwrap_err()), "NOT_SEALED");
    let told = leaves(&core, from).await;
    let expected = [
        "HandInShare: share 4, 1 of 3",
        "HandInShare: share 2, 2 of 3",
        "HandInShare: share 4 again, 2 of 3",
        "HandInShare: share 1, 3 of 3",
        "Unseal: unsealed",
    ];
    assert_eq!(told[..5], expected);
}

#[tokio::test]
async fn a_wrong_share_shows_at_the_end_only_and_all_are_forgotten() {
    let (installation, folder, _guard) = installation().await;
    let core = installation.sealed().await;
    for place in 1..=NEEDED {
        for number in 1..=NEEDED {
            let share = match number == place {
                true => wrong(&folder, number),
                false => share(&folder, number),
            };
            let progress = core.hand_in(&caller(), share).await;
            match number == NEEDED {
                false => assert_eq!(progress.unwrap().given, number),
                true => assert!(matches!(
                    progress,
                    Err(Error::Keyring(RingError::DoesNotOpen))
                )),
            }
        }
        assert!(core.seal.is_sealed());
        assert_eq!(core.seal.given.count(), 0);
    }
    for number in [5, 1, 3] {
        core.hand_in(&caller(), share(&folder, number))
            .await
            .unwrap();
    }
    assert!(!core.seal.is_sealed());
}

/// Another value under a known number is answered as the same share again: no oracle.
#[tokio::test]
async fn another_value_of_a_number_is_answered_like_the_same_one_and_not_kept() {
    let (installation, folder, _guard) = installation().await;
    let core = installation.sealed().await;
    core.hand_in(&caller(), share(&folder, 1)).await.unwrap();
    let same = core.hand_in(&caller(), share(&folder, 1)).await.unwrap();
    let other = core.hand_in(&caller(), wrong(&folder, 1)).await.unwrap();
    assert_eq!(same, other);
    for number in [2, 3] {
        core.hand_in(&caller(), share(&folder, number))
            .await
            .unwrap();
    }
    assert!(!core.seal.is_sealed());
}

#[tokio::test]
async fn a_share_of_another_installation_is_refused_at_once_by_its_field() {
    let (installation, folder, _guard) = installation().await;
    let (_other, foreign, _other_guard) = self::installation().await;
    let core = installation.sealed().await;
    core.hand_in(&caller(), share(&folder, 1)).await.unwrap();
    let refused = core.hand_in(&caller(), share(&foreign, 2)).await;
    let refusal = Refusal::from(refused.unwrap_err());
    assert_eq!(refusal.field(), Some("share"));
    assert_eq!(core.seal.given.count(), 1);
    // One that claims to be of this installation shows at the end only.
    let own = String::from_utf8(text(&folder, 2)).unwrap();
    let others = String::from_utf8(text(&foreign, 2)).unwrap();
    let label = own.len() - 1 - 64;
    let forged = format!("{}{}", &own[..label], &others[label..]);
    let forged = Share::parse(forged.as_bytes()).unwrap();
    core.hand_in(&caller(), forged).await.unwrap();
    let refused = core.hand_in(&caller(), share(&folder, 3)).await;
    assert!(matches!(
        refused,
        Err(Error::Keyring(RingError::DoesNotOpen))
    ));
}

#[tokio::test]
async fn an_officer_cancels_and_ten_minutes_do_too() {
    let (installation, folder, _guard) = installation().await;
    let core = installation.sealed().await;
    core.hand_in(&caller(), share(&folder, 1)).await.unwrap();
    let from = core.store.head().await.unwrap().audit_size();
    core.cancel_unsealing(&caller()).await.unwrap();
    assert_eq!(core.seal.given.count(), 0);
    core.hand_in(&caller(), share(&folder, 2)).await.unwrap();
    pass(&installation, PATIENCE - 1);
    core.hand_in(&caller(), share(&folder, 3)).await.unwrap();
    core.expire_shares().await.unwrap();
    assert_eq!(core.seal.given.count(), 2);
    pass(&installation, 1);
    core.expire_shares().await.unwrap();
    assert_eq!(core.seal.given.count(), 0);
    // Nobody has to look first: the next share begins anew.
    core.hand_in(&caller(), share(&folder, 1)).await.unwrap();
    pass(&installation, PATIENCE);
    let progress = core.hand_in(&caller(), share(&folder, 2)).await.unwrap();
    assert_eq!(progress.given, 1);
    let told = leaves(&core, from).await;
    let ends: Vec<_> = told.iter().filter(|it| it.starts_with("Cancel")).collect();
    let expired = "CancelUnsealing: expired";
    assert_eq!(ends, ["CancelUnsealing: cancelled", expired, expired]);
}

#[tokio::test]
async fn each_way_of_unsealing_refuses_what_the_other_wants() {
    let (shares, folder, _guard) = installation().await;
    let core = shares.sealed().await;
    let refused = core.unseal(&caller(), passphrase()).await;
    assert!(matches!(
        refused,
        Err(Error::Keyring(RingError::OtherUnsealing))
    ));
    let one = Installation::new().await;
    let core = one.sealed().await;
    let refused = core.hand_in(&caller(), share(&folder, 1)).await;
    assert!(matches!(
        refused,
        Err(Error::Keyring(RingError::OtherUnsealing))
    ));
    assert_eq!(core.seal.given.count(), 0);
}

#[tokio::test]
async fn shares_are_for_their_owner_only_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let (installation, folder, _guard) = installation().await;
    for number in 1..=MADE {
        let path = folder.join(format!("share-{number}"));
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let kept = text(&folder, MADE);
    for number in 1..MADE {
        std::fs::remove_file(folder.join(format!("share-{number}"))).unwrap();
    }
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().join("vault.toml");
    std::fs::copy(&installation.path, &path).unwrap();
    let birth = crate::init::Birth {
        unsealing: shared(folder.clone()),
        ..crate::testing::birth(&installation.officers)
    };
    let config = VaultConfig::read(&path).unwrap();
    let again = crate::init::init(&config, birth, 0).await;
    assert!(matches!(again, Err(crate::init::InitError::Exists(_))));
    assert!(text(&folder, MADE) == kept);
    assert!(!config.keys.ring.exists() && !folder.join("share-1").exists());
}
