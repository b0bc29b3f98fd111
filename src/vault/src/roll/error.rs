use std::{io, path::PathBuf};

/// Why a roll could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum RollError {
    /// A file could not be handled.
    #[error("the roll file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file has another length than the roll statement says.
    #[error("the roll file {} holds {found} bytes, {expected} are stated", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// The length by the statement.
        expected: u64,
        /// The length found.
        found: u64,
    },
    /// A leaf stands twice: two roots gave one pseudonym, or a record was counted twice.
    #[error("a voter ID stands twice in the roll")]
    Repeated,
    /// More places than a roll can number.
    #[error("a roll holds at most {} places", u32::MAX)]
    TooLarge,
}
