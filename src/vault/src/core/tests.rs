use std::fs;

use symbolon_crypto::{SecretString, ecdsa::SigningKey, random};
use symbolon_service::clock;
use symbolon_store::{LocalStore, Options, StoreError};

use crate::{
    Error,
    init::{InitError, init},
    testing::{Installation, birth, caller, passphrase, reason, register},
};

#[tokio::test]
async fn the_trust_file_names_the_officers_of_the_birth() {
    let installation = Installation::new().await;
    let core = installation.sealed().await;
    let addresses: Vec<_> = installation
        .officers
        .iter()
        .map(SigningKey::address)
        .collect();
    assert_eq!(core.trust().officers(), addresses);
    assert_eq!(core.trust().threshold(), 2);
    assert_eq!(core.trust().origin(), "log.example.org/polls");
}

#[tokio::test]
async fn nothing_is_made_where_something_is() {
    let installation = Installation::new().await;
    let ring = fs::read(&installation.config.keys.ring).unwrap();
    let again = init(
        &installation.config,
        birth(&installation.officers),
        clock::unix_now(),
    )
    .await;
    assert!(matches!(again, Err(InitError::Exists(_))));
    assert!(fs::read(&installation.config.keys.ring).unwrap() == ring);
    installation.open().await;
}

#[tokio::test]
async fn a_wrong_passphrase_unseals_nothing() {
    let installation = Installation::new().await;
    let core = installation.sealed().await;
    let wrong = SecretString::new("wrong".to_owned());
    let refused = core.unseal(&caller(), wrong).await.unwrap_err();
    assert!(
        refused.to_string().contains("passphrase is wrong"),
        "{refused}"
    );
    assert!(core.seal.is_sealed());
    core.unseal(&caller(), passphrase()).await.unwrap();
}

#[tokio::test]
async fn an_older_ring_beside_the_present_store_is_refused() {
    let installation = Installation::new().await;
    let older = fs::read(&installation.config.keys.ring).unwrap();
    let core = installation.open().await;
    let now = clock::unix_now();
    let mint = move |edit: &mut symbolon_keyring::Edit| {
        let nonce = symbolon_election::Nonce::new([7; 32]);
        edit.mint_election(nonce, now, &mut random::os())
    };
    let adopt = |keys: std::sync::Arc<crate::seal::Keys>| {
        let core = &core;
        async move {
            let change = core.mirror(&keys, symbolon_store::Change::new()).await?;
            core.try_commit(change).await?.ok_or(Error::Contention)
        }
    };
    core.seal.update(mint, adopt).await.unwrap();
    core.store.close().await.unwrap();
    drop(core);
    fs::write(&installation.config.keys.ring, older).unwrap();
    let core = installation.sealed().await;
    let refused = core.unseal(&caller(), passphrase()).await;
    assert!(matches!(refused, Err(Error::OlderRing { .. })));
    assert!(core.seal.is_sealed());
}

#[tokio::test]
async fn a_vault_sealed_while_its_ring_changes_stays_sealed() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let now = clock::unix_now();
    let mint = move |edit: &mut symbolon_keyring::Edit| {
        let nonce = symbolon_election::Nonce::new([7; 32]);
        edit.mint_election(nonce, now, &mut random::os())
    };
    let adopt = |keys: std::sync::Arc<crate::seal::Keys>| {
        let core = &core;
        async move {
            core.seal(&caller()).await?;
            let change = core.mirror(&keys, symbolon_store::Change::new()).await?;
            core.try_commit(change).await?.ok_or(Error::Contention)
        }
    };
    let changed = core.seal.update(mint, adopt).await;
    assert!(matches!(changed, Err(Error::Sealed)));
    assert!(core.seal.is_sealed());
    core.unseal(&caller(), passphrase()).await.unwrap();
}

#[tokio::test]
async fn tries_to_unseal_are_audited_and_only_the_first_good_one_counts() {
    let installation = Installation::new().await;
    let core = installation.sealed().await;
    let before = core.store.head().await.unwrap().audit_size();
    let wrong = || SecretString::new("wrong".to_owned());
    let (by, none) = (caller(), caller());
    let tries = tokio::join!(
        core.unseal(&none, wrong()),
        core.unseal(&by, passphrase()),
        core.unseal(&by, passphrase()),
    );
    assert!(tries.0.is_err() && tries.1.is_ok());
    assert_eq!(reason(tries.2.unwrap_err()), "NOT_SEALED");
    let leaves = core.store.audit_leaves(before, 10).await.unwrap();
    let outcomes: Vec<_> = leaves
        .iter()
        .map(|leaf| String::from_utf8(leaf.clone()).unwrap())
        .collect();
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert!(outcomes[0].contains("refused") && outcomes[1].contains("unsealed"));
}

#[tokio::test]
async fn another_installations_ring_is_refused() {
    let (one, other) = (Installation::new().await, Installation::new().await);
    for (from, to) in [
        (&other.config.keys.ring, &one.config.keys.ring),
        (&other.config.keys.ring_secret, &one.config.keys.ring_secret),
    ] {
        fs::copy(from, to).unwrap();
    }
    let core = one.sealed().await;
    let refused = core.unseal(&caller(), passphrase()).await;
    assert!(matches!(refused, Err(Error::ForeignRing)));
}

#[tokio::test]
async fn a_store_has_one_process_and_is_not_rolled_back() {
    let installation = Installation::new().await;
    let store = &installation.config.store;
    let core = installation.open().await;
    let options = || Options::new(&store.directory, &store.checkpoint_file);
    assert!(matches!(
        LocalStore::open(options()),
        Err(StoreError::InUse(_))
    ));
    core.store.close().await.unwrap();
    drop(core);
    let older = store.directory.with_extension("older");
    copy(&store.directory, &older);
    let core = installation.open().await;
    register(&core, "main", ("Ann", "1990-01-01", Some("AA1")))
        .await
        .unwrap();
    core.store.close().await.unwrap();
    drop(core);
    fs::remove_dir_all(&store.directory).unwrap();
    fs::rename(&older, &store.directory).unwrap();
    assert!(matches!(
        LocalStore::open(options()),
        Err(StoreError::RolledBack { .. })
    ));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
