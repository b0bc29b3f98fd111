//! A small reference portal: where a city's developers start.
//!
//! People sign in, the portal knows their registration IDs, and relays sealed requests and
//! sealed tokens between their devices and the vault. It can read neither. Where a manifest
//! says `custody = portal` it also votes for people who have no device, with seeds that it
//! keeps (simple mode), and then sees those voter IDs.
//!
//! The sign-in is a **stand-in**: access codes from a file, in place of the city's own
//! accounts. A city replaces [`accounts`] and keeps the rest.
//!
//! ```text
//! GET  /                                   the elections, for people
//! POST /v1/session                         {"login", "password"} -> {"session"}
//! GET  /v1/elections                       {"elections": [{"election", "manifest", "content", "state"}]}
//! POST /v1/elections/{id}/token            {"request"} -> {"token"}
//! POST /v1/elections/{id}/simple-vote      {"choices"} -> the receipt
//! ```
//!
//! Bytes are `0x` and lower-case hexadecimal. All but the first two want
//! `authorization: Bearer <session>`. A refusal is the HTTP status beside `{"reason",
//! "field", "message"}`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod accounts;
pub mod args;
pub mod config;
mod http;
mod last;
mod page;
mod relay;
pub mod roles;
pub mod run;
mod seeds;
mod sessions;
mod simple;
