//! Nodes that fail while ballots are published: each ballot is on the chain exactly once.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::json;
use symbolon_election::Domain;
use symbolon_ledger::{Ledger as _, Submitted};
use symbolon_ledger_ethereum::Chain;

use crate::chain::Anvil;
use crate::proxy::{self, Fault};
use crate::support::Script;

const BALLOTS: u32 = 10_000;
/// Deeper than any reorganisation here.
const DEPTH: u64 = 10;

/// Statements, and ballots.
type Written = (Vec<Vec<u8>>, Vec<Vec<u8>>);

/// Statements and ballots; the same for each anvil, since contracts get the same address.
fn entries(domain: &Domain) -> &'static Written {
    static ENTRIES: OnceLock<Written> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let mut script = Script::new(BALLOTS);
        script.domain = domain.clone();
        script.manifest.closes = 1 << 40;
        script.manifest.forget_after = 1 << 41;
        script.open();
        let statements = script
            .entries
            .iter()
            .map(|(entry, _)| entry.clone())
            .collect();
        let ballot = |place| script.signed(place, 0, 0, &[0, 1, 1]).to_entry();
        (statements, (0..BALLOTS).map(ballot).collect())
    })
}

/// Publishes everything through a proxy while `meanwhile` does what it likes to the node; then
/// counts what is there.
fn story(
    name: &str,
    choose: impl Fn(&str, u64) -> Fault + Send + Sync + 'static,
    meanwhile: impl Fn(&Anvil, u64) + Send + Sync,
) {
    let started = Instant::now();
    let anvil = Anvil::start(&["--block-time", "1", "--mixed-mining", "--timestamp", "2000"]);
    let domain = anvil.ballot_box();
    // From here on blocks are made by one thread, which takes them back, too: where anvil makes one
    // by itself amid that, a transaction may stand in two blocks of its chain.
    anvil.rpc("evm_setIntervalMining", json!([0]));
    let (statements, ballots) = entries(&domain);
    let url = proxy::start(anvil.url.clone(), Box::new(choose));
    // The first endpoint is nobody's.
    let endpoints = vec!["http://127.0.0.1:1".to_owned(), url];
    let ledger = anvil.ledger(anvil.config(&domain, endpoints, DEPTH));
    let done = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !done.load(Ordering::Relaxed) {
                anvil.mine();
                round += 1;
                meanwhile(&anvil, round);
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        for statement in statements {
            runtime
                .block_on(ledger.submit(vec![statement.clone()]))
                .unwrap();
        }
        // Three batches, and the first one a second time, as a gateway does that lost its answer.
        let third = ballots.len() / 3;
        for batch in [
            &ballots[..third],
            &ballots[third..2 * third],
            &ballots[2 * third..],
            &ballots[..third],
        ] {
            let submitted = runtime.block_on(ledger.submit(batch.to_vec())).unwrap();
            assert!(
                submitted
                    .iter()
                    .all(|it| matches!(it, Submitted::Settled { .. }))
            );
        }
        done.store(true, Ordering::Relaxed);
    });
    // Another reader, straight from the node.
    let mut chain = Chain::open(&anvil.config(&domain, vec![anvil.url.clone()], 0)).unwrap();
    let mut found = Vec::new();
    while let Some(page) = chain.read_on().unwrap() {
        found.extend(page);
    }
    let distinct: HashSet<_> = found.iter().collect();
    let expected = statements.len() + ballots.len();
    println!(
        "{name}: {} entries, {} distinct, {:.1} s",
        found.len(),
        distinct.len(),
        started.elapsed().as_secs_f32()
    );
    if found.len() != distinct.len() {
        tell_doubles(&anvil);
    }
    assert_eq!(
        (found.len(), distinct.len()),
        (expected, expected),
        "{name}"
    );
    assert!(ballots.iter().all(|ballot| distinct.contains(ballot)));
}

/// Which transactions of which blocks stand there twice: one of its own hash in two blocks is the
/// node's doing, two of different nonces are ours.
fn tell_doubles(anvil: &Anvil) {
    let logs = anvil.rpc(
        "eth_getLogs",
        json!([{"fromBlock": "0x0", "toBlock": "latest"}]),
    );
    let mut seen: HashMap<String, Vec<String>> = HashMap::new();
    for log in logs.as_array().unwrap() {
        let text = |name: &str| log[name].as_str().unwrap().to_owned();
        let place = format!(
            "{} in block {}",
            text("transactionHash"),
            text("blockNumber")
        );
        seen.entry(text("data")).or_default().push(place);
    }
    let doubles: HashSet<_> = seen.into_values().filter(|it| it.len() > 1).collect();
    println!("twice on the chain: {doubles:#?}");
}

/// About a third of the transactions, in no rhythm: one could meet the same transaction each time.
fn on_sending(fault: Fault) -> impl Fn(&str, u64) -> Fault + Send + Sync + 'static {
    move |method, number| {
        let lot = symbolon_crypto::digest::sha256(&number.to_be_bytes())[0] % 3;
        match method == "eth_sendRawTransaction" && lot == 0 {
            true => fault,
            false => Fault::Pass,
        }
    }
}

fn nothing(_: &Anvil, _: u64) {}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn connections_that_break_before_or_after_a_transaction_is_taken() {
    story("lost before it was taken", on_sending(Fault::Lost), nothing);
    story(
        "taken, and no answer",
        on_sending(Fault::Unanswered),
        nothing,
    );
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn nodes_that_refuse_what_they_did_or_claim_what_they_did_not() {
    story("refused", on_sending(Fault::Refused), nothing);
    story(
        "refused, and done",
        on_sending(Fault::DoneButRefused),
        nothing,
    );
    story("claimed, and not done", on_sending(Fault::Lie), nothing);
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn any_request_lost_now_and_then() {
    let choose = |_: &str, number: u64| match number % 7 {
        3 => Fault::Lost,
        5 => Fault::Unanswered,
        _ => Fault::Pass,
    };
    story("every request", choose, nothing);
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn transactions_that_a_node_forgets_leave_no_gap() {
    story(
        "all waiting transactions dropped",
        |_, _| Fault::Pass,
        |anvil, round| {
            if round % 4 == 0 {
                anvil.rpc("anvil_dropAllTransactions", json!([]));
            }
        },
    );
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn reorganisations_of_depth_1_to_8() {
    story(
        "reorganisations",
        |_, _| Fault::Pass,
        |anvil, round| {
            if round % 12 == 0 {
                let depth = 1 + (round / 12 - 1) % 8;
                anvil.rpc("anvil_reorg", json!([depth, []]));
            }
        },
    );
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_node_that_comes_back_with_an_older_state() {
    let snapshot = std::sync::Mutex::new(None);
    story(
        "an older state",
        |_, _| Fault::Pass,
        move |anvil, round| {
            let mut snapshot = snapshot.lock().unwrap();
            match (round % 15, snapshot.take()) {
                (5, _) => *snapshot = Some((anvil.height(), anvil.rpc("evm_snapshot", json!([])))),
                // On a slow machine more blocks came since than may be lost.
                (9, Some((taken_at, _))) if anvil.height() - taken_at > DEPTH - 3 => {}
                (9, Some((_, taken))) => drop(anvil.rpc("evm_revert", json!([taken]))),
                (_, kept) => *snapshot = kept,
            }
        },
    );
}
