//! Rolls: the voter IDs entitled in one election, as flat files of sorted leaves.
//!
//! `<rolls>/<election>/<sequence>-<root>` holds one addition: its voter IDs, 32 bytes each,
//! strictly ascending. The root is that of the roll with the addition, as the statement has
//! it: drafts of one sequence lie beside each other, whichever officers sign. A place is found by searching the file, so no roll is
//! in memory during a request and no row of the store is spent on a place.

mod build;
mod error;
mod file;
mod search;

pub use build::{RollTree, sort, write_addition};
pub use error::RollError;
pub use file::Roll;

use std::path::{Path, PathBuf};

use symbolon_election::{ElectionId, RollStatement};

/// Bytes of one leaf.
pub(crate) const LEAF: usize = 32;

/// Where an election's additions lie.
pub(crate) fn folder(rolls: &Path, election: &ElectionId) -> PathBuf {
    rolls.join(election.to_string())
}

/// The file of the addition that a statement makes.
pub(crate) fn addition(rolls: &Path, statement: &RollStatement) -> PathBuf {
    let name = format!("{}-{}", statement.sequence, statement.root);
    folder(rolls, &statement.election).join(name)
}
