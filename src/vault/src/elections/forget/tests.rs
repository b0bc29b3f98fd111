use std::sync::{Arc, atomic::Ordering};

use symbolon_election::{Close, Destruction, ElectionId};
use symbolon_keyring::{Edit, KeyState};
use symbolon_tlog::{Note, VerifierKey};

use super::*;
use crate::{
    elections::{
        Entitled,
        tests::{Device, draft, opened, people, sign},
    },
    testing::{Installation, NOW, caller, portal, reason},
};

const FORGET_AFTER: u64 = NOW + 100_000;

/// An election for which three people have tokens.
async fn city(installation: &Installation, core: &Core) -> ElectionId {
    let ids = people(core, &["Ann", "Ben", "Eve"]).await;
    let election = opened(installation, core, draft(Entitled::Everybody)).await;
    for id in &ids {
        let device = Device::new(core, &election).await;
        device.issue(core, id).await.unwrap();
    }
    election
}

async fn rows(core: &Core, prefix: &Key) -> usize {
    let range = KeyRange::prefix(prefix);
    core.store.scan(range, 1000).await.unwrap().len()
}

/// The certificates in the audit log, verified by its key.
async fn certificates(core: &Core) -> Vec<Destruction> {
    let (_, key) = core.audit_checkpoint().await.unwrap();
    let key: VerifierKey = key.parse().unwrap();
    let leaves = core.audit_leaves(0, 1000).await.unwrap();
    let notes = leaves.iter().filter_map(|leaf| {
        let leaf: serde_json::Value = serde_json::from_slice(leaf).unwrap();
        Some(leaf.get("certificate")?.as_str()?.to_owned())
    });
    let destructions = notes.map(|note| {
        let note = Note::parse(note.as_bytes()).unwrap();
        key.verify(note.text(), &note.signatures()[0]).unwrap();
        Destruction::parse(note.text(), key.name()).unwrap()
    });
    destructions.collect()
}

#[tokio::test]
async fn an_election_is_forgotten_after_its_time_and_not_before() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let election = city(&installation, &core).await;
    let known = core.election(&election).await.unwrap();
    let keys = core.keys().unwrap();
    let own = known.keys(&keys).unwrap();
    let prefixes = OWN.map(|table| table.key(&[own.rows().key_id().as_bytes()]));
    installation.clock.store(FORGET_AFTER, Ordering::Relaxed);
    core.forget_elections().await.unwrap();
    for prefix in &prefixes {
        assert_eq!(rows(&core, prefix).await, 3);
    }
    assert_eq!(certificates(&core).await, []);

    let secret = keys.ring_secret();
    installation
        .clock
        .store(FORGET_AFTER + 1, Ordering::Relaxed);
    core.forget_elections().await.unwrap();
    core.forget_elections().await.unwrap();
    for prefix in &prefixes {
        assert_eq!(rows(&core, prefix).await, 0);
    }
    let keys = core.keys().unwrap();
    let nonce = known.manifest().nonce;
    let of_it = keys
        .all()
        .filter(|key| key.purpose.election() == Some(&nonce));
    let of_it: Vec<_> = of_it.collect();
    assert!(of_it.iter().all(|key| key.state == KeyState::Destroyed));
    let certificates = certificates(&core).await;
    assert_eq!(certificates.len(), 1);
    let ids: Vec<_> = certificates[0].keys.iter().map(|key| key.id).collect();
    let destroyed: Vec<_> = of_it.iter().map(|key| *key.id.as_bytes()).collect();
    assert_eq!(ids, destroyed);
    assert_eq!(certificates[0].rows, 6);
    assert_eq!(certificates[0].ring_secret, Some(*secret.as_bytes()));
    assert_eq!(rows(&core, &begun_prefix()).await, 0);
}

#[tokio::test]
async fn of_a_forgotten_election_nobody_is_told_who_asked_for_a_token_and_officers_still_close_it()
{
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann"]).await;
    let election = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let device = Device::new(&core, &election).await;
    device.issue(&core, &ids[0]).await.unwrap();
    installation
        .clock
        .store(FORGET_AFTER + 1, Ordering::Relaxed);
    core.forget_elections().await.unwrap();
    let (caller, portal) = (caller(), portal("main"));
    let asked = core.participation(&caller, &portal, &ids[0], &election);
    assert_eq!(reason(asked.await.unwrap_err()), "ELECTION_FORGOTTEN");
    let close = core.prepare_close(&election).await.unwrap();
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let close = sign(&core, &close, &[first, second]);
    core.close_election(&caller, &close).await.unwrap();
    let Ok(Entry::Close(signed)) = Entry::decode(&close) else {
        unreachable!()
    };
    let Close { issued, .. } = signed.statement;
    let list = installation.config.published.join(issued.to_string());
    assert_eq!(std::fs::read(list).unwrap().len(), 20);
    let known = core.election(&election).await.unwrap();
    assert_eq!(core.issued(&known).await.unwrap(), 1);
}

/// Lets the process end after so many steps of forgetting.
async fn interrupted(core: &Core, election: &ElectionId, steps: u32) {
    let known = core.end(election).await.unwrap();
    let keys = core.keys().unwrap();
    core.begin_to_forget(&keys, &known).await.unwrap();
    if steps > 1 {
        let own = known.keys(&keys).unwrap();
        let some = KeyRange::prefix(&OWN[0].key(&[own.rows().key_id().as_bytes()]));
        remove(&core.store, some, 2).await.unwrap();
    }
    if steps > 2 {
        let nonce = known.manifest().nonce;
        let forget = move |edit: &mut Edit| edit.forget_election(&nonce, FORGET_AFTER + 1);
        let adopt = |keys: Arc<Keys>| async move {
            let change = core.mirror(&keys, Change::new()).await?;
            core.try_commit(change).await?.ok_or(Error::Contention)
        };
        core.seal.update(forget, adopt).await.unwrap();
    }
}

#[tokio::test]
async fn forgetting_goes_on_where_the_process_ended() {
    for steps in 1..=3 {
        let installation = Installation::new().await;
        let core = installation.open().await;
        let election = city(&installation, &core).await;
        installation
            .clock
            .store(FORGET_AFTER + 1, Ordering::Relaxed);
        interrupted(&core, &election, steps).await;
        core.store.close().await.unwrap();
        drop(core);
        let core = installation.open().await;
        core.forget_elections().await.unwrap();
        core.forget_elections().await.unwrap();
        let keys = core.keys().unwrap();
        let mut of_it = keys.all().filter(|key| key.purpose.election().is_some());
        assert!(of_it.all(|key| key.state == KeyState::Destroyed), "{steps}");
        let certificates = certificates(&core).await;
        assert_eq!(certificates.len(), 1, "{steps}");
        let [certificate] = certificates.as_slice() else {
            unreachable!()
        };
        assert_eq!((certificate.keys.len(), certificate.rows), (3, 6));
        // Whoever went on no longer knew the ring secret.
        assert_eq!(certificate.ring_secret.is_none(), steps == 3);
        assert_eq!(rows(&core, &begun_prefix()).await, 0, "{steps}");
    }
}
