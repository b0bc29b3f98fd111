//! The public ledger, seen from both ends: the trait a writer's backend implements, and the
//! verifier that anyone runs over what the ledger shows.
//!
//! The crate holds no keys and writes nothing. A backend gives a [`Ledger`]; a reader makes a
//! transcript of its entries, and the verifier gives one verdict over it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backend;
pub mod layout;

pub use backend::{EntryHash, Ledger, LedgerError, LedgerFuture, Settled, Submitted};
