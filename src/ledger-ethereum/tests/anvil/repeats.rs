//! The same ballots more than once: by one gateway a thousand times and over its restart, and by two.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use symbolon_ledger::{Ledger as _, Submitted};
use symbolon_ledger_ethereum::{Chain, EthereumLedger};

use crate::chain::{Anvil, PAYER, STRANGER};
use crate::reader::observe;
use crate::support::Script;

/// A chain with blocks of its own pace, and an open election on it.
fn opened(voters: u32) -> (Anvil, Script) {
    let anvil = Anvil::start(&["--block-time", "1", "--mixed-mining", "--timestamp", "2000"]);
    let mut script = Script::new(voters);
    script.domain = anvil.ballot_box();
    script.manifest.closes = 1 << 40;
    script.manifest.forget_after = 1 << 41;
    let config = anvil.config(&script.domain, vec![anvil.url.clone()], 0);
    script.manifest.ledger_keys = *Chain::open(&config).unwrap().genesis();
    script.open();
    (anvil, script)
}

fn gateway(anvil: &Anvil, script: &Script, account: u8) -> EthereumLedger {
    let config = anvil.config(&script.domain, vec![anvil.url.clone()], 2);
    EthereumLedger::open(config, anvil.account(account)).unwrap()
}

/// Blocks come while something is done.
fn while_blocks_come<T>(anvil: &Anvil, work: impl Future<Output = T>) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                anvil.mine();
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        let result = tokio::runtime::Runtime::new().unwrap().block_on(work);
        done.store(true, Ordering::Relaxed);
        result
    })
}

async fn submit(ledger: EthereumLedger, entries: Vec<Vec<u8>>) -> Vec<u64> {
    let index = |it| match it {
        Submitted::Settled { index } => index,
        other => panic!("{other:?}"),
    };
    ledger
        .submit(entries)
        .await
        .unwrap()
        .into_iter()
        .map(index)
        .collect()
}

fn shown(anvil: &Anvil, script: &Script) -> Vec<Vec<u8>> {
    let mut chain = Chain::open(&anvil.config(&script.domain, vec![anvil.url.clone()], 0)).unwrap();
    let mut shown = Vec::new();
    while let Some(page) = chain.read_on().unwrap() {
        shown.extend(page);
    }
    shown
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_ballot_a_thousand_times_at_once_and_over_a_restart_is_one_entry() {
    let (anvil, script) = opened(4);
    let statements: Vec<_> = script
        .entries
        .iter()
        .map(|(entry, _)| entry.clone())
        .collect();
    let ballot = script.signed(1, 0, 0, &[0, 1, 1]).to_entry();
    while_blocks_come(&anvil, async {
        let first = gateway(&anvil, &script, PAYER);
        for statement in &statements {
            submit(first.clone(), vec![statement.clone()]).await;
        }
        let many: Vec<_> = (0..1_000)
            .map(|_| tokio::spawn(submit(first.clone(), vec![ballot.clone()])))
            .collect();
        let mut indexes = HashSet::new();
        for one in many {
            indexes.extend(one.await.unwrap());
        }
        drop(first);
        let second = gateway(&anvil, &script, PAYER);
        indexes.extend(submit(second, vec![ballot.clone(); 3]).await);
        assert_eq!(indexes.len(), 1, "one place on the ledger");
    });
    let there = shown(&anvil, &script)
        .into_iter()
        .filter(|it| *it == ballot)
        .count();
    assert_eq!(there, 1);
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn two_gateways_with_the_same_ballots_give_each_voter_one_vote() {
    let voters = 400;
    let (anvil, script) = opened(voters);
    let statements: Vec<_> = script
        .entries
        .iter()
        .map(|(entry, _)| entry.clone())
        .collect();
    let ballots: Vec<_> = (0..voters)
        .map(|place| script.signed(place, 0, 0, &[0, 1, 1]).to_entry())
        .collect();
    while_blocks_come(&anvil, async {
        let (one, two) = (
            gateway(&anvil, &script, PAYER),
            gateway(&anvil, &script, STRANGER),
        );
        for statement in &statements {
            submit(one.clone(), vec![statement.clone()]).await;
        }
        let backwards: Vec<_> = ballots.iter().rev().cloned().collect();
        let (first, second) = tokio::join!(submit(one, ballots.clone()), submit(two, backwards));
        // Either names the first one of those alike.
        assert_eq!(first, second.into_iter().rev().collect::<Vec<_>>());
    });
    let shown = shown(&anvil, &script);
    let distinct: HashSet<_> = shown.iter().collect();
    assert_eq!(distinct.len(), statements.len() + ballots.len());
    let config = anvil.config(&script.domain, vec![anvil.url.clone()], 0);
    let (report, ..) = observe(&config, &script);
    assert!(report.verdict.is_verified(), "{:?}", report.verdict);
    assert_eq!(report.elections[0].tally.counted, u64::from(voters));
}
