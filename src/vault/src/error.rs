//! What can go wrong in the vault's core, and what callers are told of it.

use std::time::Duration;

use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::StoreError;

use crate::roll::RollError;

/// An error of the vault. None shows personal data, an identifier or a key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key ring is sealed.
    #[error("the vault is sealed")]
    Sealed,
    /// What a caller did wrong or has to wait for.
    #[error("{}", .0.description())]
    Refused(Box<Refusal>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row isn't what this software writes.
    #[error("a row of table {0} is damaged")]
    Row(&'static str),
    /// The key ring failed.
    #[error(transparent)]
    Keyring(#[from] symbolon_keyring::Error),
    /// A roll's file failed.
    #[error(transparent)]
    Roll(#[from] RollError),
    /// A published file could not be handled.
    #[error("the published file {}: {source}", path.display())]
    Published {
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A backup's file could not be written.
    #[error("the backup {}: {source}", path.display())]
    Backup {
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The key ring is older than the store.
    #[error(
        "the key ring has revision {ring}, the store has seen {store}: an older ring was put in its place; nothing was changed"
    )]
    OlderRing {
        /// The ring's revision.
        ring: u64,
        /// The revision that the store knows.
        store: u64,
    },
    /// Ring and store belong to different installations.
    #[error("the key ring belongs to another installation than the store; nothing was changed")]
    ForeignRing,
    /// Writers kept getting in each other's way.
    #[error("too many writers at the same rows")]
    Contention,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        Refusal::new(reason).into()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let reason = match &error {
            Error::Refused(refusal) => return *refusal.clone(),
            Error::Sealed => Reason::Sealed,
            Error::Store(StoreError::Full { .. }) => Reason::StorageFull,
            Error::Store(StoreError::Indeterminate) => Reason::Indeterminate,
            Error::Store(StoreError::Unavailable(_)) => Reason::Unavailable,
            Error::Contention => {
                return Refusal::new(Reason::Busy).after(Duration::from_millis(100));
            }
            _ => Reason::Internal,
        };
        tracing::error!(reason = reason.name(), %error, "a request failed");
        Refusal::new(reason)
    }
}

impl From<symbolon_identity::Error> for Error {
    fn from(error: symbolon_identity::Error) -> Self {
        match error {
            symbolon_identity::Error::Busy { retry_after } => {
                Refusal::new(Reason::Busy).after(retry_after).into()
            }
            _ => Reason::ShuttingDown.into(),
        }
    }
}
