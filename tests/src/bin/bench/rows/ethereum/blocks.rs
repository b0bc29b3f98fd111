//! When ballots got onto the chain. Their blocks are looked at by their headers as they come, and
//! read when nothing else goes on: a node has to write out what is read of it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use alloy_primitives::BloomInput;
use symbolon_election::{Address, Domain, entry::BALLOT};
use symbolon_ledger_ethereum::{Chain, Node};
use symbolon_tests::anvil::Anvil;

use super::{config, flow::Times};

/// Once no block has held a ballot for so long, in milliseconds, all may be there.
const CALM: u64 = 5_000;
const LOOK: Duration = Duration::from_millis(50);

/// A block with entries, and when it was seen first.
#[derive(Clone, Copy)]
struct Seen {
    number: u64,
    at: u64,
}

/// The blocks of a chain as they come.
pub(super) struct Blocks {
    chain: Chain,
    entries: Vec<Vec<u8>>,
    times: Arc<Times>,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Blocks {
    pub(super) fn watch(anvil: &Anvil, domain: &Domain, times: &Arc<Times>) -> Self {
        let config = config(anvil, domain);
        let (seen, stop) = (Arc::default(), Arc::default());
        let watcher = Watcher {
            node: Node::new(&config),
            contract: *domain.verifying_contract(),
            times: Arc::clone(times),
            seen: Arc::clone(&seen),
            stop: Arc::clone(&stop),
        };
        Self {
            chain: Chain::open(&config).unwrap(),
            entries: Vec::new(),
            times: Arc::clone(times),
            seen,
            stop,
            watcher: Some(thread::spawn(move || watcher.run())),
        }
    }

    /// Waits until so many ballots are there; when the last block that holds any was seen.
    pub(super) fn arrival(&mut self, ballots: u64) -> u64 {
        loop {
            thread::sleep(4 * LOOK);
            let last = self.seen.lock().unwrap().last().map_or(0, |seen| seen.at);
            if self.times.now() - last < CALM {
                continue;
            }
            while let Some(entries) = self.chain.read_on().unwrap() {
                self.entries.extend(entries);
            }
            if self.ballots().count() as u64 >= ballots {
                return last;
            }
        }
    }

    fn ballots(&self) -> impl Iterator<Item = (u64, &Vec<u8>)> {
        (0..)
            .zip(&self.entries)
            .filter(|(_, entry)| entry[0] == BALLOT)
    }

    /// When each ballot that was read was seen in a block first, by place.
    pub(super) fn end(mut self) -> HashMap<u32, u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.watcher.take().unwrap().join().unwrap();
        let seen = self.seen.lock().unwrap();
        let until = |seen: &Seen| self.chain.entries_until(seen.number);
        let ends: Vec<_> = seen
            .iter()
            .filter_map(|seen| Some((until(seen)?, seen.at)))
            .collect();
        let mut places = HashMap::new();
        for (index, entry) in self.ballots() {
            let place = u32::from_be_bytes(entry[65..69].try_into().unwrap());
            let (_, at) = ends[ends.partition_point(|(end, _)| *end <= index)];
            let earlier = places.insert(place, at);
            assert!(earlier.is_none(), "no ballot stands there twice");
        }
        places
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Watcher {
    node: Node,
    contract: Address,
    times: Arc<Times>,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
}

impl Watcher {
    fn run(self) {
        let mut next = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let newest = self.node.latest().unwrap();
            let at = self.times.now();
            for number in next..=newest.number {
                let header = self.node.header(number).unwrap().unwrap();
                let contract = BloomInput::Raw(self.contract.as_bytes());
                if header.bloom.contains_input(contract) {
                    self.seen.lock().unwrap().push(Seen { number, at });
                }
            }
            next = newest.number + 1;
            thread::sleep(LOOK);
        }
    }
}
