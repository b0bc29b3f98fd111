//! Who is who: the schema of people's attributes, canonical forms, match keys, their
//! stretching, and the decision between known, new and conflict.
//!
//! In scope: everything between a person's attributes as a portal sends them and the index
//! entries under which a store finds that person's record. Out of scope: network, storage,
//! keys. Personal data enters as a [`Person`], leaves as stretched match keys, and is wiped
//! on the way.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod canonical;
