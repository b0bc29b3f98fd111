//! A real server on loopback and its callers, good and bad: one module a story.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod authority;
mod callers;
mod floods;
mod house;
mod limits;
mod measured;
mod paths;
mod reloading;
mod stopping;
