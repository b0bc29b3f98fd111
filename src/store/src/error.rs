//! Why a store could not answer.

use std::path::PathBuf;

/// Why a store could not be opened or could not answer. No text shows a key or a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Whether the change was made is unknown: read again before answering anybody.
    #[error("the store stopped while the change was being made: whether it was made is unknown")]
    Indeterminate,
    /// No room is left; nothing was changed, and reads go on.
    #[error("no room is left for the store at {}: {free} bytes are free, {needed} are needed; nothing was changed", path.display())]
    Full {
        /// Where room is needed.
        path: PathBuf,
        /// How much there is.
        free: u64,
        /// How much is wanted before anything is written.
        needed: u64,
    },
    /// The store doesn't answer any more.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What is on disk can't have been written by a store.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
    /// A key, value or audit leaf is longer than a store takes.
    #[error("a {what} of {length} bytes exceeds the limit of {limit}")]
    TooLong {
        /// Which of them.
        what: &'static str,
        /// Its length.
        length: usize,
        /// The longest that is taken.
        limit: usize,
    },
    /// Another process has the store open.
    #[error("the store at {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// There is no store.
    #[error("there is no store at {}", .0.display())]
    Missing(PathBuf),
    /// Something is there already where a new store was to be made.
    #[error("{} exists already and is not empty: no store is made there", .0.display())]
    Exists(PathBuf),
    /// The directory holds something else.
    #[error("{} is not a store: {reason}", path.display())]
    NotAStore {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An older version of this software wrote the store, in a format that is no longer read.
    #[error(
        "the store has format version {found}; this version reads {supported} only: nothing was changed"
    )]
    OlderVersion {
        /// The version found.
        found: u32,
        /// The one that can be read.
        supported: u32,
    },
    /// A newer version of this software wrote the store.
    #[error(
        "the store has format version {found}; this version reads up to {supported}: nothing was changed"
    )]
    NewerVersion {
        /// The version found.
        found: u32,
        /// The newest one that can be read.
        supported: u32,
    },
    /// The checkpoint file lies inside the store, where it would be rolled back with it.
    #[error("the checkpoint file {} lies inside the store's directory: it must be kept elsewhere", .0.display())]
    CheckpointInside(PathBuf),
    /// There is no checkpoint file.
    #[error("the checkpoint file {} is missing: without it nobody can tell whether the store was rolled back", .0.display())]
    CheckpointMissing(PathBuf),
    /// A checkpoint file is there already where a new store was to be made.
    #[error("the checkpoint file {} exists already: it belongs to another store", .0.display())]
    CheckpointExists(PathBuf),
    /// The checkpoint file can't be read or written.
    #[error("the checkpoint file {}: {reason}", path.display())]
    CheckpointUnreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The checkpoint file belongs to another installation.
    #[error("the checkpoint file {} belongs to another store", .0.display())]
    CheckpointForeign(PathBuf),
    /// The store is older than its checkpoint file says.
    #[error(
        "the store was rolled back: it is at generation {generation} with {audit_size} audit leaves, \
         the checkpoint file saw generation {checkpoint_generation} with {checkpoint_audit_size}"
    )]
    RolledBack {
        /// The store's generation.
        generation: u64,
        /// Its number of audit leaves.
        audit_size: u64,
        /// The generation that was seen before.
        checkpoint_generation: u64,
        /// The number of audit leaves that was seen before.
        checkpoint_audit_size: u64,
    },
    /// The store's audit log is not a continuation of the one that the checkpoint file saw.
    #[error(
        "the store's first {audit_size} audit leaves are not those that the checkpoint file saw: it was rolled back and written on"
    )]
    Diverged {
        /// The number of leaves that the checkpoint file covers.
        audit_size: u64,
    },
    /// A backup is not as it was written.
    #[error("the backup is damaged before byte {at}: {what}; nothing was made of it")]
    BackupDamaged {
        /// How far it was read, in bytes.
        at: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file or directory could not be handled.
    #[error("{what} {}: {reason}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
}
