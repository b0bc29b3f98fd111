//! Observing a public log: reads its files from a folder or over HTTP, verifies everything from
//! the entries up, tallies, and tells people.
//!
//! The files are enough: no server of ours is asked, and nothing that is read is believed before
//! it was recomputed or its signature verified. What was read can be kept in a folder, which any
//! static web server serves on to others.
//!
//! With the feature `ethereum` it reads the entries of a contract from a node instead; rolls and
//! contents still are files.
//!
//! It holds no secrets and writes nothing but its mirror.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod args;
#[cfg(feature = "ethereum")]
mod chain;
mod chart;
mod derived;
mod error;
mod heads;
mod keys;
mod observer;
mod render;
mod run;
mod source;
mod text;
mod transcript;
mod tree;

pub use args::{Args, Command};
pub use error::Error;
pub use observer::{Observer, Progress};
pub use render::render;
pub use run::{ExitStatus, run};
pub use source::{Folder, Http, Mirrored, Source, open};
