//! Rolls: the voter IDs entitled in one election, as flat files of sorted leaves.
//!
//! `<rolls>/<election>/<sequence>` holds one addition: its voter IDs, 32 bytes each,
//! strictly ascending. A place is found by binary search in the file, so no roll is
//! in memory during a request and no row of the store is spent on a place.

mod build;
mod error;
mod file;

pub use build::{RollTree, write_addition};
pub use error::RollError;
pub use file::Roll;

use std::path::{Path, PathBuf};

use symbolon_election::ElectionId;

/// Bytes of one leaf.
pub(crate) const LEAF: usize = 32;

/// Where an election's additions lie.
pub(crate) fn folder(rolls: &Path, election: &ElectionId) -> PathBuf {
    rolls.join(election.to_string())
}

/// The file of one addition.
pub(crate) fn addition(rolls: &Path, election: &ElectionId, sequence: u32) -> PathBuf {
    folder(rolls, election).join(sequence.to_string())
}
