//! Hashes of public bytes.

use sha2::{Digest, Sha256};

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of the concatenation of `parts`.
pub fn sha256_of(parts: &[&[u8]]) -> [u8; 32] {
    parts
        .iter()
        .fold(Sha256::new(), |hasher, part| hasher.chain_update(part))
        .finalize()
        .into()
}

/// Keccak-256, as Ethereum uses it (not SHA3-256).
pub fn keccak256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    alloy_primitives::keccak256(bytes).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_nothing_are_the_known_ones() {
        let sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let keccak = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
        assert_eq!(hex::encode(sha256(b"")), sha);
        assert_eq!(hex::encode(keccak256(b"")), keccak);
    }

    #[test]
    fn parts_hash_like_the_whole() {
        assert_eq!(sha256_of(&[b"ab", b"c"]), sha256(b"abc"));
    }
}
