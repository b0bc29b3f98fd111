//! Ballots accepted durably by the gateway while it publishes, and how soon they are on the log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use symbolon_api_public::ballots::{CastBallotRequest, ballots_client::BallotsClient};
use symbolon_ledger_log::LogReader;
use symbolon_tests::house::Daemon;
use tonic::{Status, transport::Channel};

use crate::{
    browser::Browser,
    commits,
    echo::empty_call,
    load::{Load, Measured, Until},
    parts::Parts,
    poll::{City, INTERVAL, Poll},
    profile, raw,
    row::{Aim, Bench, Series},
};

/// What the aim was set for: ballots a second on two cores, the client's work included.
const RATE: f64 = 8_000.0;
/// The minute is measured in so many parts.
const PARTS: u64 = 6;

/// The bytes of a ballot's row: its key, and its value with promise, signature and entry.
const ROW: (usize, usize) = (58, 8 + 64 + 222);

/// Over what ballots come.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Grpc,
    Json,
}

pub(crate) fn run(bench: &mut Bench) {
    let mut city = City::build();
    let places = bench.size(750_000, 90_000);
    let polls = [Way::Grpc, Way::Json].map(|way| (way, Arc::new(city.open(places))));
    let gateway = city.start();
    for (way, poll) in &polls {
        vote(bench, &city, &gateway, poll, *way);
    }
    gateway.stop();
    super::observer::observe(bench, &city, &polls.map(|(_, poll)| poll));
}

/// The time of each ballot's receipt, by its place, in milliseconds of the bench.
struct Receipts {
    began: Instant,
    times: Vec<AtomicU64>,
}

/// Sizes of the log and when each was seen first.
type Sizes = Vec<(u64, u64)>;

fn vote(bench: &mut Bench, city: &City, gateway: &Daemon, poll: &Arc<Poll>, way: Way) {
    let over = match way {
        Way::Grpc => "gRPC",
        Way::Json => "HTTP/JSON",
    };
    let sum = "empty call + 2 recoveries + signature + store's commit";
    let mut rate = Series::new(
        format!("ballots accepted durably, {over}"),
        "ballots/s",
        "the aim on 2 cores",
        Aim::AtLeast(1.0),
    );
    rate.note("while publishing; the client shares the cores; ballots were made beforehand");
    let mut cost = Series::new(
        format!("server CPU of a ballot, {over}"),
        "µs",
        sum,
        Aim::AtMost(1.4),
    );
    let parts: Vec<_> = (0..PARTS)
        .map(|_| measure_parts(bench, city, gateway))
        .collect();
    cost.note(Parts::told(&parts));
    let receipts = Arc::new(Receipts {
        began: Instant::now(),
        times: (0..poll.size()).map(|_| AtomicU64::new(0)).collect(),
    });
    let supply = Arc::new(Supply {
        poll: Arc::clone(poll),
        next: AtomicU64::new(0),
    });
    let stop = AtomicBool::new(false);
    let before = log_size(city);
    let sizes = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(city, receipts.began, &stop));
        for reference in &parts {
            let voting = || part(bench, city, gateway, way, (&supply, &receipts));
            let name = format!("ballots, {over}");
            let measured = profile::during(&name, voting, Measured::rate);
            rate.push(measured.rate(), RATE);
            cost.push(measured.server_micros, reference.sum());
        }
        let accepted = receipts.accepted();
        let published = || log_size(city) >= before + accepted;
        while !published() {
            thread::sleep(Duration::from_millis(100));
        }
        // The watcher has to see it too.
        thread::sleep(Duration::from_millis(200));
        stop.store(true, Ordering::Relaxed);
        watcher.join().unwrap()
    });
    bench.row(rate);
    bench.row(cost);
    bench.row(inclusion(city, poll, &receipts, (before, &sizes), over));
}

/// The ballots that are still to be sent, handed out in no order of places.
struct Supply {
    poll: Arc<Poll>,
    next: AtomicU64,
}

impl Supply {
    /// The place of the next ballot, and its entry.
    fn next(&self) -> (u64, Vec<u8>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let left = number < self.poll.size();
        assert!(left, "the ballots that were made are used up");
        let place = self.poll.place(number);
        (place, self.poll.ballot(place).to_vec())
    }
}

/// A part of the minute.
fn part(
    bench: &Bench,
    city: &City,
    gateway: &Daemon,
    way: Way,
    (supply, receipts): (&Arc<Supply>, &Arc<Receipts>),
) -> Measured {
    let until = Until::Time(Duration::from_secs(bench.size(60, 6) / PARTS));
    let usual = Load::usual(city.profile(), until);
    let shared = || (Arc::clone(supply), Arc::clone(receipts));
    match way {
        Way::Grpc => usual.run(gateway.id(), |channel: Channel| {
            let ((supply, receipts), client) = (shared(), BallotsClient::new(channel));
            async move |_| {
                let (place, entry) = supply.next();
                let cast = CastBallotRequest { entry };
                let answer = client.clone().cast_ballot(cast).await?;
                assert!(answer.into_inner().receipt.is_some());
                receipts.note(place);
                Ok(())
            }
        }),
        Way::Json => {
            let load = Load {
                connections: 64,
                in_flight: 1,
                ..usual
            };
            load.run(gateway.id(), |_| {
                let (supply, receipts) = shared();
                let browser = Browser::new(&city.profile(), city.port());
                async move |_| {
                    let (place, entry) = supply.next();
                    let body = format!(r#"{{"entry":"0x{}"}}"#, hex::encode(entry));
                    let (status, answer) = browser.post("/v1/ballots", body).await;
                    let good = status.is_success() && answer.starts_with(b"{\"entryHash\"");
                    if !good {
                        return Err(Status::internal(status.to_string()));
                    }
                    receipts.note(place);
                    Ok(())
                }
            })
        }
    }
}

/// What a ballot is made of, each part alone.
pub(super) fn measure_parts(bench: &Bench, city: &City, gateway: &Daemon) -> Parts {
    let until = Until::Time(Duration::from_millis(bench.size(1500, 500)));
    let empty = Load::usual(city.profile(), until).run(gateway.id(), empty_call);
    let times = bench.size(10_000, 3_000);
    let commits = bench.size(60_000, 15_000);
    Parts::new([
        ("empty call", empty.server_micros),
        ("recoveries", 2.0 * raw::recovery(times)),
        ("signature", raw::signature(times)),
        ("commit", commits::micros(commits, ROW.0, ROW.1)),
    ])
}

impl Receipts {
    fn note(&self, place: u64) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap();
        self.times[usize::try_from(place).unwrap()].store(at.max(1), Ordering::Relaxed);
    }

    fn accepted(&self) -> u64 {
        let given = self
            .times
            .iter()
            .filter(|time| time.load(Ordering::Relaxed) > 0);
        given.count() as u64
    }
}

/// Looks at the log's checkpoint until it is told to stop.
fn watch(city: &City, began: Instant, stop: &AtomicBool) -> Sizes {
    let (reader, mut sizes) = (LogReader::folder(city.log()), Sizes::new());
    while !stop.load(Ordering::Relaxed) {
        if let Ok(checkpoint) = reader.checkpoint() {
            let size = checkpoint.checkpoint().size();
            if sizes.last().is_none_or(|(last, _)| *last < size) {
                sizes.push((size, u64::try_from(began.elapsed().as_millis()).unwrap()));
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    sizes
}

fn log_size(city: &City) -> u64 {
    let reader = LogReader::folder(city.log());
    reader.checkpoint().unwrap().checkpoint().size()
}

/// From each receipt to the first checkpoint that covers the ballot.
fn inclusion(
    city: &City,
    poll: &Poll,
    receipts: &Receipts,
    (before, sizes): (u64, &Sizes),
    over: &str,
) -> Series {
    let (size, _) = *sizes.last().unwrap();
    let entries = LogReader::folder(city.log()).entries(before, usize::MAX, size);
    let mut waits: Vec<u64> = (before..)
        .zip(entries.unwrap())
        .filter(|(_, entry)| entry[1..33] == poll.election.as_bytes()[..])
        .map(|(index, entry)| {
            let place = u32::from_be_bytes(entry[65..69].try_into().unwrap());
            let accepted = receipts.times[place as usize].load(Ordering::Relaxed);
            let (_, seen) = sizes[sizes.partition_point(|(size, _)| *size <= index)];
            seen.saturating_sub(accepted)
        })
        .collect();
    assert_eq!(
        waits.len() as u64,
        receipts.accepted(),
        "every receipt is kept, once"
    );
    waits.sort_unstable();
    let p99 = waits[(waits.len() - 1) * 99 / 100] as f64 / 1000.0;
    let mut row = Series::new(
        format!("acceptance to inclusion, p99, {over}"),
        "s",
        "the interval between publications",
        Aim::AtMost(2.0),
    );
    row.note(format!(
        "{} ballots, until the checkpoint is on disk",
        waits.len()
    ));
    row.push(p99, INTERVAL as f64);
    row
}
