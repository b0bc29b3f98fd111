//! The state of an append-only tree in at most 64 hashes.

use crate::Error;
use crate::hash::{Hash, empty_root, node_hash};

/// The size of a tree and the roots of its complete subtrees, widest first: enough
/// to append and to compute the root, too little to prove anything.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, widest first: one per bit set in the size.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_with(leaf, |_, _| {});
    }

    /// Appends a leaf's hash, and hands over each complete subtree above it that it ends: the
    /// subtree's height (it has 2^height leaves) and its root.
    pub fn push_with(&mut self, leaf: Hash, mut complete: impl FnMut(u32, Hash)) {
        let mut node = leaf;
        for below in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("one peak per bit set in the size");
            node = node_hash(&left, &node);
            complete(below + 1, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }

    /// For the store: 8 bytes of size, big-endian, then the peaks.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.peaks
            .iter()
            .for_each(|peak| bytes.extend_from_slice(peak.as_bytes()));
        bytes
    }

    /// Reads what [`Frontier::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(Error::Frontier)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, odd) = rest.as_chunks::<32>();
        if !odd.is_empty() || peaks.len() != size.count_ones() as usize {
            return Err(Error::Frontier);
        }
        Ok(Self {
            size,
            peaks: peaks.iter().copied().map(Hash::new).collect(),
        })
    }

    /// From peaks computed elsewhere, one per bit set in the size.
    pub(crate) fn from_peaks(size: u64, peaks: Vec<Hash>) -> Self {
        debug_assert_eq!(peaks.len(), size.count_ones() as usize);
        Self { size, peaks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{fold, leaf_hash};
    use proptest::prelude::*;

    #[test]
    fn every_root_up_to_600_equals_the_recursive_definition() {
        let mut frontier = Frontier::new();
        let mut leaves = Vec::new();
        for n in 0..600u32 {
            assert_eq!(
                frontier.root(),
                fold(&leaves, None).unwrap_or_else(empty_root)
            );
            assert_eq!(
                Frontier::from_bytes(&frontier.to_bytes()).unwrap(),
                frontier
            );
            let leaf = leaf_hash(&n.to_be_bytes());
            frontier.push(leaf);
            leaves.push(leaf);
        }
    }

    #[test]
    fn a_leaf_hands_over_the_subtrees_that_it_ends() {
        let leaves: Vec<_> = (0..96u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut frontier = Frontier::new();
        for (end, leaf) in (1..).zip(&leaves) {
            let mut found = Vec::new();
            frontier.push_with(*leaf, |height, root| found.push((height, root)));
            let heights = (1..7).filter(|height| end % (1 << height) == 0);
            let expected = heights.map(|height| {
                let subtree = &leaves[end - (1 << height)..end];
                (height, fold(subtree, None).unwrap())
            });
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }

    proptest! {
        #[test]
        fn bytes_that_parse_are_the_bytes_that_print(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(frontier) = Frontier::from_bytes(&bytes) {
                prop_assert_eq!(frontier.to_bytes(), bytes);
            }
        }
    }
}
