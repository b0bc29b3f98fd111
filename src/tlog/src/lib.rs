//! Transparency logs without I/O: RFC 6962 trees, [C2SP] tiles, checkpoints, cosignatures.
//!
//! Appending to a tree returns the tiles to write; proofs are made from tiles
//! read through a [`TileSource`]. What the leaves mean, where tiles are kept and
//! what time it is are the caller's affairs.
//!
//! Every text and binary form has one spelling: whatever would print differently
//! from how it was read is refused.
//!
//! [C2SP]: https://c2sp.org/tlog-tiles
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bundle;
mod checkpoint;
mod error;
mod frontier;
mod hash;
mod key;
mod note;
mod path;
mod proof;
mod tile;
mod writer;

pub use bundle::{MAX_ENTRY, decode_bundle, encode_bundle};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use error::Error;
pub use frontier::Frontier;
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use key::{KeyKind, LogKey, VerifierKey};
pub use note::{MAX_NOTE, MAX_SIGNATURES, Note, NoteSignature};
pub use path::{TILE_WIDTH, bundle_path, parse_tile_number, tile_number, tiles_of};
pub use proof::{
    consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion,
};
pub use tile::{Tile, TileId, TileMap, TileSource};
pub use writer::{TreeWriter, append};
