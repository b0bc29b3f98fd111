//! Why an observer couldn't begin.

use std::io;
use std::path::PathBuf;

/// What keeps an observer from looking at a log at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder can't be used.
    #[error("folder {0}: {1}")]
    Folder(PathBuf, #[source] io::Error),
    /// A file given on the command line can't be read.
    #[error("file {0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// A file of certificate authorities can't be used.
    #[error("certificate authorities in {0}: {1}")]
    Ca(PathBuf, String),
    /// The trust file isn't one.
    #[error("trust file {0}: {1}")]
    Trust(PathBuf, #[source] symbolon_election::Error),
    /// A complaint isn't one.
    #[error("complaint {0}: {1}")]
    Complaint(PathBuf, #[source] symbolon_election::Error),
    /// Nothing says which contract is meant.
    #[cfg(feature = "ethereum")]
    #[error("a trust file is needed: it names chain and contract")]
    NoTrust,
    /// The chain can't be read at all.
    #[cfg(feature = "ethereum")]
    #[error("the chain: {0}")]
    Chain(#[source] symbolon_ledger_ethereum::EthereumError),
    /// The answer can't be written.
    #[error("output: {0}")]
    Output(#[source] io::Error),
}
