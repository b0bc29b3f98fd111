//! When entries came to the ledger.
//!
//! On the log an entry's time is the k-th smallest, over the listed cosigners, of each one's
//! earliest timestamp on any checkpoint that covers the entry. Nobody's clock but the
//! cosigners' matters, and a timestamp brought later can only make an entry earlier.

use std::collections::BTreeMap;

/// The times of a ledger's entries, as seen by one list of cosigners.
///
/// Times never fall from one entry to the next, so the entries of a span of time are a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Entries below `end` and not below the step before have this time; `end` ascends.
    steps: Vec<Step>,
    /// When enough cosigners last saw the ledger.
    until: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    end: u64,
    time: u64,
}

/// One cosigner's statement that it saw the ledger at a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting<C> {
    /// Who saw it.
    pub cosigner: C,
    /// How many entries there were.
    pub size: u64,
    /// When first, in Unix seconds.
    pub time: u64,
    /// When last: until then nothing was added.
    pub last: u64,
}

impl Timeline {
    /// The times that follow from what cosigners saw, `quorum` of them needed for each entry.
    pub fn from_sightings<C: Ord + Clone>(
        sightings: impl IntoIterator<Item = Sighting<C>>,
        quorum: usize,
    ) -> Self {
        let mut by_size: BTreeMap<u64, Vec<Sighting<C>>> = BTreeMap::new();
        let mut latest: BTreeMap<C, u64> = BTreeMap::new();
        for sighting in sightings {
            let last = latest.entry(sighting.cosigner.clone()).or_default();
            *last = sighting.last.max(*last);
            by_size.entry(sighting.size).or_default().push(sighting);
        }
        let mut earliest: BTreeMap<C, u64> = BTreeMap::new();
        let mut steps = Vec::new();
        // From the largest checkpoint down: it covers the most entries, the smaller ones fewer.
        for (size, seen) in by_size.into_iter().rev() {
            for sighting in seen {
                let time = earliest.entry(sighting.cosigner).or_insert(sighting.time);
                *time = sighting.time.min(*time);
            }
            if let Some(time) = kth(earliest.values().copied(), quorum, |_| ()) {
                steps.push(Step { end: size, time });
            }
        }
        steps.reverse();
        let until = kth(latest.into_values(), quorum, |times| times.reverse());
        Self::from_ascending(steps, until)
    }

    /// The times of a chain: each block's number of entries so far, and its time.
    pub fn from_blocks(blocks: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let steps: Vec<Step> = blocks
            .into_iter()
            .map(|(end, time)| Step { end, time })
            .collect();
        let until = steps.last().map(|step| step.time);
        Self::from_ascending(steps, until)
    }

    fn from_ascending(steps: impl IntoIterator<Item = Step>, until: Option<u64>) -> Self {
        let mut merged: Vec<Step> = Vec::new();
        for step in steps {
            match merged.last_mut() {
                Some(last) if last.time == step.time => last.end = step.end,
                _ => merged.push(step),
            }
        }
        Self {
            steps: merged,
            until,
        }
    }

    /// The time of an entry; `None` while fewer cosigners than needed have seen it.
    pub fn time_of(&self, index: u64) -> Option<u64> {
        let at = self.steps.partition_point(|step| step.end <= index);
        self.steps.get(at).map(|step| step.time)
    }

    /// Until when the ledger was seen: whatever came later isn't in it. `None` while fewer
    /// cosigners than needed have seen it.
    pub fn until(&self) -> Option<u64> {
        self.until
    }

    /// How many entries have a time.
    pub fn size(&self) -> u64 {
        self.steps.last().map_or(0, |step| step.end)
    }

    /// The entries, as `[first, end)`, whose time lies in `from..=until`.
    pub fn range(&self, from: u64, until: u64) -> (u64, u64) {
        let end_of = |steps: &[Step]| steps.last().map_or(0, |step| step.end);
        let first = end_of(&self.steps[..self.steps.partition_point(|step| step.time < from)]);
        let end = end_of(&self.steps[..self.steps.partition_point(|step| step.time <= until)]);
        (first, end.max(first))
    }

    /// Whether both give the same times to the first `size` entries.
    pub fn agrees(&self, other: &Self, size: u64) -> bool {
        let cut = |timeline: &Self| {
            let below = timeline.steps.partition_point(|step| step.end < size);
            let mut steps: Vec<Step> = timeline.steps[..below].to_vec();
            steps.extend(
                timeline
                    .steps
                    .get(below)
                    .map(|step| Step { end: size, ..*step }),
            );
            Self::from_ascending(steps, None)
        };
        cut(self) == cut(other)
    }
}

/// The k-th of the times, from the smallest on unless `order` turns them round.
fn kth(
    times: impl Iterator<Item = u64>,
    k: usize,
    order: impl FnOnce(&mut Vec<u64>),
) -> Option<u64> {
    let mut times: Vec<u64> = times.collect();
    times.sort_unstable();
    order(&mut times);
    times.get(k.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sightings(list: &[(u8, u64, u64)]) -> Vec<Sighting<u8>> {
        list.iter()
            .map(|&(cosigner, size, time)| Sighting {
                cosigner,
                size,
                time,
                last: time,
            })
            .collect()
    }

    #[test]
    fn one_cosigner_gives_the_time_of_the_first_checkpoint_that_covers_an_entry() {
        let timeline = Timeline::from_sightings(sightings(&[(0, 2, 100), (0, 5, 200)]), 1);
        let times: Vec<_> = (0..6).map(|index| timeline.time_of(index)).collect();
        assert_eq!(
            times,
            [Some(100), Some(100), Some(200), Some(200), Some(200), None]
        );
        assert_eq!(timeline.size(), 5);
    }

    #[test]
    fn the_second_of_three_cosigners_decides_where_two_are_needed() {
        let seen = [(0, 3, 100), (1, 3, 130), (2, 3, 120)];
        assert_eq!(
            Timeline::from_sightings(sightings(&seen), 2).time_of(0),
            Some(120)
        );
    }

    #[test]
    fn an_operator_alone_cannot_backdate_where_two_are_needed() {
        let seen = [(0, 3, 1), (1, 3, 500)];
        assert_eq!(
            Timeline::from_sightings(sightings(&seen), 2).time_of(2),
            Some(500)
        );
    }

    #[test]
    fn one_cosigner_twice_is_one() {
        let seen = [(0, 3, 100), (0, 3, 101), (0, 4, 102)];
        assert_eq!(
            Timeline::from_sightings(sightings(&seen), 2).time_of(0),
            None
        );
    }

    #[test]
    fn a_later_checkpoint_with_an_earlier_timestamp_counts() {
        let seen = [(0, 2, 300), (0, 5, 200)];
        assert_eq!(
            Timeline::from_sightings(sightings(&seen), 1).time_of(0),
            Some(200)
        );
    }

    #[test]
    fn a_heartbeat_shows_until_when_nothing_was_added() {
        let mut seen = sightings(&[(0, 2, 100), (1, 2, 110)]);
        seen[1].last = 900;
        seen[0].last = 500;
        let timeline = Timeline::from_sightings(seen, 2);
        assert_eq!(
            (timeline.time_of(0), timeline.until()),
            (Some(110), Some(500))
        );
    }

    #[test]
    fn no_quorum_gives_no_time() {
        assert_eq!(
            Timeline::from_sightings(sightings(&[(0, 2, 1)]), 0).time_of(0),
            None
        );
    }

    #[test]
    fn a_range_of_time_is_a_range_of_entries() {
        let timeline = Timeline::from_blocks([(2, 100), (5, 200), (9, 300)]);
        assert_eq!(timeline.range(100, 200), (0, 5));
        assert_eq!(timeline.range(101, 299), (2, 5));
        assert_eq!(timeline.range(301, 400), (9, 9));
        assert_eq!(timeline.range(0, 99), (0, 0));
    }

    #[test]
    fn timelines_agree_on_a_prefix() {
        let early = Timeline::from_blocks([(2, 100), (4, 200)]);
        let late = Timeline::from_blocks([(2, 100), (9, 200)]);
        assert!(early.agrees(&late, 4));
        assert!(early.agrees(&late, 1));
        assert!(!early.agrees(&late, 5));
        assert!(!early.agrees(&Timeline::from_blocks([(3, 100), (4, 200)]), 4));
    }

    proptest! {
        #[test]
        fn times_follow_the_definition_and_never_fall(
            list in prop::collection::vec((0_u8..4, 1_u64..12, 0_u64..50), 0..20),
            quorum in 1_usize..4,
        ) {
            let timeline = Timeline::from_sightings(sightings(&list), quorum);
            let mut last = 0;
            for index in 0..12 {
                let mut earliest: BTreeMap<u8, u64> = BTreeMap::new();
                for &(cosigner, size, time) in &list {
                    if size > index {
                        let known = earliest.entry(cosigner).or_insert(time);
                        *known = time.min(*known);
                    }
                }
                let expected = kth(earliest.values().copied(), quorum, |_| ());
                prop_assert_eq!(timeline.time_of(index), expected);
                if let Some(time) = expected {
                    prop_assert!(time >= last);
                    last = time;
                }
            }
        }

        #[test]
        fn a_sighting_brought_later_makes_nothing_later(
            list in prop::collection::vec((0_u8..4, 1_u64..12, 0_u64..50), 0..20),
            more in (0_u8..4, 1_u64..12, 0_u64..50),
            quorum in 1_usize..4,
        ) {
            let before = Timeline::from_sightings(sightings(&list), quorum);
            let after = Timeline::from_sightings(sightings(&[list, vec![more]].concat()), quorum);
            for index in 0..12 {
                if let Some(time) = before.time_of(index) {
                    prop_assert!(after.time_of(index).unwrap() <= time);
                }
            }
        }
    }
}
