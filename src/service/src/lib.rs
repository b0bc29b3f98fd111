//! What every daemon of Symbolon needs and no domain: listeners with mutual TLS and
//! roles, limits, refusals, a registry of live connections, client channels,
//! configuration files, logs, metrics, shutdown and a hardened process.
//!
//! In scope: how bytes come in and go out, who sends them, how much of it. Out of
//! scope: every message, every identifier, every key that isn't TLS. A daemon
//! brings its table of roles and its routes; this crate serves them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod client;
pub mod config;
mod error;
pub mod files;
mod provider;
pub mod reasons;
pub mod refusal;

pub use error::Error;
pub use reasons::{Reason, Remedy};
pub use refusal::Refusal;
