//! The ledger on a chain: what a ballot costs there, and how many of them get there from the gateway.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use alloy_primitives::keccak256;
use symbolon_api_public::ballots::{
    CastBallotRequest, ListElectionsRequest, ballots_client::BallotsClient,
};
use symbolon_crypto::{ecdsa::SigningKey, random};
use symbolon_election::{Address, Domain};
use symbolon_ledger_ethereum::{
    Account, Chain, Config, Fees, Node, Price, Receipt, Settle, contract, direct,
};
use symbolon_service::client::connect_lazy;
use symbolon_tests::{
    anvil::{Anvil, Line, NAMED_BY},
    house::Daemon,
};
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use crate::{
    load::{Load, Until},
    poll::{City, Paper, Poll},
    row::{Aim, Bench, Series},
};

/// Ballots a second that should get from the gateway onto the chain.
const RATE: f64 = 5_000.0;
/// Gas of a ballot of one byte in a batch of 100.
const GAS: f64 = 14_500.0;
/// What EIP-7825 allows one transaction.
const MOST_GAS: u64 = 16_777_216;
const PRICE: Price = Price {
    max: 100_000_000_000,
    tip: 1_000_000_000,
};
/// Room for as many ballots in a second as anybody likes.
const NODE: [&str; 4] = ["--block-time", "1", "--gas-limit", "1000000000"];
const BASELINE: &str = include_str!("../../../../ethereum/Baseline.json");
const SHORT: Paper = Paper {
    options: (63, 63),
    choice: |_| vec![0],
};
const LONG: Paper = Paper {
    options: (63, 63),
    choice: |_| std::iter::once(63).chain(1..=63).collect(),
};

pub(crate) fn run(bench: &mut Bench) {
    let anvil = std::env::var_os(NAMED_BY).filter(|path| Path::new(path).exists());
    if anvil.is_none() {
        return bench.cannot_run(
            "Ethereum",
            "anvil isn't installed: tests/bench does it with npm",
        );
    }
    gas(bench);
    sustained(bench);
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

// ---- What a ballot costs ----

fn gas(bench: &mut Bench) {
    let anvil = Anvil::start(&NODE);
    let domain = deployed(&anvil);
    let mut city = City::build_on(domain.clone(), &anvil.url);
    let polls = [
        ("1 byte", city.open_asking(200, &SHORT)),
        ("64 bytes", city.open_asking(200, &LONG)),
    ];
    let gateway = start(&anvil, &city, polls.len());
    gateway.stop();
    let payer = Payer::new(&anvil, &domain);
    let baseline = baseline(&payer);
    for (choice, poll) in &polls {
        for count in [1, 10, 50, 100, 200] {
            let ballots: Vec<u8> = (0..count)
                .flat_map(|place| poll.ballot(place).to_vec())
                .collect();
            let call = contract::cast_call(ballots);
            let bytes = call.clone();
            let receipt = payer.pay(Some(domain.verifying_contract()), call);
            assert_eq!(receipt.logs.len() as u64, count, "every ballot is recorded");
            let each = receipt.gas_used as f64 / count as f64;
            let mut row = Series::new(
                format!("gas of a ballot, batch of {count}, choice of {choice}"),
                "gas",
                "a vote at a contract like the 2017 pilot's",
                Aim::None,
            );
            row.push(each, baseline);
            row.note(breakdown(
                &bytes,
                poll.ballot(0).len(),
                count,
                receipt.gas_used,
            ));
            bench.row(row);
            if (count, *choice) == (100, "1 byte") {
                let mut aim = Series::new(
                    "gas of a ballot, batch of 100, against the aim",
                    "gas",
                    "the aim",
                    Aim::AtMost(1.0),
                );
                aim.push(each, GAS);
                bench.row(aim);
            }
        }
    }
}

/// By the prices of the chain's rules: what is left is the contract's own work and its share of the
/// transaction.
fn breakdown(call: &[u8], entry: usize, count: u64, used: u64) -> String {
    let (zeros, count) = (
        call.iter().filter(|byte| **byte == 0).count() as u64,
        count as f64,
    );
    let calldata = (16 * (call.len() as u64 - zeros) + 4 * zeros) as f64 / count;
    let event = (375 + 8 * entry) as f64;
    let recoveries = 2.0 * 3_000.0;
    let rest = used as f64 / count - calldata - event - recoveries;
    format!("recoveries {recoveries:.0}, calldata {calldata:.0}, event {event:.0}, rest {rest:.0}")
}

/// Gas of a vote for one option at the other contract, when others voted before.
fn baseline(payer: &Payer<'_>) -> f64 {
    let word = |number: u64| [[0; 24].as_slice(), &number.to_be_bytes()].concat();
    let code = contract::code_of(BASELINE).unwrap();
    let made = payer.pay(None, [code, word(0), word(u64::MAX)].concat());
    let at = made.contract.unwrap();
    let selector = &keccak256("vote(bytes32,uint256[])")[..4];
    let vote = |voter: u64| {
        let voter = keccak256(voter.to_be_bytes()).to_vec();
        let call = [selector.to_vec(), voter, word(64), word(1), word(2)].concat();
        payer.pay(Some(&at), call).gas_used as f64
    };
    vote(0);
    vote(1)
}

// ---- How many get there ----

/// When each ballot was acknowledged and when it was seen on the chain, by place, in milliseconds.
struct Times {
    began: Instant,
    accepted: Vec<AtomicU64>,
    next: AtomicU64,
}

impl Times {
    fn new(places: u64) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            accepted: (0..places).map(|_| AtomicU64::new(0)).collect(),
            next: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis())
            .unwrap()
            .max(1)
    }

    fn count(&self) -> u64 {
        let accepted = self.accepted.iter();
        accepted
            .filter(|time| time.load(Ordering::Relaxed) > 0)
            .count() as u64
    }
}

fn sustained(bench: &mut Bench) {
    let anvil = Anvil::start(&NODE);
    let line = Line::to(&anvil.url);
    let domain = deployed(&anvil);
    let mut city = City::build_on(domain.clone(), &line.url);
    let backlog = bench.size(100_000, 10_000);
    let seconds = bench.size(30, 10);
    let poll = Arc::new(city.open(backlog + 8_000 * seconds));
    let gateway = start(&anvil, &city, 1);
    let times = Times::new(poll.size());
    let stop = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&config(&anvil, &domain), &times, &stop));
        let steady = Until::Time(Duration::from_secs(seconds.into()));
        let measured = cast(&city, &gateway, &poll, &times, steady);
        let flowed = arrive(&anvil, &domain, &times);
        let mut row = Series::new(
            "ballots from the gateway onto the chain, sustained",
            "ballots/s",
            "the aim on 2 cores",
            Aim::AtLeast(1.0),
        );
        row.push(times.count() as f64 / flowed.as_secs_f64(), RATE);
        row.note(format!(
            "{} ballots, accepted in {seconds} s ({measured:.0}/s), the last one in a block after {:.1} s; \
             client, gateway and node share the cores",
            times.count(),
            flowed.as_secs_f64()
        ));
        bench.row(row);

        line.cut();
        let before = times.count();
        let calls = Until::Calls(u64::from(backlog));
        let meanwhile = cast(&city, &gateway, &poll, &times, calls);
        let waiting = times.count() - before;
        line.mend();
        let mended = times.began.elapsed();
        let drained = arrive(&anvil, &domain, &times) - mended;
        let mut row = Series::new(
            format!("a backlog of {waiting} ballots, drained"),
            "ballots/s",
            "the aim on 2 cores",
            Aim::None,
        );
        row.push(waiting as f64 / drained.as_secs_f64(), RATE);
        row.note(format!(
            "in {:.1} s from when a node answered again; taken at {meanwhile:.0}/s while none did",
            drained.as_secs_f64()
        ));
        bench.row(row);
        thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        watcher.join().unwrap()
    });
    gateway.stop();
    bench.row(inclusion(&times, &seen));
}

/// Casts ballots that weren't cast yet; how many a second.
fn cast(city: &City, gateway: &Daemon, poll: &Arc<Poll>, times: &Arc<Times>, until: Until) -> f64 {
    let load = Load::usual(city.profile(), until);
    let measured = load.run(gateway.id(), |channel: Channel| {
        let (client, poll, times) = (
            BallotsClient::new(channel),
            Arc::clone(poll),
            Arc::clone(times),
        );
        async move |_| {
            let number = times.next.fetch_add(1, Ordering::Relaxed);
            assert!(
                number < poll.size(),
                "the ballots that were made are used up"
            );
            let place = poll.place(number);
            let entry = poll.ballot(place).to_vec();
            client
                .clone()
                .cast_ballot(CastBallotRequest { entry })
                .await?;
            times.accepted[usize::try_from(place).unwrap()].store(times.now(), Ordering::Relaxed);
            Ok(())
        }
    });
    measured.rate()
}

/// Waits until every ballot that was acknowledged is in a block; when that was.
fn arrive(anvil: &Anvil, domain: &Domain, times: &Times) -> Duration {
    let (wanted, mut chain) = (
        times.count() + 2,
        Chain::open(&config(anvil, domain)).unwrap(),
    );
    loop {
        while chain.read_on().unwrap().is_some() {}
        if chain.size() >= wanted {
            return times.began.elapsed();
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// When each ballot was seen in a block first, by place.
fn watch(config: &Config, times: &Times, stop: &AtomicBool) -> HashMap<u32, u64> {
    let (mut chain, mut seen) = (Chain::open(config).unwrap(), HashMap::new());
    while !stop.load(Ordering::Relaxed) {
        while let Some(entries) = chain.read_on().unwrap() {
            for entry in entries.iter().filter(|entry| entry[0] == 0x10) {
                let place = u32::from_be_bytes(entry[65..69].try_into().unwrap());
                assert!(
                    seen.insert(place, times.now()).is_none(),
                    "no ballot stands there twice"
                );
            }
        }
        thread::sleep(Duration::from_millis(100));
    }
    seen
}

/// From each receipt to the block that holds the ballot; those of the backlog left out.
fn inclusion(times: &Times, seen: &HashMap<u32, u64>) -> Series {
    let accepted = (0..).zip(&times.accepted);
    let accepted = accepted.map(|(place, time): (u32, _)| (place, time.load(Ordering::Relaxed)));
    let mut waits: Vec<_> = accepted
        .filter(|(_, time)| *time > 0)
        .map(|(place, time)| seen[&place].saturating_sub(time))
        .collect();
    assert_eq!(waits.len() as u64, times.count(), "every receipt is kept");
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 100] as f64 / 1_000.0;
    let mut row = Series::new(
        "acceptance to inclusion on the chain, median",
        "s",
        "interval of 2 s and block of 1 s",
        Aim::None,
    );
    row.push(at(50), 3.0);
    row.note(format!(
        "{} ballots, the backlog's among them; p99 {:.1} s",
        waits.len(),
        at(99)
    ));
    row
}
