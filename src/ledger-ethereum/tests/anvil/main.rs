//! Stories on anvil, run by `tests/ethereum/run`, which installs it and names it in `ANVIL`.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]

mod attacks;
mod chain;
mod contract;
mod direct;
mod faults;
mod gas;
mod proxy;
mod reader;
mod repeats;
#[path = "../../../ledger/tests/support/mod.rs"]
mod support;
mod transcripts;
