//! What a log refuses or can't do.

use std::io;

use symbolon_ledger::LedgerError;

/// Why the log didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Another process owns this log.
    #[error("the log {0} is in use by another process")]
    Locked(String),
    /// A file can't be read or written. Nothing was taken.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder, below the log's root.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no room on the disk. Nothing was taken; later may be better.
    #[error("no room on the disk")]
    Full,
    /// Writing failed half way, so that nobody knows what is on disk: the log takes
    /// nothing more until it is opened anew.
    #[error("writing failed; whether it was taken is known when the log is opened anew: {0}")]
    Indeterminate(String),
    /// An earlier write failed half way.
    #[error("the log stopped after a failed write; open it anew")]
    Stopped,
    /// What is on disk contradicts itself.
    #[error("the log is damaged: {0}")]
    Corrupt(String),
    /// The folder holds the log of another key or origin.
    #[error("the checkpoint {path} isn't signed by this log's key {key}")]
    Foreign {
        /// The checkpoint's path.
        path: String,
        /// The key that was expected.
        key: String,
    },
    /// An entry isn't a canonical ledger entry. Nothing of the batch was taken.
    #[error("entry {position} refused: {reason}")]
    Refused {
        /// Its position in the batch.
        position: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A published file isn't what its name or its statement says.
    #[error("{0}")]
    Mismatch(&'static str),
    /// There is no such checkpoint, entry or roll.
    #[error("{0} isn't there")]
    Missing(String),
    /// A cosignature's key isn't among the listed witnesses.
    #[error("the cosignature is by no listed witness")]
    UnknownCosigner,
    /// A tree, a proof or a note is wrong.
    #[error(transparent)]
    Tree(#[from] symbolon_tlog::Error),
}

impl LogError {
    /// Whether the log takes nothing more until it is opened anew.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Indeterminate(_) | Self::Stopped | Self::Corrupt(_)
        )
    }

    pub(crate) fn io(path: &str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io {
                path: path.to_owned(),
                source,
            },
        }
    }
}

impl From<LogError> for LedgerError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Full => Self::Full,
            LogError::Refused { position, reason } => Self::Refused { position, reason },
            LogError::Indeterminate(what) => Self::Indeterminate(what),
            LogError::Corrupt(what) => Self::Corrupt(what),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
