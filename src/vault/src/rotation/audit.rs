//! Another key for the audit log.
//!
//! The next key waits in the ring while a leaf names it, then both sign one checkpoint of a tree that
//! holds this leaf: so the old key vouches for the new one as it does for all of its log, and an auditor
//! who knows only the old one follows. The checkpoint is a leaf, too. From the next step on the new key
//! signs and hides the subjects of leaves; the old one is destroyed, and what it hid is recognised
//! by nobody any more.

use std::sync::Arc;

use symbolon_crypto::random;
use symbolon_keyring::{KeyState, Purpose, keys::AuditKey};
use symbolon_service::reasons::Reason;
use symbolon_store::{Change, Value};
use symbolon_tlog::KeyKind;

use super::{Rotation, Step, operation};
use crate::{
    Error,
    audit::{Caller, Leaf},
    audit_log::log_key,
    core::Core,
    seal::Keys,
};

impl Core {
    /// Mints the key that waits, and names it in the log.
    pub(super) async fn begin_audit_key(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let next = rotation.at(Step::CrossSign);
        if let Some(waits) = keys.next_audit() {
            // It was minted, and the process ended before it was named.
            let named = Change::new().audit(self.named(keys, waits, rotation).await?);
            return self.note(&next, row, named).await;
        }
        let now = self.now();
        let mint = move |edit: &mut symbolon_keyring::Edit| {
            edit.prepare(Purpose::Audit, now, &mut random::os())
                .map(drop)
        };
        let adopt = |keys: Arc<Keys>| async move {
            let waits = keys.next_audit().ok_or(Reason::Internal)?;
            let named = Change::new().audit(self.named(&keys, waits, rotation).await?);
            self.note(&next, row, self.mirror(&keys, named).await?)
                .await
        };
        self.seal.update(mint, adopt).await?;
        Ok(())
    }

    /// Both keys sign a checkpoint of the log, which holds the leaf that names them.
    pub(super) async fn cross_sign(&self, rotation: &Rotation, row: &Value) -> Result<(), Error> {
        let (note, _) = self.audit_checkpoint().await?;
        let signed = leaf(self.now(), rotation, "cross-signed").checkpoint(note);
        let change = Change::new().audit(signed.encode());
        self.note(&rotation.at(Step::Activate), row, change).await
    }

    /// The new key signs from here on.
    pub(super) async fn activate_audit_key(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let next = rotation.at(Step::Destroy);
        let Some(waits) = keys.info(&Purpose::Audit, KeyState::Pending) else {
            // It does already, and the process ended before it was noted.
            return self.note(&next, row, Change::new()).await;
        };
        let (id, now) = (waits.id, self.now());
        let activate = move |edit: &mut symbolon_keyring::Edit| edit.activate(id, now);
        let adopt = |keys: Arc<Keys>| async move {
            let activated = Change::new().audit(leaf(now, rotation, "activated").encode());
            self.note(&next, row, self.mirror(&keys, activated).await?)
                .await
        };
        self.seal.update(activate, adopt).await?;
        Ok(())
    }

    /// The leaf that names the key in force and the one that follows.
    async fn named(
        &self,
        keys: &Keys,
        next: &AuditKey,
        rotation: &Rotation,
    ) -> Result<Vec<u8>, Error> {
        let installation = self.store.head().await?.installation();
        let name = |key| -> Result<String, Error> {
            let key = log_key(key, &installation)?;
            Ok(key.verifier(KeyKind::Ed25519).to_string())
        };
        let keys = [name(keys.audit())?, name(next)?];
        Ok(leaf(self.now(), rotation, "begun").naming(keys).encode())
    }
}

fn leaf(now: u64, rotation: &Rotation, outcome: &'static str) -> Leaf<'static> {
    Leaf::new(now, &Caller::vault(), operation(rotation.key), outcome)
}

#[cfg(test)]
mod tests;
