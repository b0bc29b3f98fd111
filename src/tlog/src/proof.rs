//! RFC 6962 and RFC 9162: inclusion and consistency proofs, made and verified.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::Error;
use crate::hash::{Hash, empty_root, node_hash, perfect};
use crate::path::TILE_WIDTH;
use crate::tile::{TileId, TileSource};

/// The root that a tree had when it had `size` leaves.
pub fn root_at(tiles: &impl TileSource, size: u64) -> Result<Hash, Error> {
    if size == 0 {
        Ok(empty_root())
    } else {
        Tree::new(tiles, size).subtree(0, size)
    }
}

/// Proves that leaf `index` is in the tree of `size` leaves: hashes from the leaf up.
pub fn inclusion_proof(tiles: &impl TileSource, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
    if index >= size {
        return Err(Error::Range { index, size });
    }
    let tree = Tree::new(tiles, size);
    let (mut start, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            proof.push(tree.subtree(middle, end)?);
            end = middle;
        } else {
            proof.push(tree.subtree(start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proves that the tree of `second` leaves begins with the tree of `first` leaves.
/// The proof is empty where there is nothing to prove: `first` zero or `second`.
pub fn consistency_proof(
    tiles: &impl TileSource,
    first: u64,
    second: u64,
) -> Result<Vec<Hash>, Error> {
    if first > second {
        return Err(Error::Range {
            index: first,
            size: second,
        });
    }
    if first == 0 || first == second {
        return Ok(Vec::new());
    }
    let tree = Tree::new(tiles, second);
    let (mut start, mut end) = (0, second);
    let mut proof = Vec::new();
    while end != first {
        let middle = start + split(end - start);
        if first <= middle {
            proof.push(tree.subtree(middle, end)?);
            end = middle;
        } else {
            proof.push(tree.subtree(start, middle)?);
            start = middle;
        }
    }
    if start > 0 {
        proof.push(tree.subtree(start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that a leaf hash stands at `index` of the tree with this size and root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), Error> {
    if index >= size {
        return Err(Error::Range { index, size });
    }
    let (mut place, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(Error::Proof);
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            // A right edge without a sibling moves up for free.
            let skip = if place & 1 == 0 {
                place.trailing_zeros()
            } else {
                0
            };
            place >>= skip;
            last >>= skip;
        } else {
            hash = node_hash(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == *root {
        Ok(())
    } else {
        Err(Error::Proof)
    }
}

/// Checks that the tree with the second size and root begins with the first.
pub fn verify_consistency(
    (first, first_root): (u64, &Hash),
    (second, second_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), Error> {
    if first > second {
        return Err(Error::Range {
            index: first,
            size: second,
        });
    }
    if first == 0 && *first_root != empty_root() || first == second && first_root != second_root {
        return Err(Error::Proof);
    }
    if first == 0 || first == second {
        return if proof.is_empty() {
            Ok(())
        } else {
            Err(Error::Proof)
        };
    }
    walk_consistency(first, second, first_root, proof).and_then(|(one, two)| {
        if one == *first_root && two == *second_root {
            Ok(())
        } else {
            Err(Error::Proof)
        }
    })
}

/// Both roots as the proof has them.
fn walk_consistency(
    first: u64,
    second: u64,
    first_root: &Hash,
    proof: &[Hash],
) -> Result<(Hash, Hash), Error> {
    let skip = (first - 1).trailing_ones();
    let (mut place, mut last) = ((first - 1) >> skip, (second - 1) >> skip);
    let (start, rest) = if first.is_power_of_two() {
        (*first_root, proof)
    } else {
        proof
            .split_first()
            .map(|(start, rest)| (*start, rest))
            .ok_or(Error::Proof)?
    };
    let (mut one, mut two) = (start, start);
    for sibling in rest {
        if last == 0 {
            return Err(Error::Proof);
        }
        if place & 1 == 1 || place == last {
            one = node_hash(sibling, &one);
            two = node_hash(sibling, &two);
            let skip = if place & 1 == 0 {
                place.trailing_zeros()
            } else {
                0
            };
            place >>= skip;
            last >>= skip;
        } else {
            two = node_hash(&two, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 {
        Ok((one, two))
    } else {
        Err(Error::Proof)
    }
}

/// The largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// A tree of a certain size, its tiles read at most once each.
struct Tree<'a, S> {
    tiles: &'a S,
    size: u64,
    read: RefCell<HashMap<(u8, u64), Vec<Hash>>>,
}

impl<'a, S: TileSource> Tree<'a, S> {
    fn new(tiles: &'a S, size: u64) -> Self {
        Self {
            tiles,
            size,
            read: RefCell::default(),
        }
    }

    /// The hash of leaves `[start, end)`, a node of the tree or of its right edge.
    fn subtree(&self, start: u64, end: u64) -> Result<Hash, Error> {
        let mut parts = Vec::new();
        let mut from = start;
        while from < end {
            let width = 1 << (end - from).ilog2();
            parts.push(self.complete(from, width)?);
            from += width;
        }
        let last = parts.pop().ok_or(Error::Proof)?;
        Ok(parts
            .iter()
            .rev()
            .fold(last, |right, left| node_hash(left, &right)))
    }

    /// The hash of a complete subtree: `width` leaves from `start`.
    fn complete(&self, start: u64, width: u64) -> Result<Hash, Error> {
        let height = width.ilog2();
        let level = height / 8;
        let first = start >> (8 * level);
        let count = 1usize << (height % 8);
        let wide = u64::from(TILE_WIDTH);
        let offset = usize::try_from(first % wide).expect("less than 256");
        let level = u8::try_from(level).expect("at most 7");
        let row = self.row(level, first / wide)?;
        row.get(offset..offset + count)
            .map(perfect)
            .ok_or_else(|| Error::Tile(format!("tile/{level}/{}", first / wide)))
    }

    fn row(&self, level: u8, index: u64) -> Result<Vec<Hash>, Error> {
        if let Some(row) = self.read.borrow().get(&(level, index)) {
            return Ok(row.clone());
        }
        let wide = u64::from(TILE_WIDTH);
        let there = (self.size >> (8 * u32::from(level))) - index * wide;
        let width = u16::try_from(there.min(wide)).expect("at most 256");
        let row = self.tiles.tile(TileId::new(level, index, width)?)?;
        self.read.borrow_mut().insert((level, index), row.clone());
        Ok(row)
    }
}

#[cfg(test)]
mod tests;
