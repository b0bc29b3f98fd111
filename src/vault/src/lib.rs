//! The vault: identity to pseudonyms to signed tokens, in a closed network.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod roll;
