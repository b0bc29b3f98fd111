//! What the order of ballots tells of the batches in which they were published.

use serde::Serialize;
use symbolon_election::{EntryHash, RollIndex};

/// Runs of ballots in batch order (roll index, sequence, entry hash).
///
/// A batch is sorted, so it lies within one run; two batches that happen to continue each other
/// look like one. A run of fewer places than the manifest promises for a batch, before the last
/// publication at closes, shows a batch that was too small.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Batches {
    /// How many runs there are.
    pub runs: u64,
    /// The fewest distinct places of a run that ended before closes, if one did.
    pub smallest: Option<u32>,
    /// How many of those runs have fewer places than promised.
    pub below_promise: u64,
    #[serde(skip)]
    open: Option<Run>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    last: (RollIndex, u8, EntryHash),
    places: u32,
    time: u64,
}

impl Batches {
    /// Takes the next ballot of the ledger.
    pub(crate) fn push(
        &mut self,
        order: (RollIndex, u8, EntryHash),
        time: u64,
        closes: u64,
        promised: u16,
    ) {
        if let Some(run) = &mut self.open
            && run.last < order
        {
            run.places += u32::from(run.last.0 != order.0);
            run.last = order;
            run.time = time;
            return;
        }
        self.end_run(closes, promised);
        self.runs += 1;
        self.open = Some(Run {
            last: order,
            places: 1,
            time,
        });
    }

    fn end_run(&mut self, closes: u64, promised: u16) {
        let Some(run) = self.open.take().filter(|run| run.time < closes) else {
            return;
        };
        self.smallest = Some(
            self.smallest
                .map_or(run.places, |least| least.min(run.places)),
        );
        self.below_promise += u64::from(run.places < u32::from(promised));
    }

    /// The figures so far. The run at the end may go on, unless the election is closed.
    pub(crate) fn so_far(&self, closed: bool, closes: u64, promised: u16) -> Self {
        let mut batches = self.clone();
        if closed {
            batches.end_run(closes, promised);
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(places: &[(u32, u64)]) -> Batches {
        let mut batches = Batches::default();
        for &(place, time) in places {
            batches.push((RollIndex(place), 0, EntryHash::new([0; 32])), time, 100, 3);
        }
        batches.so_far(true, 100, 3)
    }

    #[test]
    fn a_batch_below_the_promise_is_counted() {
        let batches = after(&[
            (1, 10),
            (5, 10),
            (9, 10),
            (2, 20),
            (3, 20),
            (1, 30),
            (2, 30),
            (7, 30),
        ]);
        assert_eq!(
            (batches.runs, batches.smallest, batches.below_promise),
            (3, Some(2), 1)
        );
    }

    #[test]
    fn the_last_batch_may_be_smaller() {
        let batches = after(&[(1, 10), (5, 10), (9, 10), (2, 100)]);
        assert_eq!(
            (batches.runs, batches.smallest, batches.below_promise),
            (2, Some(3), 0)
        );
    }
}
