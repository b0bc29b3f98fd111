//! Growing a tree: leaves in, tiles out.

use crate::Error;
use crate::frontier::Frontier;
use crate::hash::{Hash, empty_root, fold, perfect};
use crate::path::TILE_WIDTH;
use crate::tile::{Tile, TileId, TileSource};

/// The right edge of a tree: at each level the hashes that don't fill a tile yet.
///
/// Holds at most 255 hashes a level, however many leaves pass through. Full tiles
/// come out as they fill; [`TreeWriter::partial_tiles`] are written when the tree
/// is published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeWriter {
    size: u64,
    /// From level 0 upwards; each shorter than a tile.
    levels: Vec<Vec<Hash>>,
}

impl TreeWriter {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on where a tree of `size` leaves ended. The tiles are believed: compare
    /// [`TreeWriter::root`] with a root that is known.
    pub fn resume(size: u64, tiles: &impl TileSource) -> Result<Self, Error> {
        let mut levels = Vec::new();
        for id in edge_tiles(size) {
            let Some(id) = id else {
                levels.push(Vec::new());
                continue;
            };
            let mut hashes = tiles.tile(id)?;
            if hashes.len() < usize::from(id.width()) {
                return Err(Error::Tile(id.path()));
            }
            hashes.truncate(usize::from(id.width()));
            levels.push(hashes);
        }
        Ok(Self { size, levels })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf's hash, and hands over each tile that it fills.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(Tile)) {
        self.size += 1;
        let mut hash = leaf;
        let mut count = self.size;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let row = &mut self.levels[level];
            row.push(hash);
            if row.len() < usize::from(TILE_WIDTH) {
                return;
            }
            count /= u64::from(TILE_WIDTH);
            hash = perfect(row);
            let level = u8::try_from(level).expect("a tree has at most 8 levels of tiles");
            full(Tile::new(level, count - 1, std::mem::take(row)));
        }
    }

    /// The tiles of the right edge that aren't full, as they stand now.
    pub fn partial_tiles(&self) -> impl Iterator<Item = Tile> {
        let ids = edge_tiles(self.size).zip(&self.levels);
        ids.filter_map(|(id, row)| id.map(|id| Tile::new(id.level(), id.index(), row.clone())))
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let root = self.levels.iter().fold(None, |right, row| fold(row, right));
        root.unwrap_or_else(empty_root)
    }

    /// The same state in its compact form.
    pub fn frontier(&self) -> Frontier {
        let rows = self.levels.iter().rev();
        Frontier::from_peaks(self.size, rows.flat_map(|row| row_peaks(row)).collect())
    }
}

/// The roots of a row's complete subtrees, widest first.
fn row_peaks(row: &[Hash]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    let mut rest = row;
    while !rest.is_empty() {
        let width = 1 << rest.len().ilog2();
        let (peak, after) = rest.split_at(width);
        peaks.push(perfect(peak));
        rest = after;
    }
    peaks
}

/// The partial tile of each level in a tree of `size` leaves, none where a level
/// ends with a full one.
fn edge_tiles(size: u64) -> impl Iterator<Item = Option<TileId>> {
    let wide = u64::from(TILE_WIDTH);
    let counts = std::iter::successors(Some(size), move |count| Some(count / wide));
    (0..)
        .zip(counts.take_while(|count| *count > 0))
        .map(move |(level, count)| {
            let width = u16::try_from(count % wide).expect("less than 256");
            TileId::new(level, count / wide, width).ok()
        })
}

/// Appends leaves to a tree and returns every tile to write: those now full, and
/// the partial ones of the new right edge.
pub fn append(tree: &mut TreeWriter, leaves: impl IntoIterator<Item = Hash>) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for leaf in leaves {
        tree.push(leaf, |tile| tiles.push(tile));
    }
    tiles.extend(tree.partial_tiles());
    tiles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::tile::TileMap;

    fn leaf(n: u64) -> Hash {
        leaf_hash(&n.to_be_bytes())
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_that_the_specification_lists() {
        let tiles = append(&mut TreeWriter::new(), (0..70_000).map(leaf));
        let widths = |level, full| {
            let ids = tiles
                .iter()
                .map(Tile::id)
                .filter(move |id| id.level() == level && id.is_full() == full);
            ids.map(|id| (id.index(), id.width())).collect::<Vec<_>>()
        };
        assert_eq!(
            widths(0, true),
            (0..273).map(|n| (n, 256)).collect::<Vec<_>>()
        );
        assert_eq!(widths(0, false), [(273, 112)]);
        assert_eq!(widths(1, true), [(0, 256)]);
        assert_eq!(widths(1, false), [(1, 17)]);
        assert_eq!(widths(2, false), [(0, 1)]);
        assert_eq!(tiles.len(), 273 + 4);
    }

    #[test]
    fn a_tree_of_256_has_one_full_and_one_partial_tile() {
        let tiles = append(&mut TreeWriter::new(), (0..256).map(leaf));
        let paths: Vec<_> = tiles.iter().map(|tile| tile.id().path()).collect();
        assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1"]);
    }

    #[test]
    fn a_tree_resumed_at_any_size_is_the_tree_that_grew() {
        let mut tree = TreeWriter::new();
        let mut map = TileMap::new();
        let mut frontier = Frontier::new();
        for n in 0..1100 {
            assert_eq!(TreeWriter::resume(n, &map).unwrap(), tree, "{n}");
            assert_eq!(tree.frontier(), frontier);
            assert_eq!(tree.root(), frontier.root());
            map.extend(append(&mut tree, [leaf(n)]));
            frontier.push(leaf(n));
        }
    }

    #[test]
    fn resuming_from_a_tile_that_is_too_narrow_is_refused() {
        let mut map = TileMap::new();
        map.extend(append(&mut TreeWriter::new(), (0..10).map(leaf)));
        assert!(TreeWriter::resume(11, &map).is_err());
        assert!(TreeWriter::resume(256, &map).is_err());
        assert!(TreeWriter::resume(9, &map).is_ok());
    }
}
