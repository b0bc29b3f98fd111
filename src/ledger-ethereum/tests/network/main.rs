//! The story of an election on a network of four nodes of geth; run by `tests/ethereum/network`,
//! which installs geth and names it in `SYMBOLON_GETH`, and the observer's program in `OBSERVER`.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]

mod election;
#[path = "../anvil/reader.rs"]
mod reader;
mod report;
mod story;
#[path = "../../../ledger/tests/support/mod.rs"]
mod support;
mod town;
