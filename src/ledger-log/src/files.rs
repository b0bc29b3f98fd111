//! What is published beside the entries: rolls as tiles, and files named by their SHA-256.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use symbolon_election::{ContentHash, ElectionId, RollStatement, VoterId};
use symbolon_ledger::layout;
use symbolon_tlog::{Hash, TILE_WIDTH, Tile, TileId, TileSource, TreeWriter, leaf_hash};

use crate::LogError;
use crate::disk::{Disk, Folder};
use crate::staging::{Staging, Store};

/// Publishes rolls and content. Clones share the log's folder; no lock is held.
#[derive(Debug)]
pub struct Files<D = Folder> {
    store: Arc<Store<Arc<D>>>,
}

impl<D> Clone for Files<D> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
        }
    }
}

impl<D: Disk> Files<D> {
    pub(crate) fn new(store: Arc<Store<Arc<D>>>) -> Self {
        Self { store }
    }

    /// Rolls and contents alone, on a disk that this process owns: beside a ledger that is no log.
    pub fn open(disk: D) -> Result<Self, LogError> {
        Ok(Self::new(Arc::new(Store::open(Arc::new(disk))?)))
    }

    /// Whether the roll of a statement is published.
    pub fn has_roll(&self, statement: &RollStatement) -> bool {
        let tiles = RollTiles {
            store: &self.store,
            election: statement.election,
        };
        let size = u64::from(statement.size);
        let tree = TreeWriter::resume(size, &tiles);
        tree.is_ok_and(|tree| tree.root().as_bytes() == statement.root.as_bytes())
            && tiles.tail(size).is_ok()
    }

    /// Publishes a file under its SHA-256. One that is there already stays.
    pub fn put_content(&self, bytes: &[u8]) -> Result<ContentHash, LogError> {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let path = layout::content(&hash);
        if self.store.read(&path)?.is_none_or(|known| known != bytes) {
            let mut staging = self.store.stage();
            staging.put(path, bytes)?;
            staging.publish()?;
        }
        Ok(ContentHash::new(hash))
    }

    /// Publishes a file that must have this hash.
    pub fn put_content_as(&self, hash: &ContentHash, bytes: &[u8]) -> Result<(), LogError> {
        if Sha256::digest(bytes)[..] != hash.as_bytes()[..] {
            return Err(LogError::Mismatch("the file's SHA-256 isn't its name"));
        }
        self.put_content(bytes).map(|_| ())
    }

    /// A published file; none if it isn't there.
    pub fn content(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, LogError> {
        let bytes = self.store.read(&layout::content(hash.as_bytes()))?;
        match bytes {
            Some(bytes) if Sha256::digest(&bytes)[..] != hash.as_bytes()[..] => {
                Err(LogError::Corrupt(layout::content(hash.as_bytes())))
            }
            found => Ok(found),
        }
    }

    /// Begins to publish what a roll statement adds to the `start` leaves published
    /// before (none for the first statement).
    pub fn roll(
        &self,
        statement: &RollStatement,
        start: u32,
    ) -> Result<RollWriter<'_, D>, LogError> {
        let tiles = RollTiles {
            store: &self.store,
            election: statement.election,
        };
        let tree = TreeWriter::resume(u64::from(start), &tiles)?;
        let tail = tiles.tail(u64::from(start))?;
        let staging = self.store.stage();
        Ok(RollWriter {
            statement: statement.clone(),
            tree,
            tail,
            last: None,
            staging,
        })
    }
}

/// A roll being published: leaves in, files out; they get their names when the whole
/// has the statement's size and root.
pub struct RollWriter<'a, D: Disk> {
    statement: RollStatement,
    tree: TreeWriter,
    /// The leaves of the last file, if it isn't full.
    tail: Vec<VoterId>,
    last: Option<VoterId>,
    staging: Staging<'a, Arc<D>>,
}

impl<D: Disk> RollWriter<'_, D> {
    /// Adds the next leaf: greater than the one before within this addition.
    pub fn push(&mut self, leaf: VoterId) -> Result<(), LogError> {
        if self.last.is_some_and(|last| last >= leaf) {
            return Err(LogError::Mismatch(
                "the roll's leaves must ascend within an addition",
            ));
        }
        if self.tree.size() >= u64::from(self.statement.size) {
            return Err(LogError::Mismatch(
                "the roll has more leaves than its statement says",
            ));
        }
        self.last = Some(leaf);
        self.tail.push(leaf);
        let mut filled = Vec::new();
        self.tree
            .push(leaf_hash(leaf.as_bytes()), |tile| filled.push(tile));
        if self.tail.len() == usize::from(TILE_WIDTH) {
            self.put_leaves()?;
        }
        filled.iter().try_for_each(|tile| self.put_tile(tile))
    }

    /// Compares size and root with the statement, and publishes all durably.
    pub fn publish(mut self) -> Result<(), LogError> {
        if self.tree.size() != u64::from(self.statement.size) {
            return Err(LogError::Mismatch(
                "the roll has fewer leaves than its statement says",
            ));
        }
        if self.tree.root().as_bytes() != self.statement.root.as_bytes() {
            return Err(LogError::Mismatch(
                "the roll's leaves don't lead to its statement's root",
            ));
        }
        if !self.tail.is_empty() {
            self.put_leaves()?;
        }
        let partial: Vec<_> = self.tree.partial_tiles().collect();
        partial.iter().try_for_each(|tile| self.put_tile(tile))?;
        self.staging.publish()
    }

    fn put_leaves(&mut self) -> Result<(), LogError> {
        let bytes: Vec<u8> = self.tail.iter().flat_map(|leaf| *leaf.as_bytes()).collect();
        let width = u16::try_from(self.tail.len()).expect("at most 256");
        let number = (self.tree.size() - 1) / u64::from(TILE_WIDTH);
        self.tail.clear();
        self.staging.put(
            layout::roll_leaves(&self.statement.election.to_string(), number, width),
            &bytes,
        )
    }

    fn put_tile(&mut self, tile: &Tile) -> Result<(), LogError> {
        let (election, id) = (self.statement.election.to_string(), tile.id());
        let path = layout::roll_tile(&election, id.level(), id.index(), id.width());
        self.staging.put(path, &tile.to_bytes())
    }
}

/// A roll's files as published.
struct RollTiles<'a, D> {
    store: &'a Store<Arc<D>>,
    election: ElectionId,
}

impl<D: Disk> RollTiles<'_, D> {
    /// The leaves after the last full file, compared with their hashes.
    fn tail(&self, size: u64) -> Result<Vec<VoterId>, LogError> {
        let wide = u64::from(TILE_WIDTH);
        let (number, width) = (
            size / wide,
            u16::try_from(size % wide).expect("less than 256"),
        );
        if width == 0 {
            return Ok(Vec::new());
        }
        let path = layout::roll_leaves(&self.election.to_string(), number, width);
        let bytes = self
            .store
            .read(&path)?
            .ok_or_else(|| LogError::Missing(path.clone()))?;
        let (leaves, odd) = bytes.as_chunks::<32>();
        let hashes = self.tile(TileId::new(0, number, width)?)?;
        let same = odd.is_empty() && leaves.iter().map(|leaf| leaf_hash(leaf)).eq(hashes);
        if !same {
            return Err(LogError::Corrupt(path));
        }
        Ok(leaves.iter().copied().map(VoterId::new).collect())
    }
}

impl<D: Disk> TileSource for RollTiles<'_, D> {
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, symbolon_tlog::Error> {
        let path = layout::roll_tile(
            &self.election.to_string(),
            id.level(),
            id.index(),
            id.width(),
        );
        let failed = |error: LogError| symbolon_tlog::Error::Source(Box::new(error));
        let bytes = self.store.read(&path).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| failed(LogError::Missing(path)))?;
        Ok(Tile::from_bytes(id, &bytes)?.hashes().to_vec())
    }
}

#[cfg(test)]
mod tests;
