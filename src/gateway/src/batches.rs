//! Which ballots wait, and which publication takes them.
//!
//! Publication times are the multiples of the interval. The batch of a time is taken some seconds
//! before it, its lead, so that it is on the ledger in time; what comes later is promised the
//! next one. A promise counts only places that are on disk and will be in the same batch:
//! promising, admitting and taking are decided under one lock.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use symbolon_election::{ElectionId, EntryHash, RollIndex};

use crate::outbox::Name;

/// The ballots that one publication takes of an election.
pub struct Batch {
    /// The election.
    pub election: ElectionId,
    ballots: HashMap<EntryHash, Name>,
}

impl Batch {
    /// Its ballots in their order.
    pub fn sorted(&self) -> Vec<Name> {
        let mut names: Vec<_> = self.ballots.values().copied().collect();
        names.sort_unstable();
        names
    }
}

/// How far a ballot is that isn't on the ledger yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It waits for its publication.
    Waiting,
    /// Its batch is on its way.
    Taken,
}

/// What decides whether an election's ballots are published.
pub struct Terms {
    /// The election.
    pub election: ElectionId,
    /// How many places a batch needs.
    pub least_places: usize,
    /// No more ballots come: whatever waits is the last batch, however small.
    pub over: bool,
}

/// What a ballot may be promised, as long as nothing is taken meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// The publication; none where too few places wait.
    pub publication: Option<u64>,
    round: u64,
}

/// The ballots that wait, in memory; the outbox has them on disk.
pub struct Batches {
    interval: u64,
    lead: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The latest publication whose batches were taken.
    begun: u64,
    /// An earlier process may have left a publication undone: the next look makes up for it.
    resumed: bool,
    /// How often something was taken.
    round: u64,
    waiting: HashMap<ElectionId, Queue>,
    /// Batches on their way to the ledger.
    taken: Vec<Arc<Batch>>,
}

#[derive(Default)]
struct Queue {
    ballots: HashMap<EntryHash, Name>,
    places: HashSet<RollIndex>,
}

impl Batches {
    /// Publications every `interval` seconds, at least 2, whose batches are taken `lead` seconds
    /// before; of a ledger whose latest entries came at `last`: its time never goes back, so no
    /// promise may lie before it.
    pub fn new(interval: u64, lead: u64, last: u64) -> Self {
        Self {
            interval,
            lead,
            state: Mutex::new(State {
                begun: under_way(interval, lead, last),
                resumed: true,
                ..State::default()
            }),
        }
    }

    /// The publication that is in time for a ballot of this place, if by then enough places wait.
    pub fn promise(
        &self,
        election: &ElectionId,
        place: RollIndex,
        least_places: usize,
        now: u64,
    ) -> Promise {
        let state = self.lock();
        let next = (under_way(self.interval, self.lead, now) + self.interval)
            .max(state.begun + self.interval);
        let others = state.waiting.get(election).map_or(0, |queue| {
            queue.places.len() - usize::from(queue.places.contains(&place))
        });
        Promise {
            publication: (others + 1 >= least_places).then_some(next),
            round: state.round,
        }
    }

    /// Lets a ballot that is on disk now wait for its publication; false if a publication was
    /// promised and the places that it counted on may be gone: then it needs another promise.
    pub fn admit(&self, election: &ElectionId, name: Name, promise: Promise) -> bool {
        let mut state = self.lock();
        if promise.publication.is_some() && promise.round != state.round {
            return false;
        }
        state.add(election, name);
        true
    }

    /// Lets a ballot wait that an earlier process promised something.
    pub fn admit_again(&self, election: &ElectionId, name: Name) {
        self.lock().add(election, name);
    }

    /// The least grace of an election whose promises can be kept: what comes last before closes
    /// is on the ledger by then.
    pub fn least_grace(&self) -> u64 {
        self.interval.max(self.lead)
    }

    /// Whether a ballot waits, or is on its way to the ledger.
    pub fn holds(&self, hash: &EntryHash) -> Option<Held> {
        let state = self.lock();
        let waits = |queue: &Queue| queue.ballots.contains_key(hash);
        let taken = |batch: &Arc<Batch>| batch.ballots.contains_key(hash);
        if state.waiting.values().any(waits) {
            return Some(Held::Waiting);
        }
        state.taken.iter().any(taken).then_some(Held::Taken)
    }

    /// Takes the batches that are to be published now; whether a publication is due at all.
    pub fn take(&self, terms: &[Terms], now: u64) -> (bool, Vec<Arc<Batch>>) {
        let mut state = self.lock();
        let time = under_way(self.interval, self.lead, now);
        let due = std::mem::take(&mut state.resumed) || state.begun < time;
        state.begun = state.begun.max(time);
        let mut batches = Vec::new();
        for terms in terms {
            let places = state.waiting.get(&terms.election);
            let places = places.map_or(0, |queue| queue.places.len());
            if places > 0 && (terms.over || (due && places >= terms.least_places)) {
                let queue = state.waiting.remove(&terms.election).unwrap_or_default();
                batches.push(Arc::new(Batch {
                    election: terms.election,
                    ballots: queue.ballots,
                }));
            }
        }
        if due || !batches.is_empty() {
            state.round += 1;
        }
        state.taken.extend(batches.iter().cloned());
        (due, batches)
    }

    /// A batch that was taken is on the ledger.
    pub fn published(&self, batch: &Arc<Batch>) {
        let mut state = self.lock();
        state.taken.retain(|taken| !Arc::ptr_eq(taken, batch));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The latest time whose batch is taken by now.
fn under_way(interval: u64, lead: u64, now: u64) -> u64 {
    (now + lead) / interval * interval
}

impl State {
    fn add(&mut self, election: &ElectionId, name: Name) {
        let queue = self.waiting.entry(*election).or_default();
        queue.ballots.insert(name.hash, name);
        queue.places.insert(name.place);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use symbolon_election::BallotKey;

    use super::*;

    const ELECTION: ElectionId = ElectionId::new([1; 32]);

    fn terms(least_places: usize) -> [Terms; 1] {
        [Terms {
            election: ELECTION,
            least_places,
            over: false,
        }]
    }

    fn name(place: u32, n: u32) -> Name {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        Name {
            place: RollIndex(place),
            sequence: 0,
            hash: EntryHash::new(bytes),
            key: BallotKey::new([1; 20]).unwrap(),
        }
    }

    /// Of a ledger without ballots, after its first look.
    fn batches(interval: u64) -> Batches {
        let batches = Batches::new(interval, interval / 2, 0);
        batches.take(&[], 0);
        batches
    }

    fn promise(batches: &Batches, place: u32, least: usize, now: u64) -> Promise {
        batches.promise(&ELECTION, RollIndex(place), least, now)
    }

    fn admit(batches: &Batches, place: u32, promise: Promise) -> bool {
        batches.admit(&ELECTION, name(place, place), promise)
    }

    #[test]
    fn a_batch_is_taken_half_an_interval_before_its_time() {
        let batches = batches(10);
        assert!(batches.take(&terms(1), 104).0);
        let first = promise(&batches, 1, 1, 104);
        assert_eq!(first.publication, Some(110));
        assert!(!batches.take(&terms(1), 104).0);
        assert!(admit(&batches, 1, first));
        assert_eq!(promise(&batches, 2, 1, 105).publication, Some(120));
        let second = promise(&batches, 2, 1, 104);
        assert!(batches.take(&terms(1), 105).0);
        assert!(!admit(&batches, 2, second));
        assert!(admit(&batches, 2, promise(&batches, 2, 1, 105)));
    }

    #[test]
    fn a_ledger_that_takes_its_time_gets_batches_earlier() {
        let batches = Batches::new(10, 25, 0);
        batches.take(&[], 0);
        let first = promise(&batches, 1, 1, 104);
        assert_eq!(first.publication, Some(130));
        assert!(admit(&batches, 1, first));
        assert_eq!(batches.take(&terms(1), 104).1.len(), 1);
        assert_eq!(promise(&batches, 2, 1, 105).publication, Some(140));
        assert_eq!(batches.least_grace(), 25);
    }

    #[test]
    fn a_clock_that_goes_back_repeats_no_publication() {
        let batches = batches(10);
        assert!(batches.take(&terms(1), 105).0);
        assert!(!batches.take(&terms(1), 90).0);
        assert_eq!(promise(&batches, 1, 1, 90).publication, Some(120));
    }

    #[test]
    fn places_that_were_taken_count_for_no_later_batch() {
        let batches = batches(10);
        for place in 0..3 {
            assert!(admit(&batches, place, promise(&batches, place, 9, 100)));
        }
        assert_eq!(promise(&batches, 9, 4, 100).publication, Some(110));
        let (_, taken) = batches.take(&terms(3), 106);
        assert_eq!(taken[0].sorted().len(), 3);
        assert_eq!(promise(&batches, 9, 4, 106).publication, None);
    }

    #[test]
    fn a_publication_that_comes_late_voids_promises_of_the_next() {
        let batches = batches(10);
        for place in 0..2 {
            assert!(admit(&batches, place, promise(&batches, place, 9, 94)));
        }
        let counted_on_them = promise(&batches, 2, 3, 95);
        assert_eq!(counted_on_them.publication, Some(110));
        assert_eq!(batches.take(&terms(2), 95).1.len(), 1);
        assert!(!admit(&batches, 2, counted_on_them));
        assert_eq!(promise(&batches, 2, 3, 95).publication, None);
    }

    #[test]
    fn after_a_restart_nothing_is_promised_before_the_ledgers_last_time() {
        let batches = Batches::new(10, 5, 117);
        assert_eq!(promise(&batches, 1, 1, 104).publication, Some(130));
    }

    #[test]
    fn what_an_earlier_process_left_is_published_at_once() {
        let batches = Batches::new(10, 5, 117);
        batches.admit_again(&ELECTION, name(1, 1));
        let (due, taken) = batches.take(&terms(1), 118);
        assert!(due && taken.len() == 1);
        assert!(!batches.take(&terms(1), 118).0);
    }

    #[test]
    fn a_ballot_is_held_until_its_batch_is_published() {
        let batches = batches(10);
        let hash = name(1, 1).hash;
        assert_eq!(batches.holds(&hash), None);
        assert!(admit(&batches, 1, promise(&batches, 1, 1, 100)));
        assert_eq!(batches.holds(&hash), Some(Held::Waiting));
        let (_, taken) = batches.take(&terms(1), 105);
        assert_eq!(batches.holds(&hash), Some(Held::Taken));
        batches.published(&taken[0]);
        assert_eq!(batches.holds(&hash), None);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Promise(u32),
        Admit(usize),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0u32..6).prop_map(Step::Promise),
            4 => any::<usize>().prop_map(Step::Admit),
            1 => (0u64..12).prop_map(Step::Pass),
        ]
    }

    proptest! {
        /// However promises, admissions and publications interleave.
        #[test]
        fn whatever_was_admitted_with_a_promise_is_taken_by_then(
            steps in prop::collection::vec(step(), 1..200),
            least in 1usize..5,
        ) {
            let (batches, mut now, mut next) = (batches(10), 100, 0u32);
            let (mut asked, mut told) = (Vec::new(), HashMap::new());
            for step in steps {
                match step {
                    Step::Promise(place) => {
                        let promise = promise(&batches, place, least, now);
                        asked.push((place, promise));
                    }
                    Step::Admit(which) if !asked.is_empty() => {
                        let (place, promise) = asked.swap_remove(which % asked.len());
                        next += 1;
                        if batches.admit(&ELECTION, name(place, next), promise) {
                            told.insert(name(place, next), promise.publication);
                        }
                    }
                    Step::Admit(_) => {}
                    Step::Pass(seconds) => {
                        now += seconds;
                        let (_, taken) = batches.take(&terms(least), now);
                        for name in taken.iter().flat_map(|batch| batch.sorted()) {
                            prop_assert!(told.remove(&name).is_some());
                        }
                        let begun = under_way(10, 5, now);
                        prop_assert!(told.values().flatten().all(|time| *time > begun));
                    }
                }
            }
        }
    }
}
