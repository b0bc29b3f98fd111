//! The embedded ledger: an append-only Merkle log in a folder that anybody may mirror.
//!
//! One process owns a log: it appends entries, signs checkpoints, publishes rolls and
//! content files beside them. What it acknowledged is on disk: entries and hash tiles
//! first, the checkpoint that covers them last, each synced before the next. After a
//! crash at any point the log opens at its last checkpoint; what lies beyond was never
//! acknowledged and is removed.
//!
//! The folder holds what [`symbolon_ledger::layout`] describes, and `.log` for the
//! owner's lock and for files being written. Readers need no lock: files appear whole.
//!
//! The owner keeps the hash and index of each entry in memory, 40 bytes and the hash
//! table's slack an entry, and reads all entries once at start: meant for millions of
//! entries a log.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod disk;
mod error;
mod files;
pub mod http;
mod ledger;
mod log;
mod reader;
mod recover;
mod staging;

pub use disk::{Disk, Folder};
pub use error::LogError;
pub use files::{Files, RollWriter};
pub use ledger::{Clock, Inclusion, LogLedger};
pub use log::Log;
pub use reader::LogReader;

#[cfg(test)]
mod simulation;
