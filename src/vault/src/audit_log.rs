//! The audit log as auditors see it: checkpoints, leaves and proofs.

use std::{cell::Cell, collections::HashMap, sync::Arc, time::Duration};

use symbolon_keyring::keys::AuditKey;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::InstallationId;
use symbolon_tlog::{
    Checkpoint, Hash, KeyKind, LogKey, TILE_WIDTH, TileId, TileMap, TileSource, TreeWriter,
    consistency_proof, inclusion_proof, leaf_hash,
};
use tokio::sync::Mutex;

use crate::{Error, core::Core, sweep::blocking};

/// The most leaves of an answer.
pub const LEAVES: u32 = 1024;
/// Leaves that are read and hashed at a time when the tree grows.
const READ: usize = 8192;
/// How often the log tells how far the tree is, in leaves.
const TOLD: u64 = 1 << 20;
/// A call waits for so many leaves to be hashed; where more are missing it is told to come again.
const NEAR: u64 = 1 << 16;
/// When to come again.
const AGAIN: Duration = Duration::from_secs(2);

/// The tree of the log but for its leaves' hashes, which are made of the leaves when they are
/// needed: an eighth of a byte a leaf. A cache, made anew when the process starts.
#[derive(Default)]
pub(crate) struct AuditTree(Arc<Mutex<Tree>>);

#[derive(Default)]
struct Tree {
    writer: TreeWriter,
    /// From level 1 on.
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
        self.audit_proof(size, |tiles| inclusion_proof(tiles, index, size))
            .await
    }

    /// RFC 6962 proof that the tree of `second` leaves extends that of `first`.
    pub async fn audit_consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, Error> {
        self.check_audit_size(second).await?;
        if first > second {
            return Err(Refusal::new(Reason::OutOfRange).at("first").into());
        }
        self.audit_proof(second, |tiles| consistency_proof(tiles, first, second))
            .await
    }

    async fn check_audit_size(&self, size: u64) -> Result<(), Error> {
        self.keys()?;
        match size <= self.store.head().await?.audit_size() {
            true => Ok(()),
            false => Err(Refusal::new(Reason::OutOfRange).at("size").into()),
        }
    }

    /// Makes a proof within the tree of `size` leaves.
    async fn audit_proof(
        &self,
        size: u64,
        make: impl Fn(&Tiles<'_>) -> Result<Vec<Hash>, symbolon_tlog::Error>,
    ) -> Result<Vec<Hash>, Error> {
        self.grown_to(size).await?;
        let mut leaves = HashMap::new();
        loop {
            let wanted = {
                let tree = self.audit_tree.0.lock().await;
                let (above, wanted) = (&tree.tiles, Cell::new(None));
                let tiles = Tiles {
                    above,
                    leaves: &leaves,
                    wanted: &wanted,
                };
                match (make(&tiles), wanted.get()) {
                    (Ok(proof), _) => return Ok(proof),
                    (Err(_), Some(wanted)) => wanted,
                    (Err(error), None) => return Err(log_error(error)),
                }
            };
            let first = wanted * u64::from(TILE_WIDTH);
            let read = self.store.audit_leaves(first, TILE_WIDTH.into()).await?;
            leaves.insert(wanted, read.iter().map(|leaf| leaf_hash(leaf)).collect());
        }
    }

    async fn grown_to(&self, size: u64) -> Result<(), Error> {
        loop {
            let built = self.audit_tree.0.lock().await.writer.size();
            match size.saturating_sub(built) {
                0 => return Ok(()),
                1..=NEAR => self.grow_audit_tree(size).await?,
                _ => {
                    return Err(Refusal::new(Reason::Busy)
                        .because(format!(
                            "the audit log's tree is being built: {built} of {size} leaves"
                        ))
                        .after(AGAIN)
                        .into());
                }
            }
        }
    }

    /// Builds the tree up to the log's end, so that nobody has to wait for it.
    pub(crate) async fn follow_audit_log(&self) -> Result<(), Error> {
        let size = self.store.head().await?.audit_size();
        while self.audit_tree.0.lock().await.writer.size() < size {
            self.grow_audit_tree(size).await?;
        }
        Ok(())
    }

    /// Adds the next leaves to a tree that is smaller than `size`, off the connection's worker.
    async fn grow_audit_tree(&self, size: u64) -> Result<(), Error> {
        let mut tree = Arc::clone(&self.audit_tree.0).lock_owned().await;
        let before = tree.writer.size();
        if before >= size {
            return Ok(());
        }
        let leaves = self.store.audit_leaves(before, READ).await?;
        if leaves.is_empty() {
            return Err(Error::Row("audit"));
        }
        let now = blocking(move || {
            tree.grow(&leaves);
            Ok(tree.writer.size())
        })
        .await?;
        if before / TOLD != now / TOLD {
            tracing::info!(leaves = now, "the audit log's tree is built");
        }
        Ok(())
    }
}

impl Tree {
    fn grow(&mut self, leaves: &[Vec<u8>]) {
        let Self { writer, tiles } = self;
        let mut keep = |tile: symbolon_tlog::Tile| {
            if tile.id().level() > 0 {
                tiles.insert(tile);
            }
        };
        for leaf in leaves {
            writer.push(leaf_hash(leaf), &mut keep);
        }
        writer.partial_tiles().for_each(keep);
    }
}

/// The tree as proofs see it: the tiles that it keeps, and leaves' hashes that were read for this
/// proof.
struct Tiles<'a> {
    above: &'a TileMap,
    leaves: &'a HashMap<u64, Vec<Hash>>,
    /// The tile of leaves' hashes that has to be read.
    wanted: &'a Cell<Option<u64>>,
}

impl TileSource for Tiles<'_> {
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, symbolon_tlog::Error> {
        if id.level() > 0 {
            return self.above.tile(id);
        }
        match self.leaves.get(&id.index()) {
            Some(hashes) if hashes.len() >= id.width().into() => return Ok(hashes.clone()),
            Some(_) => {}
            None => self.wanted.set(Some(id.index())),
        }
        Err(symbolon_tlog::Error::Tile(id.path()))
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
    use symbolon_store::Change;
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
    async fn proofs_within_trees_of_any_size_hold() {
        let installation = Installation::new().await;
        let core = installation.open().await;
        for _ in 0..40 {
            let leaves = (0..100_u8).fold(Change::new(), |change, n| change.audit(vec![n]));
            core.try_commit(leaves).await.unwrap().unwrap();
        }
        let all = core.store.head().await.unwrap().audit_size();
        let leaves = core.store.audit_leaves(0, 10_000).await.unwrap();
        let root = |size: u64| {
            let mut tree = TreeWriter::new();
            for leaf in &leaves[..size as usize] {
                tree.push(leaf_hash(leaf), |_| {});
            }
            tree.root()
        };
        for size in [1, 2, 255, 256, 257, 512, 1000, 2048, 3839, 3840, 3841, all] {
            for index in [0, size / 3, size / 2, size - 1] {
                let proof = core.audit_inclusion(index, size).await.unwrap();
                let leaf = leaf_hash(&leaves[index as usize]);
                verify_inclusion(&leaf, index, size, &proof, &root(size)).unwrap();
                let first = (index + 1, &root(index + 1));
                let proof = core.audit_consistency(index + 1, size).await.unwrap();
                verify_consistency(first, (size, &root(size)), &proof).unwrap();
            }
        }
    }

    #[tokio::test]
    async fn calls_that_grow_the_tree_at_once_all_get_their_proofs() {
        let installation = Installation::new().await;
        let core = installation.open().await;
        for _ in 0..20 {
            core.audit(&caller(), "Test", "done").await.unwrap();
            let size = core.store.head().await.unwrap().audit_size();
            let calls = (0..8).map(|_| core.audit_inclusion(0, size));
            for proof in futures_util::future::join_all(calls).await {
                proof.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn far_behind_a_call_is_told_to_come_again_until_the_tree_is_built() {
        let installation = Installation::new().await;
        let core = installation.open().await;
        for _ in 0..=NEAR / 4096 {
            let leaves = (0..4096_u32).fold(Change::new(), |change, _| change.audit(vec![7]));
            core.try_commit(leaves).await.unwrap().unwrap();
        }
        let size = core.store.head().await.unwrap().audit_size();
        let refused = core.audit_inclusion(0, size).await;
        assert_eq!(reason(refused.unwrap_err()), "BUSY");
        core.follow_audit_log().await.unwrap();
        core.audit_inclusion(0, size).await.unwrap();
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
