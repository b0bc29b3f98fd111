//! The one narrow store behind which vaults and gateways keep their state.
//!
//! In scope: the [`Store`] trait; the committer that groups changes, syncs them and only then
//! answers; the embedded adapter on sled ([`LocalStore::open`]); the audit log's leaves, committed
//! in the same batch as the rows they tell of, and proofs about them; the checkpoint file that
//! shows a rolled-back store; backups of a snapshot, and stores made of them; a suite that every
//! adapter passes (feature `conformance`).
//!
//! Out of scope: what the rows mean, how they are sealed, what an audit leaf says and who signs
//! the audit log's checkpoints.
//!
//! **What is promised.** A change is all or nothing. When [`Store::commit`] returns
//! [`Outcome::Committed`], the change is on disk, in the sense that the operating system was told
//! to sync the file and said that it had, and every later read sees it. A read never returns
//! what a power failure could still take back: it waits for the sync of what it saw. A failed
//! sync is never retried: the store stops for good, and the next start tells the truth.
//!
//! **Files.** A store is a directory: `format` (what it is, whose it is), `lock` (held while it is
//! open), `sled/` (the database). The checkpoint file lies outside of it, best on another medium.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod audit_tree;
mod backup;
mod change;
mod checkpoint;
mod committer;
#[cfg(feature = "conformance")]
pub mod conformance;
mod directory;
mod engine;
mod error;
#[cfg(test)]
mod failure_tests;
mod group;
mod head;
mod inbox;
mod key;
mod layout;
mod local;
mod local_store;
#[cfg(feature = "conformance")]
mod memory;
mod options;
mod overlay;
mod pace;
mod pool;
mod queue;
mod reader;
mod shared;
mod sled_engine;
mod store;

pub use backup::{BackupPart, BackupReader, BackupSummary, BackupWriter, put_in_place};
pub use change::{Change, Condition, Outcome};
pub use checkpoint::Checkpoint;
pub use error::StoreError;
pub use head::{FORMAT_VERSION, Head, InstallationId};
pub use key::{Key, KeyRange, MAX_KEY, MAX_VALUE, Revision, Row, Value};
pub use local::LocalStore;
pub use options::Options;
pub use store::{Snapshot, SnapshotPages, Store, StoreFuture};
