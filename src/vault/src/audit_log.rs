//! The audit log as auditors see it: checkpoints, leaves and proofs.

use std::sync::Arc;

use symbolon_keyring::keys::AuditKey;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::InstallationId;
use symbolon_tlog::{
    Checkpoint, Hash, KeyKind, LogKey, TileMap, TreeWriter, consistency_proof, inclusion_proof,
    leaf_hash,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{Error, core::Core, sweep::blocking};

/// The most leaves of an answer.
pub const LEAVES: u32 = 1024;
/// Leaves that are read and hashed at a time when the tree grows.
const READ: usize = 8192;
/// How often the log tells how far the tree is, in leaves.
const TOLD: u64 = 1 << 20;

/// The tiles of the log's tree: a cache, 32 bytes a leaf, made of the leaves alone.
#[derive(Default)]
pub(crate) struct AuditTiles(Arc<Mutex<Tree>>);

#[derive(Default)]
struct Tree {
    writer: TreeWriter,
    tiles: TileMap,
}

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
        self.check_audit_size(size).await?;
        if index >= size {
            return Err(Refusal::new(Reason::OutOfRange).at("index").into());
        }
        let tree = self.audit_tree(size).await?;
        inclusion_proof(&tree.tiles, index, size).map_err(log_error)
    }

    /// RFC 6962 proof that the tree of `second` leaves extends that of `first`.
    pub async fn audit_consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, Error> {
        self.check_audit_size(second).await?;
        if first > second {
            return Err(Refusal::new(Reason::OutOfRange).at("first").into());
        }
        let tree = self.audit_tree(second).await?;
        consistency_proof(&tree.tiles, first, second).map_err(log_error)
    }

    async fn check_audit_size(&self, size: u64) -> Result<(), Error> {
        self.keys()?;
        match size <= self.store.head().await?.audit_size() {
            true => Ok(()),
            false => Err(Refusal::new(Reason::OutOfRange).at("size").into()),
        }
    }

    /// The tree, grown to `size` leaves at least: hashed off the connection's worker, and once
    /// for all who wait for it.
    async fn audit_tree(&self, size: u64) -> Result<OwnedMutexGuard<Tree>, Error> {
        let mut tree = Arc::clone(&self.audit_tiles.0).lock_owned().await;
        while tree.writer.size() < size {
            let from = tree.writer.size();
            let leaves = self.store.audit_leaves(from, READ).await?;
            if leaves.is_empty() {
                return Err(Error::Row("audit"));
            }
            tree = blocking(move || {
                tree.grow(&leaves);
                Ok(tree)
            })
            .await?;
            let (before, now) = (from / TOLD, tree.writer.size() / TOLD);
            if before != now {
                tracing::info!(leaves = tree.writer.size(), "the audit log's tree is built");
            }
        }
        Ok(tree)
    }
}

impl Tree {
    fn grow(&mut self, leaves: &[Vec<u8>]) {
        let Self { writer, tiles } = self;
        for leaf in leaves {
            writer.push(leaf_hash(leaf), |tile| tiles.insert(tile));
        }
        let partial: Vec<_> = writer.partial_tiles().collect();
        partial.into_iter().for_each(|tile| tiles.insert(tile));
    }
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
    use symbolon_tlog::{SignedCheckpoint, VerifierKey, verify_consistency, verify_inclusion};

    use super::*;
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
