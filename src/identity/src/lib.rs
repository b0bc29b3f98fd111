//! Who is who: the schema of people's attributes, canonical forms, match keys, their
//! stretching, and the decision between known, new and conflict.
//!
//! In scope: everything between a person's attributes as a portal sends them and the index
//! entries under which a store finds that person's record. Out of scope: network, storage,
//! keys. Personal data enters as a [`Person`], leaves as stretched match keys, and is wiped
//! on the way.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod canonical;
mod error;
pub mod match_key;
pub mod person;
pub mod resolve;
pub mod schema;
pub mod stretch;

pub use error::Error;
pub use match_key::MatchKey;
pub use person::{CanonicalPerson, Person, Problem};
pub use schema::{Rule, RuleId, RuleKind, Schema};
