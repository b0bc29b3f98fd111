//! The public ledger on Ethereum: the contract `BallotBox`, who reads it, and who writes to it.
//!
//! An entry of the ledger is a log of the contract without topics, whose data is the entry byte
//! for byte. Its index is its number among all of them; its time is its block's. The contract
//! checks everything that it can itself, so whoever pays for a transaction may write.
//!
//! [`Chain`] follows one contract through one or more nodes, and holds an entry for settled once
//! its block is deep enough or final. [`EthereumLedger`] publishes: what stands on the chain, not
//! what it remembers, says what is still to be sent.
//!
//! Encodings are alloy's; what speaks to a node is a small JSON-RPC client, since nonces, fees,
//! replacement and failover are decided here. A node is believed in what it says of the chain's
//! logs: who trusts none runs their own.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chain;
mod config;
pub mod contract;
pub mod direct;
mod error;
mod json;
mod ledger;
mod node;
mod packing;
mod rpc;
mod sender;
mod transaction;
mod transcript;

pub use chain::{Block, Chain};
pub use config::{Config, Fees, Settle};
pub use contract::Skip;
pub use error::EthereumError;
pub use ledger::EthereumLedger;
pub use node::{Header, Node, Receipt};
pub use rpc::Rpc;
pub use transaction::{Account, Price, Signed};
pub use transcript::ChainTranscript;
