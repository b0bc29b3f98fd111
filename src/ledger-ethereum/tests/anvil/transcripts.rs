//! The chain under the verifier: the same voters on either ledger, and who casts by themselves.

use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use symbolon_election::{Certified, LedgerHead, Statement, Tally};
use symbolon_ledger::{Chronicle as _, Report};
use symbolon_ledger_ethereum::{Chain, ChainTranscript};

use crate::chain::{Anvil, STRANGER};
use crate::contract::Box;
use crate::reader::observe;
use crate::support::{CLOSES, GRACE, Memory, Script};

/// A contract and a script whose manifest names its chain.
fn on_chain(voters: u32) -> Box {
    let anvil = Anvil::start(&["--timestamp", "100"]);
    let domain = anvil.ballot_box();
    let mut script = Script::new(voters);
    script.domain = domain.clone();
    let chain = Chain::open(&anvil.config(&domain, vec![anvil.url.clone()], 0)).unwrap();
    script.manifest.ledger_keys = *chain.genesis();
    Box {
        node: anvil.node(&domain),
        domain,
        script,
        anvil,
    }
}

impl Box {
    /// Puts what the script wrote onto the chain at its times.
    fn replay(&mut self) {
        for (entry, time) in std::mem::take(&mut self.script.entries) {
            // Several entries of one time take the seconds that follow.
            let set = self
                .anvil
                .try_rpc("evm_setNextBlockTimestamp", json!([time]));
            if set.is_ok() {
                self.anvil.mine();
            }
            match entry[0] {
                0x10 => assert_eq!(self.cast(&[entry]), [Ok(())]),
                _ => self.publish(&entry).unwrap(),
            }
        }
    }

    /// What an observer finds who reads the chain from its beginning.
    fn observe(&self) -> (Report, Chain, Memory) {
        let config = self
            .anvil
            .config(&self.domain, vec![self.anvil.url.clone()], 0);
        observe(&config, &self.script)
    }
}

/// Everybody at an even place votes, some again, as in [`Script::whole`].
fn vote(script: &mut Script, voters: u32) {
    script.now = 1_500;
    for place in (0..voters).step_by(2) {
        script.ballot(place, 0, &[1, 2, 1, 1]);
    }
    script.now = 1_700;
    for place in (0..voters).step_by(4) {
        script.ballot(place, 1, &[0, 1, 2]);
    }
}

fn figures(tally: &Tally) -> Value {
    json!({
        "rollSize": tally.roll_size, "issued": tally.issued, "ballots": tally.ballots,
        "counted": tally.counted, "excluded": tally.excluded, "questions": tally.questions,
    })
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn the_same_voters_on_either_ledger_have_the_same_verdict_and_tally() {
    let voters = 12;
    let log = Script::whole(voters).report();
    let mut this = on_chain(voters);
    this.script.open();
    vote(&mut this.script, voters);
    this.script.now = CLOSES + 10;
    this.script.close();
    this.replay();
    this.anvil.set_time(CLOSES + GRACE + 50);
    this.anvil.mine();
    let (report, chain, mut files) = this.observe();
    let size = chain.tip().unwrap().number;
    let mut transcript = ChainTranscript {
        chain: &chain,
        files: &mut files,
    };
    let head: LedgerHead = transcript.head(size).unwrap();
    let certified = Certified {
        election: this.script.id(),
        ledger_size: size,
        ledger_head: head,
        tally_hash: report.elections[0].tally_hash,
    };
    assert_eq!(report.elections[0].tally.ledger_size, size);
    this.script.now = CLOSES + GRACE + 100;
    this.script
        .officers_state(Statement::Certified(certified.clone()));
    this.replay();
    let (report, _, _) = this.observe();
    assert!(log.verdict.is_verified(), "{:?}", log.verdict);
    assert!(report.verdict.is_verified(), "{:?}", report.verdict);
    let (of_log, of_chain) = (&log.elections[0].tally, &report.elections[0].tally);
    assert_eq!(figures(of_chain), figures(of_log));
    assert_eq!(of_chain.counted, 6);
    assert_eq!(of_chain.hash(), certified.tally_hash);
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_certified_block_of_another_hash_is_named() {
    let mut this = on_chain(4);
    this.script.open();
    vote(&mut this.script, 4);
    this.script.now = CLOSES + 10;
    this.script.close();
    this.script.now = CLOSES + GRACE + 100;
    this.replay();
    let (report, chain, _) = this.observe();
    let certified = Certified {
        election: this.script.id(),
        ledger_size: chain.tip().unwrap().number,
        ledger_head: LedgerHead::new([1; 32]),
        tally_hash: report.elections[0].tally_hash,
    };
    this.script.officers_state(Statement::Certified(certified));
    this.replay();
    let (report, _, _) = this.observe();
    assert_eq!(crate::support::names(&report), ["CERTIFIED_HEAD"]);
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_manifest_of_another_chain_is_named() {
    let mut this = on_chain(4);
    this.script.manifest.ledger_keys = symbolon_election::ContentHash::new([3; 32]);
    this.script.open();
    this.replay();
    let (report, _, _) = this.observe();
    assert_eq!(crate::support::names(&report), ["OTHER_LEDGER"]);
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_token_and_ballot_of_viem_alone_cast_by_a_stranger_count() {
    let mut this = on_chain(4);
    this.script.open();
    this.replay();
    this.anvil.set_time(1_500);
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let key = |name: &str| hex(&Sha256::digest(name));
    let given = json!({
        "url": this.anvil.url, "chainId": this.domain.chain_id(),
        "contract": this.domain.verifying_contract().checksummed(),
        "election": hex(this.script.id().as_bytes()),
        "voterId": hex(this.script.roll[2].as_bytes()), "rollIndex": 2,
        "choice": "0x01020102", "sequence": 1,
        "issuer": key("issuer"), "ballotKey": key("ballot key 2 0"),
        "payer": hex(&[STRANGER; 32]),
    });
    let tools = std::env::var("ETHEREUM_TOOLS").expect("set by tests/ethereum/run");
    let output = Command::new("node")
        .current_dir(tools)
        .args(["cast.mjs", &given.to_string()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&answer["status"], &answer["logs"]),
        (&json!("success"), &json!(1))
    );
    let (report, ..) = this.observe();
    assert!(report.verdict.is_verified(), "{:?}", report.verdict);
    assert_eq!(report.elections[0].tally.counted, 1);
    assert_eq!(report.elections[0].tally.questions[0].options, [0, 1, 0]);
    assert_eq!(report.elections[0].tally.questions[1].options, [0, 1]);
}
