//! RFC 6962, section 2.1: hashes of leaves and nodes.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A node of a tree: 32 bytes of SHA-256; 64 lower-case digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Bytes in memory and on disk.
    pub const LENGTH: usize = 32;

    /// From the bytes of a hash made elsewhere.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<Hash> for [u8; 32] {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::Hash)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(Error::Hash);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| Error::Hash)?;
        Ok(Self(bytes))
    }
}

/// The hash of a leaf: SHA-256 of 0x00 and the entry. It names the entry on a ledger.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([0])
            .chain_update(entry)
            .finalize()
            .into(),
    )
}

/// The hash of an inner node: SHA-256 of 0x01 and both children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The root of a tree whose leaves, or complete subtrees of one size, have these
/// hashes, followed at the right by a smaller remainder if there is one.
pub(crate) fn fold(hashes: &[Hash], remainder: Option<Hash>) -> Option<Hash> {
    let mut right = remainder;
    let mut rest = hashes;
    while !rest.is_empty() {
        // The last peak's width is the lowest bit set.
        let width = 1 << rest.len().trailing_zeros();
        let (before, peak) = rest.split_at(rest.len() - width);
        let peak = perfect(peak);
        right = Some(right.map_or(peak, |right| node_hash(&peak, &right)));
        rest = before;
    }
    right
}

/// The root of a perfect tree: the number of hashes is a power of two.
pub(crate) fn perfect(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .map(|pair| node_hash(&pair[0], &pair[1]))
            .collect();
    }
    row[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_tree_is_sha256_of_nothing() {
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(empty_root().to_string(), expected);
    }

    #[test]
    fn an_empty_leaf_is_sha256_of_zero() {
        let expected = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(leaf_hash(b"").to_string(), expected);
    }

    #[test]
    fn upper_case_and_prefixed_hashes_are_refused() {
        let text = leaf_hash(b"x").to_string();
        assert_eq!(text.parse::<Hash>().unwrap(), leaf_hash(b"x"));
        assert!(text.to_uppercase().parse::<Hash>().is_err());
        assert!(format!("0x{text}").parse::<Hash>().is_err());
        assert!(text[2..].parse::<Hash>().is_err());
    }
}
