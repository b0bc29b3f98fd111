//! The audit log as auditors see it: checkpoints, leaves and proofs.

use symbolon_keyring::keys::AuditKey;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::InstallationId;
use symbolon_tlog::{Checkpoint, Hash, KeyKind, LogKey};

use crate::{Error, core::Core};

/// The most leaves of an answer.
pub const LEAVES: u32 = 1024;

impl Core {
    /// The newest checkpoint as a signed note, and the verifier key.
    pub async fn audit_checkpoint(&self) -> Result<(String, String), Error> {
        let keys = self.keys()?;
        let head = self.store.head().await?;
        let key = log_key(keys.audit(), &head.installation())?;
        let root = head.audit_frontier().root();
        let checkpoint = Checkpoint::new(key.name(), head.audit_size(), root).map_err(log_error)?;
        let mut signed = checkpoint.sign(&key, self.now()).map_err(log_error)?;
        // Whoever was told already that it follows finds its signature, too.
        if let Some(next) = keys.next_audit() {
            let next = log_key(next, &head.installation())?;
            signed.sign_also(&next, self.now()).map_err(log_error)?;
        }
        Ok((signed.to_text(), key.verifier(KeyKind::Ed25519).to_string()))
    }

    /// Leaves from `start` on, at most `limit` and [`LEAVES`] of them.
    pub async fn audit_leaves(&self, start: u64, limit: u32) -> Result<Vec<Vec<u8>>, Error> {
        self.keys()?;
        Ok(self
            .store
            .audit_leaves(start, limit.min(LEAVES) as usize)
            .await?)
    }

    /// RFC 6962 proof that leaf `index` is in the tree of `size` leaves.
    pub async fn audit_inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
        self.keys()?;
        if index >= size {
            return Err(out_of_range("index"));
        }
        let proof = self.store.audit_inclusion(index, size).await?;
        proof.ok_or_else(|| out_of_range("size"))
    }

    /// RFC 6962 proof that the tree of `second` leaves extends that of `first`.
    pub async fn audit_consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, Error> {
        self.keys()?;
        if first > second {
            return Err(out_of_range("first"));
        }
        let proof = self.store.audit_consistency(first, second).await?;
        proof.ok_or_else(|| out_of_range("second"))
    }
}

fn out_of_range(field: &'static str) -> Error {
    Refusal::new(Reason::OutOfRange).at(field).into()
}

/// The key that signs checkpoints; the log's origin names the installation.
pub(crate) fn log_key(audit: &AuditKey, installation: &InstallationId) -> Result<LogKey, Error> {
    let name = format!("symbolon-vault/{installation}");
    let seed = audit.checkpoints().expose_seed();
    LogKey::new(&name, seed.expose()).map_err(log_error)
}

pub(crate) fn log_error(error: symbolon_tlog::Error) -> Error {
    tracing::error!(%error, "the audit log's tree");
    Error::Row("audit")
}

#[cfg(test)]
mod tests {
    use symbolon_tlog::{
        SignedCheckpoint, VerifierKey, leaf_hash, verify_consistency, verify_inclusion,
    };

    use crate::testing::{Installation, caller, reason};

    #[tokio::test]
    async fn leaves_and_proofs_fit_the_signed_checkpoint() {
        let installation = Installation::new().await;
        let core = installation.open().await;
        let before = core.store.head().await.unwrap();
        for _ in 0..300 {
            core.audit(&caller(), "Test", "done").await.unwrap();
        }
        let (note, key) = core.audit_checkpoint().await.unwrap();
        let key: VerifierKey = key.parse().unwrap();
        let signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        let checkpoint = signed.verify(&key).unwrap();
        let (size, root) = (checkpoint.size(), checkpoint.root());
        let leaf = core.audit_leaves(7, 1).await.unwrap().remove(0);
        let proof = core.audit_inclusion(7, size).await.unwrap();
        verify_inclusion(&leaf_hash(&leaf), 7, size, &proof, root).unwrap();
        let proof = core
            .audit_consistency(before.audit_size(), size)
            .await
            .unwrap();
        let (first, old) = (before.audit_size(), before.audit_frontier().root());
        verify_consistency((first, &old), (size, root), &proof).unwrap();
    }

    #[tokio::test]
    async fn a_position_beyond_the_end_is_refused() {
        let installation = Installation::new().await;
        let core = installation.open().await;
        let refused = core.audit_inclusion(0, 1_000_000).await;
        assert_eq!(reason(refused.unwrap_err()), "OUT_OF_RANGE");
        let refused = core.audit_consistency(2, 1).await;
        assert_eq!(reason(refused.unwrap_err()), "OUT_OF_RANGE");
    }
}
