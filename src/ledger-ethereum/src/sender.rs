//! Getting entries onto the chain, each once, whatever nodes and blocks do meanwhile.
//!
//! An entry rides in one transaction, and that transaction keeps its nonce until the nonce is
//! settled. Only then, if the entry isn't there, may another transaction carry it: none of the
//! earlier ones can be included any more. Until then the same transaction is handed in again and
//! again, for nodes forget, and with a higher fee once it waits too long. What waits in nodes from
//! an earlier run of this program is let through, or replaced by nothing, before anything is sent.

mod flight;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use symbolon_election::EntryHash;
use symbolon_election::entry::{BALLOT, entry_hash};

use crate::contract::{cast_call, is_early, publish_call, revert_reason};
use crate::{Account, Chain, Config, EthereumError, Header, packing};
use flight::Flight;
pub(crate) use flight::price as usual_price;

/// How many transactions wait in nodes at a time: what they keep of one account for sure.
const IN_FLIGHT: usize = 16;

/// The indexes of settled entries, for readers that don't wait for the network.
pub(crate) type Index = Arc<RwLock<HashMap<EntryHash, u64>>>;

/// Why the contract doesn't take an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A statement before its time: later it may be taken.
    Early,
    /// Anything else, in words.
    Because(String),
}

impl Refusal {
    fn of(revert: &[u8]) -> Self {
        match is_early(revert) {
            true => Self::Early,
            false => Self::Because(revert_reason(revert)),
        }
    }

    /// As the error of an entry at a position.
    pub(crate) fn at(self, position: usize) -> EthereumError {
        match self {
            Self::Early => EthereumError::Early { position },
            Self::Because(reason) => EthereumError::Entry { position, reason },
        }
    }
}

/// An entry on its way.
#[derive(Clone)]
pub(crate) struct Parcel {
    pub(crate) hash: EntryHash,
    pub(crate) entry: Arc<[u8]>,
}

/// One account's way onto one contract.
pub(crate) struct Sender {
    config: Config,
    account: Account,
    pub(crate) chain: Chain,
    pub(crate) index: Index,
    /// Settled statements, in the chain's order.
    pub(crate) statements: Vec<Vec<u8>>,
    /// Entries that no transaction carries yet, in order.
    queue: VecDeque<Parcel>,
    /// Everything queued or in flight.
    carried: HashSet<EntryHash>,
    /// Transactions by their nonces, ascending, until these are settled.
    flights: VecDeque<Flight>,
    /// What the contract didn't take, and why.
    refused: HashMap<EntryHash, Refusal>,
    /// When this run began to wait for what an earlier one left; none once that is over.
    draining: Option<Instant>,
    last_look: Option<Instant>,
    /// The newest block of the last look, and since when it is that one.
    newest: Option<([u8; 32], Instant)>,
}

impl Sender {
    pub(crate) fn new(config: Config, account: Account, chain: Chain) -> Self {
        Self {
            config,
            account,
            chain,
            index: Index::default(),
            statements: Vec::new(),
            queue: VecDeque::new(),
            carried: HashSet::new(),
            flights: VecDeque::new(),
            refused: HashMap::new(),
            draining: Some(Instant::now()),
            last_look: None,
            newest: None,
        }
    }

    /// Takes entries that aren't on their way already.
    pub(crate) fn enqueue(&mut self, entries: Vec<Vec<u8>>) {
        for entry in entries {
            let hash = entry_hash(&entry);
            if self.settled(&hash).is_none() && self.carried.insert(hash) {
                self.refused.remove(&hash);
                let entry = entry.into();
                self.queue.push_back(Parcel { hash, entry });
            }
        }
    }

    /// Whether an entry is on the chain or on its way there, whoever sent it.
    pub(crate) fn is_known(&self, hash: &EntryHash) -> bool {
        let above = || self.chain.stands_above().any(|it| it == hash);
        self.carried.contains(hash) || self.settled(hash).is_some() || above()
    }

    /// The index of an entry that is there for good.
    pub(crate) fn settled(&self, hash: &EntryHash) -> Option<u64> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.get(hash).copied()
    }

    /// Why the contract didn't take an entry.
    pub(crate) fn refused(&self, hash: &EntryHash) -> Option<&Refusal> {
        self.refused.get(hash)
    }

    /// What the contract says of a statement now.
    pub(crate) fn try_statement(&self, entry: &[u8]) -> Result<Result<(), Refusal>, EthereumError> {
        match self.chain.node().view(&publish_call(entry)) {
            Ok(_) => Ok(Ok(())),
            Err(EthereumError::Refused { data, message, .. }) if is_revert(&data, &message) => {
                Ok(Err(Refusal::of(&data)))
            }
            Err(error) => Err(error),
        }
    }

    /// Reads what is new on the chain.
    pub(crate) fn read(&mut self) -> Result<Header, EthereumError> {
        let mut new = Vec::new();
        let statements = &mut self.statements;
        let outcome = self.chain.watch(&mut |index, entry| {
            new.push((entry_hash(entry), index));
            if entry.first() != Some(&BALLOT) {
                statements.push(entry.to_vec());
            }
        });
        let mut known = self.index.write().unwrap_or_else(PoisonError::into_inner);
        for (hash, index) in new {
            self.carried.remove(&hash);
            // The first one of several alike.
            known.entry(hash).or_insert(index);
        }
        outcome
    }

    /// Looks at the chain and does what is due. Seldom enough, however many ask.
    pub(crate) fn look(&mut self, now: Instant) -> Result<(), EthereumError> {
        let early = |last: Instant| now.duration_since(last) < self.config.look / 2;
        if self.last_look.is_some_and(early) {
            return Ok(());
        }
        let outcome = self.drive(now);
        self.last_look = Some(Instant::now());
        outcome
    }

    fn drive(&mut self, now: Instant) -> Result<(), EthereumError> {
        let head = self.read()?;
        self.leave_a_standstill(&head, now);
        let address = self.account.address();
        let nonce = self.chain.node().nonce(&address, &head)?;
        let settled_nonce = match self.chain.tip() {
            Some(tip) => self.chain.node().nonce(&address, tip)?,
            None => 0,
        };
        self.land(settled_nonce)?;
        let index = Arc::clone(&self.index);
        let index = index.read().unwrap_or_else(PoisonError::into_inner);
        let settled = |parcel: &Parcel| index.contains_key(&parcel.hash);
        self.flights
            .retain(|flight| !flight.parcels.iter().all(settled));
        drop(index);
        if !self.drained(nonce, &head, now)? {
            return Ok(());
        }
        self.load(nonce, &head);
        self.hand_in(nonce, &head, now)
    }

    /// A node that shows no new block for long may be cut off from the others: one of these is
    /// asked next.
    fn leave_a_standstill(&mut self, head: &Header, now: Instant) {
        match self.newest {
            Some((hash, since)) if hash == head.hash => {
                if now.duration_since(since) > self.config.patience {
                    self.chain.node().turn();
                    self.newest = None;
                }
            }
            _ => self.newest = Some((head.hash, now)),
        }
    }

    /// Transactions whose nonce is settled: what they carried is there, was passed over, or has to
    /// ride again.
    fn land(&mut self, settled_nonce: u64) -> Result<(), EthereumError> {
        while let Some(flight) = self.flights.front().filter(|it| it.nonce < settled_nonce) {
            let missing: Vec<_> = flight
                .parcels
                .iter()
                .filter(|parcel| self.settled(&parcel.hash).is_none())
                .cloned()
                .collect();
            let mut again = Vec::new();
            for parcel in missing {
                match self.verdict(&parcel)? {
                    Ok(()) => again.push(parcel),
                    Err(reason) => {
                        self.carried.remove(&parcel.hash);
                        self.refused.insert(parcel.hash, reason);
                    }
                }
            }
            for parcel in again.into_iter().rev() {
                self.queue.push_front(parcel);
            }
            self.flights.pop_front();
        }
        Ok(())
    }

    /// Whether the contract takes an entry now.
    fn verdict(&self, parcel: &Parcel) -> Result<Result<(), Refusal>, EthereumError> {
        if parcel.entry.first() != Some(&BALLOT) {
            return self.try_statement(&parcel.entry);
        }
        let recorded = self.chain.node().view(&cast_call(parcel.entry.to_vec()))?;
        match recorded.last() {
            Some(1) => Ok(Ok(())),
            _ => Ok(Err(Refusal::Because(
                "the contract passes the ballot over".to_owned(),
            ))),
        }
    }

    /// Whether nothing waits any more that an earlier run handed in.
    fn drained(&mut self, nonce: u64, head: &Header, now: Instant) -> Result<bool, EthereumError> {
        let Some(since) = self.draining else {
            return Ok(true);
        };
        let pending = self.chain.node().pending_nonce(&self.account.address())?;
        if pending <= nonce {
            self.draining = None;
            return Ok(true);
        }
        if now.duration_since(since) > self.config.patience {
            tracing::warn!(
                transactions = pending - nonce,
                "what an earlier run left waiting is replaced by nothing"
            );
            for nonce in nonce..pending {
                self.send_nothing(nonce, head)?;
            }
            self.draining = Some(now);
        }
        Ok(false)
    }

    /// Puts what waits into transactions.
    fn load(&mut self, nonce: u64, head: &Header) {
        let mut next = self
            .flights
            .back()
            .map_or(nonce, |last| nonce.max(last.nonce + 1));
        let mut waiting = self.flights.iter().filter(|it| it.nonce >= nonce).count();
        let held = self.set_aside();
        while waiting < IN_FLIGHT {
            let ready = self.queue.iter().map(|it| &*it.entry);
            let Some(load) = packing::next(ready, &self.config) else {
                break;
            };
            let parcels = self.queue.drain(..load.entries).collect();
            let price = flight::price(&self.config.fees, head);
            self.flights
                .push_back(Flight::new(next, parcels, load, price));
            next += 1;
            waiting += 1;
        }
        self.queue.extend(held);
    }

    /// What stands above the settled blocks already isn't sent a second time: somebody else sent
    /// it, or an earlier run. What settled meanwhile leaves the queue.
    fn set_aside(&mut self) -> Vec<Parcel> {
        if self.queue.is_empty() {
            return Vec::new();
        }
        let there: HashSet<EntryHash> = self.chain.stands_above().copied().collect();
        let queue = std::mem::take(&mut self.queue).into_iter();
        let (held, ready): (Vec<_>, Vec<_>) = queue
            .filter(|it| self.settled(&it.hash).is_none())
            .partition(|it| there.contains(&it.hash));
        self.queue = ready.into();
        held
    }

    /// Hands in what no block holds yet. What stands on the chain isn't handed in again, whatever
    /// a node says of the account's nonce; a nonce that is left over that way is used for nothing,
    /// or what comes after it would wait for ever.
    fn hand_in(&mut self, nonce: u64, head: &Header, now: Instant) -> Result<(), EthereumError> {
        let Some(last) = self.flights.back().map(|last| last.nonce) else {
            return Ok(());
        };
        let there: HashSet<EntryHash> = self.chain.stands_above().copied().collect();
        let stands =
            |parcel: &Parcel| there.contains(&parcel.hash) || self.settled(&parcel.hash).is_some();
        let standing = |flight: &&Flight| flight.parcels.iter().all(stands);
        let standing: HashSet<u64> = self
            .flights
            .iter()
            .filter(standing)
            .map(|flight| flight.nonce)
            .collect();
        let contract = *self.config.domain.verifying_contract();
        let mut outcome = Ok(());
        let mut open: HashSet<u64> = (nonce..=last).collect();
        for flight in self.flights.iter_mut().filter(|it| it.nonce >= nonce) {
            if standing.contains(&flight.nonce) {
                continue;
            }
            open.remove(&flight.nonce);
            if !flight.is_due(now, &self.config) {
                continue;
            }
            flight.price_for(now, head, &self.config);
            let signed = flight.signed(&self.account, &contract);
            match flight::accepted(self.chain.node().send(&signed)) {
                Ok(flight::Taken::Yes) => flight.sent(now),
                Ok(flight::Taken::TooCheap) => flight.too_cheap(),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        for nonce in open {
            outcome = outcome.and(self.send_nothing(nonce, head));
        }
        outcome
    }

    /// Uses a nonce for nothing, at a price that replaces what may wait there.
    fn send_nothing(&self, nonce: u64, head: &Header) -> Result<(), EthereumError> {
        let fees = &self.config.fees;
        let price = flight::price(fees, head).raised(2, fees);
        let address = self.account.address();
        let nothing = self
            .account
            .sign(Some(&address), Vec::new(), nonce, 21_000, price);
        flight::accepted(self.chain.node().send(&nothing.raw)).map(drop)
    }
}

/// A contract that reverted, rather than a node that can't.
fn is_revert(data: &[u8], message: &str) -> bool {
    !data.is_empty() || message.contains("revert")
}
