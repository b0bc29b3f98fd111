//! The ledger on a chain: what a ballot costs there, and how many of them get there from the gateway.

mod blocks;
mod flow;
mod gas;

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use symbolon_api_public::ballots::{ListElectionsRequest, ballots_client::BallotsClient};
use symbolon_crypto::{ecdsa::SigningKey, random};
use symbolon_election::{Address, Domain};
use symbolon_ledger_ethereum::{Account, Config, Fees, Node, Price, Receipt, Settle, direct};
use symbolon_service::client::connect_lazy;
use symbolon_tests::{
    anvil::{Anvil, NAMED_BY},
    house::Daemon,
};
use tokio::runtime::Runtime;

use crate::{poll::City, row::Bench};

/// What EIP-7825 allows one transaction.
const MOST_GAS: u64 = 16_777_216;
const PRICE: Price = Price {
    max: 100_000_000_000,
    tip: 1_000_000_000,
};
/// Room for as many ballots in a second as anybody likes.
const NODE: [&str; 4] = ["--block-time", "1", "--gas-limit", "1000000000"];

pub(crate) fn run(bench: &mut Bench) {
    let anvil = std::env::var_os(NAMED_BY).filter(|path| Path::new(path).exists());
    if anvil.is_none() {
        return bench.cannot_run(
            "Ethereum",
            "anvil isn't installed: tests/bench does it with npm",
        );
    }
    gas::cost(bench);
    flow::sustained(bench);
}

/// An account that pays whatever it is asked.
struct Payer<'a> {
    anvil: &'a Anvil,
    account: Account,
    node: Node,
    nonce: AtomicU64,
}

impl<'a> Payer<'a> {
    fn new(anvil: &'a Anvil, domain: &Domain) -> Self {
        let account = Account::new(key(), domain.chain_id());
        anvil.fund(&account.address().to_0x());
        Self {
            anvil,
            account,
            node: Node::new(&config(anvil, domain)),
            nonce: AtomicU64::new(0),
        }
    }

    fn pay(&self, to: Option<&Address>, input: Vec<u8>) -> Receipt {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed);
        let signed = self.account.sign(to, input, nonce, MOST_GAS, PRICE);
        self.node.send(&signed.raw).unwrap();
        self.anvil.ask("evm_mine", serde_json::json!([]));
        let receipt = self.node.receipt(&signed.hash).unwrap().unwrap();
        assert!(receipt.success);
        receipt
    }
}

fn key() -> SigningKey {
    SigningKey::random(&mut random::os())
}

fn config(anvil: &Anvil, domain: &Domain) -> Config {
    Config::new(vec![anvil.url.clone()], domain.clone(), Settle::Depth(0))
}

/// A ballot box on a chain of its own.
fn deployed(anvil: &Anvil) -> Domain {
    let maker = key();
    anvil.fund(&maker.address().to_0x());
    let account = |chain| Account::new(maker, chain);
    let made = direct::make(vec![anvil.url.clone()], account, Fees::default());
    made.unwrap().domain
}

/// A gateway on a contract, with funds, that has brought so many elections there.
fn start(anvil: &Anvil, city: &City, elections: usize) -> Daemon {
    anvil.fund(city.account());
    let gateway = city.start();
    let runtime = Runtime::new().unwrap();
    let offered = || {
        runtime.block_on(async {
            let mut client = BallotsClient::new(connect_lazy(&city.profile()).unwrap());
            let listed = client.list_elections(ListElectionsRequest {}).await;
            listed.unwrap().into_inner().elections.len()
        })
    };
    while offered() < elections {
        thread::sleep(Duration::from_millis(200));
    }
    gateway
}
