//! The gateway: takes ballots, signs receipts, publishes on the ledger.
//!
//! In scope: everything that can be checked with public statements, a durable outbox, the
//! log or a contract on Ethereum (by a feature), and the files over HTTP. Out of scope: people. It never learns of a registration, and
//! works without any route to a vault.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod args;
pub mod batches;
pub mod board;
pub mod book;
pub mod config;
mod error;
pub mod init;
pub mod intake;
mod newest;
pub mod outbox;
pub mod publisher;
pub mod roles;
mod roll;
pub mod run;
pub mod services;
pub mod source;
pub mod statements;

#[cfg(test)]
mod testing;

pub use error::Error;
