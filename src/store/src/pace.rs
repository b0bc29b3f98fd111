//! How many changes are worth waiting for before a group is written.
//!
//! A sync costs the same for one change as for many. Where several callers are at work a short
//! wait makes larger groups; where none comes it would only delay those that are there. So the
//! last group tells how many to wait for, and now and then a few more are tried for; and how long it
//! took tells how long a wait is worth while.

use std::time::Duration;

/// The most changes that are waited for. Larger groups are hardly cheaper by the change, and
/// callers who all wait for one commit leave the cores idle.
const WORTH: usize = 32;
/// How many times the last commit's own time a wait may take.
const TIMES: u32 = 3;
/// The longest wait.
const LONGEST: Duration = Duration::from_millis(16);
/// The most groups between two tries for more.
const SELDOM: u32 = 256;

/// What the groups so far tell about the next.
#[derive(Debug)]
pub(crate) struct Pace {
    wanted: usize,
    /// Whether more are wanted than came last.
    trying: bool,
    /// Groups until more are tried for.
    pause: u32,
    /// How many it will be after a try that failed.
    next_pause: u32,
    /// How long the last commit took.
    commit: Duration,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            wanted: 1,
            trying: false,
            pause: 0,
            next_pause: 1,
            commit: Duration::ZERO,
        }
    }

    /// So many changes are worth a wait.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }

    /// So long a wait for them at most.
    pub(crate) fn patience(&self) -> Duration {
        (TIMES * self.commit).min(LONGEST)
    }

    /// The commit of the last group took so long.
    pub(crate) fn lasted(&mut self, commit: Duration) {
        self.commit = commit;
    }

    /// A group of so many changes was taken.
    pub(crate) fn took(&mut self, changes: usize) {
        match (self.trying, changes >= self.wanted) {
            (true, true) => self.next_pause = 1,
            (true, false) => {
                self.pause = self.next_pause;
                self.next_pause = (self.next_pause * 2).min(SELDOM);
            }
            (false, _) => self.pause = self.pause.saturating_sub(1),
        }
        self.trying = changes > 1 && self.pause == 0;
        self.wanted = match self.trying {
            true => changes + changes / 2 + 1,
            false => changes,
        }
        .min(WORTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_waited_for_while_changes_come_alone() {
        let mut pace = Pace::new();
        for _ in 0..1000 {
            pace.took(1);
            assert_eq!(pace.wanted(), 1);
        }
    }

    #[test]
    fn groups_grow_while_what_is_wanted_comes() {
        let mut pace = Pace::new();
        pace.took(2);
        for _ in 0..12 {
            pace.took(pace.wanted());
        }
        assert_eq!(pace.wanted(), WORTH);
        pace.took(2 * WORTH);
        assert_eq!(pace.wanted(), WORTH);
    }

    #[test]
    fn a_wait_is_short_where_a_commit_is() {
        let mut pace = Pace::new();
        assert_eq!(pace.patience(), Duration::ZERO);
        pace.lasted(Duration::from_millis(1));
        assert_eq!(pace.patience(), Duration::from_millis(3));
        pace.lasted(Duration::from_secs(1));
        assert_eq!(pace.patience(), LONGEST);
    }

    #[test]
    fn two_callers_wait_for_a_third_less_and_less_often() {
        let mut pace = Pace::new();
        let mut waits = 0;
        for _ in 0..1000 {
            waits += usize::from(pace.wanted() > 2);
            pace.took(2);
        }
        assert!((1..=12).contains(&waits), "{waits}");
    }

    #[test]
    fn who_is_alone_again_waits_once() {
        let mut pace = Pace::new();
        pace.took(40);
        pace.took(1);
        assert_eq!(pace.wanted(), 1);
    }
}
