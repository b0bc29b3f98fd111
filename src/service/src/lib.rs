//! What every daemon of Symbolon needs and no domain: listeners with mutual TLS and
//! roles, limits, refusals, a registry of live connections, client channels,
//! configuration files, logs, metrics, shutdown and a hardened process.
//!
//! In scope: how bytes come in and go out, who sends them, how much of it. Out of
//! scope: every message, every identifier, every key that isn't TLS. A daemon
//! brings its table of roles and its routes; this crate serves them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod client;
pub mod clock;
pub mod config;
mod error;
pub mod files;
pub mod hardening;
pub mod health;
pub mod logs;
pub mod matrix;
pub mod metrics;
pub mod peer;
pub mod program;
mod provider;
pub mod reasons;
pub mod refusal;
pub mod registry;
pub mod roles;
pub mod scheduling;
mod serial;
pub mod server;
mod shutdown;
mod tls;

pub use error::Error;
pub use peer::Peer;
pub use reasons::{Reason, Remedy};
pub use refusal::Refusal;
pub use roles::Role;
pub use serial::Serial;
pub use shutdown::Shutdown;
