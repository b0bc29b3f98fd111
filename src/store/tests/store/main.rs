//! The embedded store and the reference, as their callers see them.

#![allow(clippy::unwrap_used)]

mod backup;
mod conformance;
mod harness;
mod opening;
mod property;
