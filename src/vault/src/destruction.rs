//! The end of keys: destroyed in the ring, and certified in the audit log by a note that its key signs.

use std::sync::Arc;

use symbolon_election::destruction::{DestroyedKey, Destruction, Tree};
use symbolon_keyring::{Edit, KeyInfo, RingSecretId};
use symbolon_store::Change;
use symbolon_tlog::Note;

use crate::{
    Error,
    audit::Leaf,
    audit_log::{log_error, log_key},
    core::Core,
    seal::Keys,
};

/// What is certified.
struct Destroyed {
    keys: Vec<KeyInfo>,
    /// Rows that lay under them.
    rows: u64,
    /// The ring secret that went with them, where it is known.
    ring_secret: Option<RingSecretId>,
}

impl Core {
    /// Destroys those of the keys, and writes `end` with the certificate in `leaf`. Where the process
    /// ended between the two, what is destroyed already is certified.
    pub(crate) async fn destroy(
        &self,
        keys: &Keys,
        those: impl Fn(&KeyInfo) -> bool,
        rows: u64,
        leaf: Leaf<'_>,
        end: Change,
    ) -> Result<(), Error> {
        let all = keys.all().filter(|key| those(key)).cloned();
        let (live, gone): (Vec<_>, Vec<_>) = all.partition(|key| key.state.is_live());
        if live.is_empty() {
            let destroyed = Destroyed {
                keys: gone,
                rows,
                ring_secret: None,
            };
            return self.certify(keys, destroyed, leaf, end).await;
        }
        let (ids, now) = (
            live.iter().map(|key| key.id).collect::<Vec<_>>(),
            self.now(),
        );
        let destroyed = Destroyed {
            keys: live,
            rows,
            ring_secret: Some(keys.ring_secret()),
        };
        let destroy =
            move |edit: &mut Edit| ids.into_iter().try_for_each(|id| edit.destroy(id, now));
        let adopt = |keys: Arc<Keys>| async move {
            let end = self.mirror(&keys, end).await?;
            self.certify(&keys, destroyed, leaf, end).await
        };
        self.seal.update(destroy, adopt).await?;
        Ok(())
    }

    async fn certify(
        &self,
        keys: &Keys,
        destroyed: Destroyed,
        leaf: Leaf<'_>,
        end: Change,
    ) -> Result<(), Error> {
        let leaf = leaf
            .counting(destroyed.rows)
            .certified(self.certificate(keys, destroyed).await?);
        self.try_commit(end.audit(leaf.encode()))
            .await?
            .ok_or(Error::Contention)
    }

    async fn certificate(&self, keys: &Keys, destroyed: Destroyed) -> Result<String, Error> {
        let head = self.store.head().await?;
        let log = log_key(keys.audit(), &head.installation())?;
        let tree = Tree {
            size: head.audit_size(),
            root: head.audit_frontier().root().into(),
        };
        let named = destroyed.keys.iter().map(|key| DestroyedKey {
            purpose: key.purpose.to_string(),
            epoch: key.epoch.0,
            id: *key.id.as_bytes(),
            minted: key.minted,
        });
        let secret = destroyed.ring_secret.map(|secret| *secret.as_bytes());
        let destruction =
            Destruction::new(self.now(), named.collect(), destroyed.rows, secret, tree);
        let text = destruction.to_text(log.name());
        let signature = log.sign(&text);
        let mut note = Note::new(text).map_err(log_error)?;
        note.add(signature).map_err(log_error)?;
        Ok(note.to_text())
    }
}
