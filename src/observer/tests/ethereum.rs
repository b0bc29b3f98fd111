//! The observer on a contract; run by `tests/ethereum/run`, which names anvil in `ANVIL`.
#![allow(clippy::unwrap_used, unreachable_pub, dead_code)]

#[path = "../../ledger-ethereum/tests/anvil/chain.rs"]
mod chain;
#[path = "../../ledger/tests/support/mod.rs"]
mod support;

use std::path::Path;

use chain::{Anvil, STRANGER};
use clap::Parser as _;
use serde_json::{Value, json};
use support::Script;
use symbolon_ledger::layout;
use symbolon_ledger_ethereum::{Chain, contract};
use symbolon_observer::{Args, ExitStatus, run};

fn verify(folder: &Path, url: &str) -> (ExitStatus, Value) {
    let trust = folder.join("trust.json");
    let args = Args::parse_from([
        "symbolon-observer",
        "verify",
        folder.to_str().unwrap(),
        "--trust",
        trust.to_str().unwrap(),
        "--rpc",
        "http://127.0.0.1:1",
        "--rpc",
        url,
        "--confirmations",
        "1",
        "--json",
    ]);
    let mut out = Vec::new();
    let status = run(&args, &mut out).unwrap();
    (status, serde_json::from_slice(&out).unwrap())
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn an_election_on_a_contract_is_verified_and_tallied_from_any_node() {
    let anvil = Anvil::start(&["--timestamp", "100"]);
    let domain = anvil.ballot_box();
    let mut script = Script::new(6);
    script.domain = domain.clone();
    let config = anvil.config(&domain, vec![anvil.url.clone()], 0);
    script.manifest.ledger_keys = *Chain::open(&config).unwrap().genesis();
    script.open();
    script.now = 1_500;
    for place in 0..5 {
        script.ballot(place, 0, &[1, 2, 1, 1]);
    }
    let (node, to) = (anvil.node(&domain), *domain.verifying_contract());
    for (entry, time) in script.entries.clone() {
        if anvil
            .try_rpc("evm_setNextBlockTimestamp", json!([time]))
            .is_ok()
        {
            anvil.mine();
        }
        let call = match entry[0] {
            0x10 => contract::cast_call(entry),
            _ => contract::publish_call(&entry),
        };
        let receipt = anvil
            .transact(&node, STRANGER, Some(&to), call, 12_000_000)
            .unwrap();
        assert!(receipt.success);
    }
    anvil.mine();
    let folder = tempfile::tempdir().unwrap();
    script.write_files(folder.path());
    let (status, report) = verify(folder.path(), &anvil.url);
    assert_eq!(status, ExitStatus::Verified, "{report}");
    assert_eq!(report["elections"][0]["tally"]["counted"], 5, "{report}");
    // Without the roll's file the same ballots are held against its size only.
    let roll = layout::roll_leaves(&script.id().to_string(), 0, 6);
    std::fs::remove_file(folder.path().join(roll)).unwrap();
    assert_eq!(verify(folder.path(), &anvil.url).0, ExitStatus::Incomplete);
}
