//! Which ballots wait, and which publication takes them.
//!
//! Publication times are the multiples of the interval. The batch of a time is taken half an
//! interval before it, so that it is on the ledger in time; what comes later is promised the
//! next one. A promise counts only places that are on disk and will be in the same batch:
//! promising, admitting and taking are decided under one lock.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use symbolon_election::{ElectionId, EntryHash, RollIndex};

/// The ballots that one publication takes of an election.
pub type Batch = HashSet<EntryHash>;

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
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The latest publication whose batches were taken.
    begun: u64,
    /// How often something was taken.
    round: u64,
    waiting: HashMap<ElectionId, HashMap<RollIndex, Vec<EntryHash>>>,
}

impl Batches {
    /// Publications every `interval` seconds, at least 2.
    pub fn new(interval: u64) -> Self {
        Self {
            interval,
            state: Mutex::default(),
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
        let next = (self.under_way(now) + self.interval).max(state.begun + self.interval);
        let others = state.waiting.get(election).map_or(0, |places| {
            places.len() - usize::from(places.contains_key(&place))
        });
        Promise {
            publication: (others + 1 >= least_places).then_some(next),
            round: state.round,
        }
    }

    /// Lets a ballot that is on disk now wait for its publication; false if a publication was
    /// promised and the places that it counted on may be gone: then it needs another promise.
    pub fn admit(
        &self,
        election: &ElectionId,
        place: RollIndex,
        hash: EntryHash,
        promise: Promise,
    ) -> bool {
        let mut state = self.lock();
        if promise.publication.is_some() && promise.round != state.round {
            return false;
        }
        state.add(election, place, hash);
        true
    }

    /// Lets a ballot wait that an earlier process promised something.
    pub fn admit_again(&self, election: &ElectionId, place: RollIndex, hash: EntryHash) {
        self.lock().add(election, place, hash);
    }

    /// Seconds between publications.
    pub fn interval(&self) -> u64 {
        self.interval
    }

    /// Takes the batches that are to be published now; whether a publication is due at all.
    pub fn take(&self, terms: &[Terms], now: u64) -> (bool, Vec<(ElectionId, Batch)>) {
        let mut state = self.lock();
        let time = self.under_way(now);
        let due = state.begun < time;
        state.begun = state.begun.max(time);
        let mut batches = Vec::new();
        for terms in terms {
            let places = state.waiting.get(&terms.election).map_or(0, HashMap::len);
            if places > 0 && (terms.over || (due && places >= terms.least_places)) {
                let taken = state.waiting.remove(&terms.election).unwrap_or_default();
                batches.push((terms.election, taken.into_values().flatten().collect()));
            }
        }
        if due || !batches.is_empty() {
            state.round += 1;
        }
        (due, batches)
    }

    /// The latest time whose batch is taken by now.
    fn under_way(&self, now: u64) -> u64 {
        (now + self.interval / 2) / self.interval * self.interval
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, election: &ElectionId, place: RollIndex, hash: EntryHash) {
        let places = self.waiting.entry(*election).or_default();
        places.entry(place).or_default().push(hash);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ELECTION: ElectionId = ElectionId::new([1; 32]);

    fn terms(least_places: usize) -> [Terms; 1] {
        [Terms {
            election: ELECTION,
            least_places,
            over: false,
        }]
    }

    fn hash(n: u32) -> EntryHash {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        EntryHash::new(bytes)
    }

    fn promise(batches: &Batches, place: u32, least: usize, now: u64) -> Promise {
        batches.promise(&ELECTION, RollIndex(place), least, now)
    }

    fn admit(batches: &Batches, place: u32, promise: Promise) -> bool {
        batches.admit(&ELECTION, RollIndex(place), hash(place), promise)
    }

    #[test]
    fn a_batch_is_taken_half_an_interval_before_its_time() {
        let batches = Batches::new(10);
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
    fn a_clock_that_goes_back_repeats_no_publication() {
        let batches = Batches::new(10);
        assert!(batches.take(&terms(1), 105).0);
        assert!(!batches.take(&terms(1), 90).0);
        assert_eq!(promise(&batches, 1, 1, 90).publication, Some(120));
    }

    #[test]
    fn places_that_were_taken_count_for_no_later_batch() {
        let batches = Batches::new(10);
        for place in 0..3 {
            assert!(admit(&batches, place, promise(&batches, place, 9, 100)));
        }
        assert_eq!(promise(&batches, 9, 4, 100).publication, Some(110));
        let (_, taken) = batches.take(&terms(3), 106);
        assert_eq!(taken[0].1.len(), 3);
        assert_eq!(promise(&batches, 9, 4, 106).publication, None);
    }

    #[test]
    fn a_publication_that_comes_late_voids_promises_of_the_next() {
        let batches = Batches::new(10);
        for place in 0..2 {
            assert!(admit(&batches, place, promise(&batches, place, 9, 94)));
        }
        let counted_on_them = promise(&batches, 2, 3, 95);
        assert_eq!(counted_on_them.publication, Some(110));
        assert_eq!(batches.take(&terms(2), 95).1.len(), 1);
        assert!(!admit(&batches, 2, counted_on_them));
        assert_eq!(promise(&batches, 2, 3, 95).publication, None);
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
            let (batches, mut now, mut next) = (Batches::new(10), 100, 0u32);
            let (mut asked, mut told) = (Vec::new(), HashMap::new());
            for step in steps {
                match step {
                    Step::Promise(place) => {
                        let place = RollIndex(place);
                        asked.push((place, batches.promise(&ELECTION, place, least, now)));
                    }
                    Step::Admit(which) if !asked.is_empty() => {
                        let (place, promise) = asked.swap_remove(which % asked.len());
                        next += 1;
                        if batches.admit(&ELECTION, place, hash(next), promise) {
                            told.insert(hash(next), promise.publication);
                        }
                    }
                    Step::Admit(_) => {}
                    Step::Pass(seconds) => {
                        now += seconds;
                        let (_, taken) = batches.take(&terms(least), now);
                        for name in taken.iter().flat_map(|(_, batch)| batch) {
                            prop_assert!(told.remove(name).is_some());
                        }
                        let begun = batches.under_way(now);
                        prop_assert!(told.values().flatten().all(|time| *time > begun));
                    }
                }
            }
        }
    }
}
