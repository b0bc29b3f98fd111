//! What can be wrong with a tree, a proof or a note.

/// Why something of a transparency log was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A hash isn't 32 bytes or its hexadecimal form isn't canonical.
    #[error("a hash must be 64 lower-case hexadecimal digits")]
    Hash,
    /// The stored state of a tree doesn't have the length that its size demands.
    #[error("the stored state of the tree is malformed")]
    Frontier,
    /// A tile's path isn't canonical, or names no possible tile.
    #[error("a tile's path is malformed")]
    Path,
    /// A tile isn't a whole number of hashes, or holds fewer than demanded.
    #[error("tile {0} is malformed or too short")]
    Tile(String),
    /// A bundle of entries is cut short, empty or over-full.
    #[error("the entry bundle is malformed")]
    Bundle,
    /// An entry is longer than a bundle can hold.
    #[error("an entry may have at most 65535 bytes")]
    EntryTooLong,
    /// An index or a size lies outside the tree.
    #[error("{index} lies outside a tree of size {size}")]
    Range {
        /// What was asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// A proof doesn't lead to the root.
    #[error("the proof doesn't verify")]
    Proof,
    /// A note's form is wrong.
    #[error("malformed note: {0}")]
    Note(&'static str),
    /// A checkpoint's text is wrong.
    #[error("malformed checkpoint: {0}")]
    Checkpoint(&'static str),
    /// A key's text form is wrong.
    #[error("malformed verifier key: {0}")]
    Key(&'static str),
    /// A signature by a known key doesn't verify, or isn't by that key.
    #[error("a note signature doesn't verify")]
    Signature,
    /// The demanded key hasn't signed.
    #[error("the note isn't signed by {0}")]
    Unsigned(String),
    /// A tile couldn't be read.
    #[error("a tile can't be read")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
}
