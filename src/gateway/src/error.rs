use std::path::PathBuf;

use symbolon_ledger::LedgerError;
use symbolon_ledger_log::LogError;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::StoreError;

/// An error of the gateway.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What a voter's device did wrong or has to wait for.
    #[error("{}", .0.description())]
    Refused(Box<Refusal>),
    /// The outbox's store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row isn't what this software writes.
    #[error("a row of the outbox is damaged")]
    Row,
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The log's folder.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A statement that the source gave is none of the city's.
    #[error("statement {number} of the source: {problem}")]
    Statement {
        /// Its place in the order of publication, from 0.
        number: u64,
        /// What is wrong with it.
        problem: symbolon_election::Error,
    },
    /// An election that this gateway could promise nothing in.
    #[error("an election that isn't this gateway's: {0}")]
    OtherGateway(&'static str),
    /// A rotation of a token key that comes after its election has closed.
    #[error("a rotation of the token key after its election has closed")]
    TooLate,
    /// This log's own keys have no public form: its origin isn't a name for keys.
    #[error("the log's keys: {0}")]
    LedgerKeys(symbolon_election::Error),
    /// A file of the source, or its vault.
    #[error("the source of statements, {what}: {problem}")]
    Source {
        /// What was asked for.
        what: String,
        /// Why it didn't come.
        problem: String,
    },
    /// A part of the gateway ended that never should.
    #[error("a part of the gateway stopped")]
    Stopped,
    /// A roll's file.
    #[error("the roll's file {}: {source}", path.display())]
    Roll {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether the ledger takes nothing more until the process starts anew.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Ledger(LedgerError::Indeterminate(_) | LedgerError::Corrupt(_)) => true,
            Self::Log(error) => error.is_final(),
            Self::Stopped => true,
            _ => false,
        }
    }
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
            Error::Store(StoreError::Full { .. }) => Reason::StorageFull,
            Error::Store(StoreError::Indeterminate) => Reason::Indeterminate,
            Error::Store(StoreError::Unavailable(_)) => Reason::Unavailable,
            _ => Reason::Internal,
        };
        tracing::error!(reason = reason.name(), %error, "a request failed");
        Refusal::new(reason)
    }
}
