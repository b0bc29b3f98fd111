//! Hash tiles: 256 neighbouring hashes of every eighth level of a tree.

use std::collections::HashMap;

use crate::Error;
use crate::hash::Hash;
use crate::path::{TILE_WIDTH, parse_tile_number, tile_number};

/// Which tile: level, index within the level, and how many hashes it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

impl TileId {
    /// The highest level that a tree of 2^64 leaves needs.
    const MAX_LEVEL: u8 = 7;

    /// A tile of 1 to 256 hashes.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, Error> {
        let possible = level <= Self::MAX_LEVEL && (1..=TILE_WIDTH).contains(&width);
        if possible {
            Ok(Self {
                level,
                index,
                width,
            })
        } else {
            Err(Error::Path)
        }
    }

    /// Level 0 holds leaf hashes; each hash above is the root of a full tile below.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The place within the level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes, at most 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The full tile at the same place.
    pub fn full(self) -> Self {
        Self {
            width: TILE_WIDTH,
            ..self
        }
    }

    /// Whether all 256 hashes are there, so that it never changes again.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The path below a log's root: `tile/<level>/<number>`.
    pub fn path(&self) -> String {
        format!(
            "tile/{}/{}",
            self.level,
            tile_number(self.index, self.width)
        )
    }

    /// Reads a path that [`TileId::path`] printed.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let rest = path.strip_prefix("tile/").ok_or(Error::Path)?;
        let (level, number) = rest.split_once('/').ok_or(Error::Path)?;
        let (index, width) = parse_tile_number(number)?;
        let id = Self::new(level.parse().map_err(|_| Error::Path)?, index, width)?;
        if id.path() == path {
            Ok(id)
        } else {
            Err(Error::Path)
        }
    }
}

/// A tile to write: its name and its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    id: TileId,
    hashes: Vec<Hash>,
}

impl Tile {
    pub(crate) fn new(level: u8, index: u64, hashes: Vec<Hash>) -> Self {
        let width = u16::try_from(hashes.len()).expect("a tile has at most 256 hashes");
        Self {
            id: TileId {
                level,
                index,
                width,
            },
            hashes,
        }
    }

    /// Its name.
    pub fn id(&self) -> TileId {
        self.id
    }

    /// Its hashes, from left to right.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The file's bytes: the hashes one after another.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes
            .iter()
            .flat_map(|hash| *hash.as_bytes())
            .collect()
    }

    /// Reads a file's bytes, which must have the length that the name says.
    pub fn from_bytes(id: TileId, bytes: &[u8]) -> Result<Self, Error> {
        let (hashes, odd) = bytes.as_chunks::<32>();
        if !odd.is_empty() || hashes.len() != usize::from(id.width) {
            return Err(Error::Tile(id.path()));
        }
        Ok(Self {
            id,
            hashes: hashes.iter().copied().map(Hash::new).collect(),
        })
    }
}

/// Where tiles are read from. Nothing read is trusted: proofs and roots made of it
/// are compared with a root that is.
pub trait TileSource {
    /// At least the first `id.width()` hashes of the tile: a partial tile may have
    /// been replaced by a wider one.
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, Error>;
}

impl<S: TileSource + ?Sized> TileSource for &S {
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, Error> {
        (**self).tile(id)
    }
}

/// Tiles in memory: the widest seen of each place.
#[derive(Clone, Debug, Default)]
pub struct TileMap {
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl TileMap {
    /// No tiles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a tile, unless a wider one of its place is known.
    pub fn insert(&mut self, tile: Tile) {
        let place = self
            .tiles
            .entry((tile.id.level, tile.id.index))
            .or_default();
        if place.len() < tile.hashes.len() {
            *place = tile.hashes;
        }
    }
}

impl Extend<Tile> for TileMap {
    fn extend<T: IntoIterator<Item = Tile>>(&mut self, tiles: T) {
        tiles.into_iter().for_each(|tile| self.insert(tile));
    }
}

impl TileSource for TileMap {
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, Error> {
        let known = self.tiles.get(&(id.level, id.index));
        known.cloned().ok_or_else(|| Error::Tile(id.path()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_and_others_are_refused() {
        let id = TileId::new(1, 1_234_067, 17).unwrap();
        assert_eq!(id.path(), "tile/1/x001/x234/067.p/17");
        assert_eq!(TileId::parse(&id.path()).unwrap(), id);
        for path in [
            "tile/01/000",
            "tile/8/000",
            "tile/0/0",
            "tiles/0/000",
            "tile/0",
            "tile/-1/000",
        ] {
            assert!(TileId::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_tile_s_bytes_must_have_the_length_that_its_name_says() {
        let id = TileId::new(0, 0, 2).unwrap();
        assert!(Tile::from_bytes(id, &[0; 64]).is_ok());
        for length in [0, 32, 63, 65, 96] {
            assert!(Tile::from_bytes(id, &vec![0; length]).is_err(), "{length}");
        }
    }
}
