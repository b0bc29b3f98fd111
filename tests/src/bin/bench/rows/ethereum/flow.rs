//! How many ballots get from the gateway onto the chain, and how soon.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use symbolon_api_public::ballots::{CastBallotRequest, ballots_client::BallotsClient};
use symbolon_election::Domain;
use symbolon_ledger_ethereum::contract;
use symbolon_tests::{
    anvil::{Anvil, Line},
    house::Daemon,
};
use tonic::transport::Channel;

use super::{NODE, Payer, blocks::Blocks, deployed, start};
use crate::{
    load::{Load, Until},
    parts::Parts,
    poll::{City, Poll},
    process::{cores, cpu, own_cpu},
    row::{Aim, Bench, Series},
    rows::ballots,
};

const SUSTAINED: &str = "ballots from the gateway onto the chain, sustained";
/// Ballots a second that should get there.
const RATE: f64 = 5_000.0;
const AIM: &str = "the aim on 2 cores";
/// What the node alone is given: so many transactions of so many ballots.
const ALONE: (u64, u64) = (20, 400);

/// When each ballot was acknowledged, by place, in milliseconds.
pub(super) struct Times {
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

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis())
            .unwrap()
            .max(1)
    }

    /// When each of those that were acknowledged was.
    fn accepted(&self) -> impl Iterator<Item = (u32, u64)> {
        let times = self
            .accepted
            .iter()
            .map(|time| time.load(Ordering::Relaxed));
        (0..).zip(times).filter(|(_, time)| *time > 0)
    }

    fn count(&self) -> u64 {
        self.accepted().count() as u64
    }
}

pub(super) fn sustained(bench: &mut Bench) {
    let anvil = Anvil::start(&NODE);
    let line = Line::to(&anvil.url);
    let domain = deployed(&anvil);
    let mut city = City::build_on(domain.clone(), &line.url);
    let (backlog, seconds) = (bench.size(100_000, 10_000), bench.size(30, 10));
    let poll = Arc::new(city.open(backlog + 8_000 * seconds));
    let gateway = start(&anvil, &city, 1);
    let parts = ballots::measure_parts(bench, &city, &gateway);
    let times = Times::new(poll.size());
    let mut blocks = Blocks::watch(&anvil, &domain, &times);

    let before = Used::so_far(&gateway, &anvil);
    let begun = times.now();
    let steady = Until::Time(Duration::from_secs(seconds.into()));
    let measured = cast(&city, &gateway, &poll, &times, steady);
    let flowed = seconds_between(begun, blocks.arrival(times.count()));
    let count = times.count();
    let used = Used::so_far(&gateway, &anvil).since(&before, count);
    let rate = count as f64 / flowed;
    let mut row = Series::new(SUSTAINED, "ballots/s", AIM, Aim::AtLeast(1.0));
    row.push(rate, RATE);
    row.note(format!(
        "{count} ballots, accepted in {seconds} s ({measured:.0}/s), the last one in a block after {flowed:.1} s; \
         client, gateway and node share the cores"
    ));
    bench.row(row);

    line.cut();
    let calls = Until::Calls(u64::from(backlog));
    let meanwhile = cast(&city, &gateway, &poll, &times, calls);
    let waiting = times.count() - count;
    line.mend();
    let mended = times.now();
    let drained = seconds_between(mended, blocks.arrival(times.count()));
    let name = format!("a backlog of {waiting} ballots, drained");
    let mut row = Series::new(name, "ballots/s", AIM, Aim::None);
    row.push(waiting as f64 / drained, RATE);
    row.note(format!(
        "in {drained:.1} s from when a node answered again; taken at {meanwhile:.0}/s while none did"
    ));
    bench.row(row);
    gateway.stop();
    bench.row(inclusion(&times, count, blocks.end()));

    let node = node_alone(&anvil, &domain, &poll);
    let mut row = Series::new(
        SUSTAINED,
        "ballots/s",
        "what the parts leave room for",
        Aim::None,
    );
    let room = cores() as f64 * 1e6 / (used.client + parts.sum() + node);
    row.push(rate, room);
    row.note(format!(
        "in µs of a core a ballot: client {:.0}, gateway {:.0} (its parts {:.0}), node {:.0} (alone {node:.0}); {}",
        used.client,
        used.gateway,
        parts.sum(),
        used.node,
        Parts::told(&[parts]),
    ));
    bench.row(row);
}

fn seconds_between(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e3
}

/// CPU time of each program, in microseconds: in all, or of a ballot.
struct Used {
    client: f64,
    gateway: f64,
    node: f64,
}

impl Used {
    fn so_far(gateway: &Daemon, anvil: &Anvil) -> Self {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        Self {
            client: micros(own_cpu()),
            gateway: micros(cpu(gateway.id())),
            node: micros(cpu(anvil.id())),
        }
    }

    fn since(&self, before: &Self, ballots: u64) -> Self {
        let each = |now: f64, then: f64| (now - then) / ballots as f64;
        Self {
            client: each(self.client, before.client),
            gateway: each(self.gateway, before.gateway),
            node: each(self.node, before.node),
        }
    }
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

/// CPU time that the node needs for a ballot when nobody else works, its logs handed out once.
fn node_alone(anvil: &Anvil, domain: &Domain, poll: &Poll) -> f64 {
    let (transactions, ballots) = ALONE;
    let payer = Payer::new(anvil, domain);
    let before = cpu(anvil.id());
    for transaction in 0..transactions {
        let places = transaction * ballots..(transaction + 1) * ballots;
        let call = contract::cast_call(places.flat_map(|at| poll.ballot(at).to_vec()).collect());
        let receipt = payer.pay(Some(domain.verifying_contract()), call);
        assert_eq!(
            receipt.logs.len() as u64,
            ballots,
            "every ballot is recorded"
        );
    }
    (cpu(anvil.id()) - before).as_secs_f64() * 1e6 / (transactions * ballots) as f64
}

/// From each receipt of a steady load to the block that holds the ballot.
fn inclusion(times: &Times, steady: u64, seen: HashMap<u32, u64>) -> Series {
    let mut accepted: Vec<_> = times.accepted().collect();
    assert_eq!(seen.len(), accepted.len(), "every receipt is kept");
    accepted.sort_unstable_by_key(|(_, time)| *time);
    accepted.truncate(usize::try_from(steady).unwrap());
    let waits = accepted
        .iter()
        .map(|(place, time)| seen[place].saturating_sub(*time));
    let mut waits: Vec<_> = waits.collect();
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 100] as f64 / 1e3;
    let mut row = Series::new(
        "acceptance to inclusion on the chain while ballots come, median",
        "s",
        "interval of 2 s and block of 1 s",
        Aim::None,
    );
    row.push(at(50), 3.0);
    row.note(format!("{} ballots; p99 {:.1} s", waits.len(), at(99)));
    row
}
