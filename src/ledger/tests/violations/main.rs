//! Every violation, by a scripted election that commits it and nothing else.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod ballots;
mod bytes;
mod complaints;
mod elections;
mod rolls;
mod statements;
