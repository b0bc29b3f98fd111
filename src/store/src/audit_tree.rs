//! The audit log's tree: its leaves, and its hashes above them.
//!
//! Of each complete subtree of 256, 256², … leaves the root is a row of its own, written in the
//! batch of the leaf that ends it: what [C2SP tlog-tiles] calls the hashes of levels 1 and above.
//! Those of level 0 are made of the leaves when they are read.
//!
//! [C2SP tlog-tiles]: https://c2sp.org/tlog-tiles

use symbolon_tlog::{
    Error, Frontier, Hash, TILE_WIDTH, TileId, TileSource, consistency_proof, inclusion_proof,
    leaf_hash, root_at,
};

use crate::StoreError;
use crate::engine::{Batch, Engine, RawRow};
use crate::layout::{hash_bounds, hash_key, leaf_bounds, leaf_key};

/// Levels of the tree from one level of tiles to the next.
const LEVEL_HEIGHT: u32 = TILE_WIDTH.ilog2();

/// Puts a leaf, and the hashes of the subtrees that it ends, into a batch.
pub(crate) fn append(tree: &mut Frontier, leaf: Vec<u8>, batch: &mut Batch) {
    let index = tree.size();
    tree.push_with(leaf_hash(&leaf), |height, root| {
        if height.is_multiple_of(LEVEL_HEIGHT) {
            let level = u8::try_from(height / LEVEL_HEIGHT).expect("a height is at most 64");
            let key = hash_key(level, index >> height);
            batch.insert(key, Some(root.as_bytes().to_vec()));
        }
    });
    batch.insert(leaf_key(index), Some(leaf));
}

/// The tree as an engine holds it.
pub(crate) struct AuditTree<'a>(pub(crate) &'a dyn Engine);

impl AuditTree<'_> {
    /// The root that it had with `size` leaves, of which it has as many at least.
    pub(crate) fn root_at(&self, size: u64) -> Result<Hash, StoreError> {
        root_at(self, size).map_err(store_error)
    }

    /// The RFC 6962 proof that leaf `index` is in the tree of `size` leaves.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        inclusion_proof(self, index, size).map_err(store_error)
    }

    /// The RFC 6962 proof that the tree of `second` leaves extends that of `first`.
    pub(crate) fn consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, StoreError> {
        consistency_proof(self, first, second).map_err(store_error)
    }
}

impl TileSource for AuditTree<'_> {
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, Error> {
        let start = id.index() * u64::from(TILE_WIDTH);
        let end = start + u64::from(id.width());
        let (bounds, hash): (_, fn(RawRow) -> Option<Hash>) = match id.level() {
            0 => (leaf_bounds(start, end), |(_, leaf)| Some(leaf_hash(&leaf))),
            level => (hash_bounds(level, start, end), |(_, hash)| {
                hash.try_into().ok().map(Hash::new)
            }),
        };
        let width = usize::from(id.width());
        let rows = self.0.range(bounds, width);
        let rows = rows.map_err(|error| Error::Source(Box::new(error)))?;
        let hashes: Option<Vec<_>> = rows.into_iter().map(hash).collect();
        hashes
            .filter(|hashes| hashes.len() == width)
            .ok_or_else(|| Error::Tile(id.path()))
    }
}

fn store_error(error: Error) -> StoreError {
    let hole = || StoreError::Corrupt("its audit log has a hole".into());
    match error {
        Error::Source(error) => error.downcast().map_or_else(|_| hole(), |error| *error),
        _ => hole(),
    }
}
