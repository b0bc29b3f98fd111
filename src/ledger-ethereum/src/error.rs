//! Why a chain can't be read or written.

use symbolon_election::Address;
use symbolon_ledger::LedgerError;

/// Why the chain didn't do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EthereumError {
    /// No endpoint answered; whether one did what it was asked is unknown.
    #[error("no node answers: {0}")]
    Unreachable(String),
    /// A node answered with an error.
    #[error("the node refuses {method}: {message}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// What it said.
        message: String,
        /// The data of the error, where a contract reverted.
        data: Vec<u8>,
    },
    /// A node answered something that isn't what was asked for.
    #[error("the node's answer to {0} can't be read")]
    Answer(&'static str),
    /// The endpoints are of another chain than the contract.
    #[error("the node is of chain {got}, not {expected}")]
    OtherChain {
        /// Which chain it should be.
        expected: u64,
        /// Which it is.
        got: u64,
    },
    /// There is no ballot box at the address.
    #[error("there is no ballot box of this chain at the contract's address")]
    NoContract,
    /// The chain changed while it was read: read again.
    #[error("the chain changed while it was read")]
    Moved,
    /// The node is behind what was settled already.
    #[error("the node is behind: at block {at}, settled up to {settled}")]
    Behind {
        /// Its head.
        at: u64,
        /// What was settled.
        settled: u64,
    },
    /// A block that was settled is no more on the chain.
    #[error("block {0} was settled and is another one now")]
    Reorganised(u64),
    /// One entry isn't well-formed, or the contract doesn't take it.
    #[error("entry {position} refused: {reason}")]
    Entry {
        /// Its position in the call.
        position: usize,
        /// Why.
        reason: String,
    },
    /// One statement comes before its time, by the chain's clock.
    #[error("entry {position} comes before its time")]
    Early {
        /// Its position in the call.
        position: usize,
    },
    /// A manifest names another chain by its first block.
    #[error("the manifest names the genesis block of another chain")]
    OtherGenesis,
    /// A statement that a ballot needs isn't on the chain.
    #[error("{0} isn't on the chain")]
    Missing(&'static str),
    /// The contract doesn't record a ballot.
    #[error("the contract passes the ballot over: {0}")]
    PassedOver(&'static str),
    /// An account can't pay for a transaction.
    #[error("the account {} has {has} wei, and a transaction may cost {needs}", account.to_0x())]
    NoFunds {
        /// Which one.
        account: Address,
        /// What it has, in wei.
        has: u128,
        /// What it needs.
        needs: u128,
    },
    /// No block holds a transaction that was handed in; one may still do so.
    #[error("no block holds the transaction 0x{} yet", alloy_primitives::hex::encode(.0))]
    Waits([u8; 32]),
    /// The thread that drives the ledger is gone.
    #[error("stopped")]
    Stopped,
}

impl From<EthereumError> for LedgerError {
    fn from(error: EthereumError) -> Self {
        match error {
            EthereumError::Entry { position, reason } => Self::Refused { position, reason },
            EthereumError::Early { position } => Self::Early { position },
            EthereumError::Stopped => Self::Indeterminate(error.to_string()),
            EthereumError::Reorganised(_) => Self::Corrupt(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
