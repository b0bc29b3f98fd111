//! What a voter's device does: it holds a seed, derives its keys for each election,
//! asks for a token, opens it, signs a ballot, checks the receipt.
//!
//! Nothing here sends or stores anything. In elections whose manifest lets the
//! portal hold the keys, the portal does the same with seeds that it keeps.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cast;
mod error;
mod keys;
mod request;
mod seed;
mod token;

pub use crate::cast::{cast, check_receipt, complain};
pub use crate::error::Error;
pub use crate::keys::ElectionKeys;
pub use crate::request::{SEALED_REQUEST, request};
pub use crate::seed::DeviceSeed;
pub use crate::token::{SEALED_TOKEN, Token, open_token};

#[cfg(test)]
mod tests;
