use symbolon_election::proposal::RotatedKey;
use symbolon_tlog::{SignedCheckpoint, VerifierKey};

use super::*;
use crate::{
    rotation::tests::{begin, reopened, step},
    testing::{Installation, caller, passphrase, register},
};

/// The checkpoint and the key that the vault gives for it, which signed it.
async fn checkpoint(core: &Core) -> (SignedCheckpoint, VerifierKey) {
    let (note, key) = core.audit_checkpoint().await.unwrap();
    let key: VerifierKey = key.parse().unwrap();
    let signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    signed.verify(&key).unwrap();
    (signed, key)
}

/// The leaves that tell of the rotation.
async fn told(core: &Core) -> Vec<serde_json::Value> {
    let leaves = core.audit_leaves(0, 1024).await.unwrap();
    let leaves = leaves
        .iter()
        .map(|leaf| serde_json::from_slice(leaf).unwrap());
    leaves
        .filter(|leaf: &serde_json::Value| leaf["operation"] == "RotateAuditKey")
        .collect()
}

fn outcomes(told: &[serde_json::Value]) -> Vec<&str> {
    told.iter()
        .map(|leaf| leaf["outcome"].as_str().unwrap())
        .collect()
}

const ALL: [&str; 4] = ["begun", "cross-signed", "activated", "destroyed"];

#[tokio::test]
async fn the_old_key_and_the_new_one_sign_a_checkpoint_and_the_old_one_is_destroyed() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let (_, old) = checkpoint(&core).await;
    let subject = core.keys().unwrap().audit().subject("record", b"1");
    begin(&core, RotatedKey::Audit).await;
    core.rotate().await.unwrap();
    let (signed, new) = checkpoint(&core).await;
    assert!(new != old && signed.verify(&old).is_err());
    let told = told(&core).await;
    assert_eq!(outcomes(&told), ALL);
    let named = [old.to_string(), new.to_string()];
    assert_eq!(told[0]["keys"], serde_json::json!(named));
    let both = told[1]["checkpoint"].as_str().unwrap();
    let both = SignedCheckpoint::parse(both.as_bytes()).unwrap();
    both.verify(&old).unwrap();
    both.verify(&new).unwrap();
    let certificate = told[3]["certificate"].as_str().unwrap();
    assert!(
        certificate.contains("\"purpose\":\"audit\""),
        "{certificate}"
    );
    let keys = core.keys().unwrap();
    let states: Vec<_> = keys
        .all()
        .filter(|key| key.purpose == Purpose::Audit)
        .map(|key| key.state)
        .collect();
    assert_eq!(states, [KeyState::Destroyed, KeyState::Active]);
    // What the old key hid is recognised by nobody.
    assert!(keys.audit().subject("record", b"1") != subject);
    core.seal(&caller()).await.unwrap();
    core.unseal(&caller(), passphrase()).await.unwrap();
}

#[tokio::test]
async fn a_vault_that_dies_at_any_step_goes_on_and_its_checkpoints_always_follow() {
    let installation = Installation::new().await;
    let mut core = installation.open().await;
    let (_, old) = checkpoint(&core).await;
    begin(&core, RotatedKey::Audit).await;
    let mut keys = vec![old.clone()];
    loop {
        core = reopened(core, &installation).await;
        let person = ("Ann", "1990-01-01", Some("DOC1"));
        register(&core, "main", person).await.unwrap();
        let (signed, key) = checkpoint(&core).await;
        if *keys.last().unwrap() != key {
            // Only once both had signed.
            assert!(
                told(&core)
                    .await
                    .iter()
                    .any(|leaf| leaf["checkpoint"].is_string())
            );
            keys.push(key);
        }
        if told(&core).await.len() >= 2 {
            // Who has followed to the new key finds its signature at every step.
            let named = told(&core).await[0]["keys"][1].clone();
            let new: VerifierKey = named.as_str().unwrap().parse().unwrap();
            signed.verify(&new).unwrap();
        }
        if !step(&core).await {
            break;
        }
    }
    assert_eq!(keys.len(), 2);
    assert_eq!(outcomes(&told(&core).await), ALL);
}

#[tokio::test]
async fn a_ring_that_was_written_while_the_store_was_not_told_is_gone_on_with() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    begin(&core, RotatedKey::Audit).await;
    // Minted, not named.
    let now = core.now();
    let mint = move |edit: &mut symbolon_keyring::Edit| {
        edit.prepare(Purpose::Audit, now, &mut random::os())
            .map(drop)
    };
    let adopt = |_| async { Err(Error::Contention) };
    assert!(core.seal.update(mint, adopt).await.is_err());
    let core = reopened(core, &installation).await;
    assert!(step(&core).await && step(&core).await);
    // Activated, not noted.
    let keys = core.keys().unwrap();
    let waits = keys.info(&Purpose::Audit, KeyState::Pending).unwrap().id;
    let activate = move |edit: &mut symbolon_keyring::Edit| edit.activate(waits, now);
    let adopt = |_| async { Err(Error::Contention) };
    assert!(core.seal.update(activate, adopt).await.is_err());
    let core = reopened(core, &installation).await;
    while step(&core).await {}
    let told = told(&core).await;
    assert_eq!(outcomes(&told), ["begun", "cross-signed", "destroyed"]);
    let (_, new) = checkpoint(&core).await;
    assert_eq!(told[0]["keys"][1], new.to_string());
}
