//! The vault: identity to pseudonyms to signed tokens, in a closed network.
//!
//! In scope: who people are (as sealed records without personal data), who may vote, and
//! the tokens that say so; officers' statements; the audit log of all that. Out of scope:
//! ballots, which never come here.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod args;
pub mod audit;
pub mod audit_log;
pub mod backup;
pub mod budget;
pub mod config;
pub mod core;
mod destruction;
pub mod elections;
pub mod electorates;
mod error;
pub mod filling;
pub mod gates;
pub mod halts;
pub mod init;
pub mod inspection;
pub mod issuance;
pub mod kdf;
mod key_plan;
pub mod life;
mod pinned;
pub mod proposals;
mod published;
pub mod read_back;
pub mod registration;
pub mod restore;
pub mod rewrap;
pub mod roles;
pub mod roll;
pub mod rotation;
pub mod rows;
pub mod run;
pub mod seal;
pub mod services;
mod sweep;
#[cfg(test)]
mod testing;
pub mod unsealing;
pub mod validation;

pub use error::Error;
