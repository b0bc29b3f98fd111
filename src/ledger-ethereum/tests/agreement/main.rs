//! The contract and the verifier agree: what the contract records the verifier decodes and takes, what
//! it refuses or passes over the verifier refuses for the same reason.
//!
//! The contract's bytecode runs in this process (revm, with the London rules of the networks it is for):
//! no node, no blocks, a state that is copied at will, so that most of the time goes into signatures.
//! A short run is part of `cargo test`; `PROPTEST_CASES` makes it a long one.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod ballots;
mod batches;
mod bend;
mod machine;
mod observer;
mod readers;
mod signatures;
mod statements;
#[path = "../../../ledger/tests/support/mod.rs"]
mod support;

use proptest::test_runner::Config;

/// So many cases as `PROPTEST_CASES` says, or some; nothing is written beside the sources.
fn cases(usual: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    Config {
        cases: cases.unwrap_or(usual),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    }
}
