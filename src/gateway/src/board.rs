//! The public ledger as the gateway sees it: where it publishes, what stands there, and the files
//! beside it. Which kind of ledger it is, is decided here and nowhere else.

#[cfg(feature = "ethereum")]
mod chain;
mod log;

use std::sync::Arc;

use symbolon_crypto::keyfile;
use symbolon_election::{Address, ContentHash, EntryHash, Manifest, TrustFile};
use symbolon_ledger::{LedgerError, LedgerFuture, Submitted};
use symbolon_ledger_log::{Clock, Files, Inclusion};
use symbolon_service::config::value;

use crate::{Error, config::GatewayConfig, run::RunError};

pub use log::LogBoard;

/// A ledger to publish on, with rolls and contents in a folder beside it.
#[tonic::async_trait]
pub trait Board: Send + Sync {
    /// As [`symbolon_ledger::Ledger::submit`].
    fn submit(&self, entries: Vec<Vec<u8>>) -> LedgerFuture<'_, Vec<Submitted>>;

    /// The files beside the entries, served under `/log/`.
    fn files(&self) -> &Files;

    /// Whether what it takes is there for good at once. Else a batch is under way for a while,
    /// and others go their way meanwhile.
    fn settles_at_once(&self) -> bool;

    /// The time that it had reached when it was opened: nothing can be promised before that.
    fn opened_at(&self) -> u64;

    /// Whether an entry is there for good.
    fn has(&self, entry: &EntryHash) -> bool;

    /// Where an entry is there for good.
    async fn place(&self, entry: &EntryHash) -> Result<Option<Place>, Error>;

    /// Statements that are there for good, whoever brought them, from a position on; and the
    /// position behind them. What came from this process since it began may be left out.
    async fn statements(&self, from: u64) -> Result<(u64, Vec<Vec<u8>>), Error>;

    /// Shows that nothing was added until now, where nobody else does.
    async fn heartbeat(&self) -> Result<(), Error>;

    /// The file by which a manifest names the ledger's keys, where it has keys.
    fn keys_file(&self, manifest: &Manifest) -> Option<ContentHash>;

    /// Whether a manifest names this ledger; `keys` is the file that it names for it.
    fn is_named_by(&self, manifest: &Manifest, keys: Option<&[u8]>) -> Result<(), Error>;
}

/// Where an entry stands on the ledger.
pub struct Place {
    /// Its number among all entries, from 0.
    pub index: u64,
    /// That a checkpoint covers it, where the ledger has checkpoints.
    pub proof: Option<Inclusion>,
}

/// What is told of a ledger when a gateway is made.
pub struct Named {
    /// The list of log and witness keys; manifests name its SHA-256. A chain has none.
    pub keys: Option<Vec<u8>>,
    /// How manifests name it.
    pub name: ContentHash,
    /// The account that pays for transactions.
    pub account: Option<Address>,
}

/// Opens the ledger that the configuration names.
pub(crate) async fn open(
    config: &GatewayConfig,
    trust: &TrustFile,
    clock: Clock,
) -> Result<Arc<dyn Board>, RunError> {
    check_domain(config, trust)?;
    match &config.ledger.ethereum {
        None => Ok(Arc::new(log::open(config, trust, clock)?)),
        #[cfg(feature = "ethereum")]
        Some(ethereum) => Ok(Arc::new(chain::open(config, ethereum, trust).await?)),
        #[cfg(not(feature = "ethereum"))]
        Some(_) => Err(unbuilt()),
    }
}

/// Makes the ledger's keys where there are none, and the ledger where it is a log.
pub(crate) async fn init(
    config: &GatewayConfig,
    trust: &TrustFile,
    now: u64,
) -> Result<Named, RunError> {
    check_domain(config, trust)?;
    match &config.ledger.ethereum {
        None => log::init(config, trust, now),
        #[cfg(feature = "ethereum")]
        Some(ethereum) => chain::init(ethereum, trust).await,
        #[cfg(not(feature = "ethereum"))]
        Some(_) => Err(unbuilt()),
    }
}

#[cfg(not(feature = "ethereum"))]
fn unbuilt() -> RunError {
    let problem = "this program was built without Ethereum: build it with `--features ethereum`";
    value("ledger.ethereum", problem).into()
}

/// Signatures for a log are none for a chain, and the other way round.
fn check_domain(config: &GatewayConfig, trust: &TrustFile) -> Result<(), RunError> {
    let problem = match (trust.domain().chain_id(), &config.ledger.ethereum) {
        (0, Some(_)) => "the trust file names a log and no contract",
        (1.., None) => {
            "the trust file names a contract on a chain: `ethereum` says how it is reached"
        }
        _ => return Ok(()),
    };
    Err(value("ledger", problem).into())
}

/// Makes a key file of 32 bytes, unless one is there.
pub(crate) fn make_key(path: &std::path::Path, bytes: &[u8; 32]) -> Result<(), RunError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match path.symlink_metadata() {
        Ok(_) => Ok(()),
        Err(_) => Ok(keyfile::write_new(path, bytes)?),
    }
}

/// What keeps an entry from being taken that was well-formed.
pub(crate) fn refused(error: &Error) -> bool {
    matches!(error, Error::Ledger(LedgerError::Refused { .. }))
}

#[cfg(test)]
mod tests;
