//! Where callers leave their changes for the committer.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::queue::Call;

/// Calls that the committer has not come for yet.
pub(crate) struct Inbox {
    state: Mutex<State>,
    enough: Condvar,
}

struct State {
    calls: Vec<Call>,
    changes: usize,
    /// So many changes wake the committer: whoever leaves fewer wakes nobody.
    wanted: usize,
    open: bool,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        let state = State {
            calls: Vec::new(),
            changes: 0,
            wanted: usize::MAX,
            open: true,
        };
        Self {
            state: Mutex::new(state),
            enough: Condvar::new(),
        }
    }

    /// Leaves a call; given back where nobody will come for it.
    pub(crate) fn leave(&self, call: Call) -> Result<(), Call> {
        let mut state = self.state();
        if !state.open {
            return Err(call);
        }
        state.changes += call.changes();
        state.calls.push(call);
        if state.changes >= state.wanted {
            self.enough.notify_one();
        }
        Ok(())
    }

    /// Waits until so many changes are there, at most `patience`, and takes what is there.
    pub(crate) fn take(&self, wanted: usize, patience: Duration) -> Vec<Call> {
        let mut state = self.state();
        state.wanted = wanted;
        let (mut state, _) = self
            .enough
            .wait_timeout_while(state, patience, |state| {
                state.open && state.changes < wanted
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.wanted = usize::MAX;
        state.changes = 0;
        std::mem::take(&mut state.calls)
    }

    /// Takes in no more calls.
    pub(crate) fn close(&self) {
        self.state().open = false;
        self.enough.notify_one();
    }

    /// Whether no more calls will be there.
    pub(crate) fn is_exhausted(&self) -> bool {
        let state = self.state();
        !state.open && state.calls.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::queue::tests::call;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn who_waits_for_some_changes_is_woken_by_the_last_of_them() {
        let inbox = Inbox::new();
        thread::scope(|scope| {
            let taken = scope.spawn(|| inbox.take(5, LONG));
            for _ in 0..2 {
                inbox.leave(call(2).0).ok().unwrap();
            }
            thread::sleep(Duration::from_millis(20));
            assert!(!taken.is_finished());
            inbox.leave(call(1).0).ok().unwrap();
            assert_eq!(taken.join().unwrap().len(), 3);
        });
    }

    #[test]
    fn patience_ends_with_what_is_there() {
        let inbox = Inbox::new();
        inbox.leave(call(2).0).ok().unwrap();
        assert_eq!(inbox.take(3, Duration::from_millis(1)).len(), 1);
        assert!(inbox.take(0, LONG).is_empty());
    }

    #[test]
    fn a_closed_inbox_gives_out_what_was_left_and_takes_nothing_more() {
        let inbox = Inbox::new();
        inbox.leave(call(2).0).ok().unwrap();
        inbox.close();
        assert!(inbox.leave(call(1).0).is_err());
        assert!(!inbox.is_exhausted());
        assert_eq!(inbox.take(64, LONG).len(), 1);
        assert!(inbox.is_exhausted());
    }

    #[test]
    fn closing_wakes_who_waits() {
        let inbox = Inbox::new();
        thread::scope(|scope| {
            let taken = scope.spawn(|| inbox.take(1, LONG));
            inbox.close();
            assert!(taken.join().unwrap().is_empty());
        });
    }
}
