//! Stories with the real programs as processes on loopback.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod examples;
mod first_vote;
mod guides;
mod help;
mod house;
mod papers;
mod walls;
