//! Reading a log's folder, one's own or a mirror. Nothing read is trusted.

use symbolon_ledger::layout;
use symbolon_tlog::{
    Hash, SignedCheckpoint, TILE_WIDTH, Tile, TileId, TileSource, consistency_proof, decode_bundle,
    inclusion_proof, tiles_of,
};

use crate::LogError;
use crate::disk::{Disk, Folder};

/// A log's folder, to read.
#[derive(Clone, Debug)]
pub struct LogReader<D = Folder> {
    disk: D,
}

impl LogReader {
    /// The log in a folder.
    pub fn folder(root: impl Into<std::path::PathBuf>) -> Self {
        Self::new(Folder::read_only(root))
    }
}

impl<D: Disk> LogReader<D> {
    /// A log on this disk.
    pub fn new(disk: D) -> Self {
        Self { disk }
    }

    /// The latest checkpoint, its signatures unverified.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, LogError> {
        self.note(layout::CHECKPOINT)
    }

    /// The checkpoint of a size, its signatures unverified.
    pub fn checkpoint_at(&self, size: u64) -> Result<SignedCheckpoint, LogError> {
        self.note(&layout::checkpoint(size))
    }

    /// The sizes of all checkpoints, ascending.
    pub fn sizes(&self) -> Result<Vec<u64>, LogError> {
        let names = self
            .disk
            .list(layout::CHECKPOINTS)
            .map_err(|source| LogError::io(layout::CHECKPOINTS, source))?;
        let sizes = names.iter().filter_map(|name| {
            name.parse()
                .ok()
                .filter(|size: &u64| size.to_string() == *name)
        });
        let mut sizes: Vec<_> = sizes.collect();
        sizes.sort_unstable();
        Ok(sizes)
    }

    /// At most `limit` entries from index `from` on, of a tree with `size` entries.
    pub fn entries(&self, from: u64, limit: usize, size: u64) -> Result<Vec<Vec<u8>>, LogError> {
        let wide = u64::from(TILE_WIDTH);
        let end = size.min(from.saturating_add(u64::try_from(limit).unwrap_or(u64::MAX)));
        let mut entries = Vec::new();
        for (number, _) in tiles_of(from, end) {
            let start = number * wide;
            let width = u16::try_from((size - start).min(wide)).expect("at most 256");
            let skip = usize::try_from(from.saturating_sub(start)).expect("less than 256");
            let keep = usize::try_from((end - start).min(wide)).expect("at most 256");
            let bundle = self.bundle(number, width)?;
            entries.extend(bundle.into_iter().take(keep).skip(skip));
        }
        Ok(entries)
    }

    /// The first `width` entries of a bundle, from the partial or the full one.
    pub fn bundle(&self, number: u64, width: u16) -> Result<Vec<Vec<u8>>, LogError> {
        let (bytes, width_read) = self.either(|width| layout::entries(number, width), width)?;
        let entries = decode_bundle(&bytes, width_read)?;
        Ok(entries
            .into_iter()
            .take(usize::from(width))
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// Proves that entry `index` is in the tree of `size` entries.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, LogError> {
        Ok(inclusion_proof(self, index, size)?)
    }

    /// Proves that the tree of `second` entries begins with that of `first`.
    pub fn consistency_proof(&self, first: u64, second: u64) -> Result<Vec<Hash>, LogError> {
        Ok(consistency_proof(self, first, second)?)
    }

    /// Whether a tile is on disk under its own name with exactly these bytes.
    pub(crate) fn exact(&self, tile: &Tile) -> Result<bool, LogError> {
        let path = tile.id().path();
        let file = self
            .disk
            .read(&path)
            .map_err(|source| LogError::io(&path, source))?;
        Ok(file.is_some_and(|bytes| bytes == tile.to_bytes()))
    }

    fn note(&self, path: &str) -> Result<SignedCheckpoint, LogError> {
        Ok(SignedCheckpoint::parse(&self.file(path)?)?)
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, LogError> {
        let file = self
            .disk
            .read(path)
            .map_err(|source| LogError::io(path, source))?;
        file.ok_or_else(|| LogError::Missing(path.to_owned()))
    }

    /// A partial file, or the full one that took its place; with its width.
    fn either(&self, path: impl Fn(u16) -> String, width: u16) -> Result<(Vec<u8>, u16), LogError> {
        match self.file(&path(width)) {
            Err(LogError::Missing(_)) if width < TILE_WIDTH => {
                let full = self.file(&path(TILE_WIDTH)).map_err(|error| match error {
                    LogError::Missing(_) => LogError::Missing(path(width)),
                    other => other,
                })?;
                Ok((full, TILE_WIDTH))
            }
            found => Ok((found?, width)),
        }
    }
}

impl<D: Disk> TileSource for LogReader<D> {
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, symbolon_tlog::Error> {
        let path = |width| layout::tile(id.level(), id.index(), width);
        let failed = |error: LogError| symbolon_tlog::Error::Source(Box::new(error));
        let (bytes, width) = self.either(path, id.width()).map_err(failed)?;
        let tile = Tile::from_bytes(TileId::new(id.level(), id.index(), width)?, &bytes)?;
        Ok(tile.hashes().to_vec())
    }
}
