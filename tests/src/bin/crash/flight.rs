//! Which calls are under way at a daemon, and what became of them.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use symbolon_service::{Reason, Refusal, Remedy};
use tonic::{Response, Status};

/// Longer than any call takes, a new connection included.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a caller knows after a call.
pub(crate) enum Answer<T> {
    /// It was acknowledged.
    Told(T),
    /// It was refused for good.
    Refused(Reason),
    /// It was refused for now: nothing was done.
    NotNow,
    /// No answer came: it may have been done or not.
    Nothing,
}

/// The calls at one daemon.
#[derive(Default)]
pub(crate) struct Flight(Mutex<State>);

#[derive(Default)]
struct State {
    up: bool,
    /// How often the daemon was killed while it was up.
    life: usize,
    under_way: u64,
    /// Calls that were under way at each kill and have not ended yet.
    dying: BTreeMap<usize, u64>,
    /// Calls that each kill left without an answer.
    cut: BTreeMap<usize, u64>,
    /// Calls that got no answer although the daemon lived.
    stray: u64,
    /// By operation: answered and unanswered calls.
    counts: BTreeMap<&'static str, Counts>,
}

/// How many calls of one operation ended how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) told: u64,
    pub(crate) untold: u64,
}

impl Flight {
    /// The daemon serves.
    pub(crate) fn up(&self) {
        self.state().up = true;
    }

    /// The daemon is about to die, if a call is under way; how many are.
    pub(crate) fn down_amid_calls(&self) -> Option<u64> {
        let mut state = self.state();
        match state.under_way {
            0 => None,
            _ => Some(state.end_life()),
        }
    }

    /// The daemon is about to stop in order.
    pub(crate) fn down(&self) {
        self.state().end_life();
    }

    /// How many kills there were.
    pub(crate) fn life(&self) -> usize {
        self.state().life
    }

    /// How many calls the kill of this life left without an answer; nothing while some of those
    /// that were under way have not ended.
    pub(crate) fn cut(&self, life: usize) -> Option<u64> {
        let state = self.state();
        match state.dying.get(&life) {
            Some(1..) => None,
            _ => Some(state.cut.get(&life).copied().unwrap_or(0)),
        }
    }

    /// How many calls got no answer from a daemon that lived.
    pub(crate) fn stray(&self) -> u64 {
        self.state().stray
    }

    /// How many calls of an operation were answered, and how many were not.
    pub(crate) fn counts(&self, operation: &str) -> Counts {
        let state = self.state();
        state.counts.get(operation).copied().unwrap_or_default()
    }

    /// Makes a call.
    pub(crate) async fn call<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Answer<T> {
        let life = self.begin();
        let outcome = tokio::time::timeout(PATIENCE, call).await;
        let answer = match outcome {
            Err(_) => Answer::Nothing,
            Ok(Ok(response)) => Answer::Told(response.into_inner()),
            Ok(Err(status)) => refused(&status),
        };
        self.end(operation, life, &answer);
        answer
    }

    /// Counts a call that begins now; the life of a daemon that is up.
    fn begin(&self) -> Option<usize> {
        let mut state = self.state();
        if !state.up {
            return None;
        }
        state.under_way += 1;
        Some(state.life)
    }

    fn end<T>(&self, operation: &'static str, life: Option<usize>, answer: &Answer<T>) {
        let mut state = self.state();
        let lives = life == Some(state.life);
        match life {
            Some(_) if lives => state.under_way -= 1,
            Some(life) => *state.dying.entry(life).or_default() -= 1,
            None => {}
        }
        let counts = state.counts.entry(operation).or_default();
        match answer {
            Answer::Told(_) => counts.told += 1,
            Answer::Nothing => counts.untold += 1,
            Answer::Refused(_) | Answer::NotNow => {}
        }
        match (answer, life) {
            (Answer::Nothing, Some(_)) if lives => state.stray += 1,
            (Answer::Nothing, Some(life)) => *state.cut.entry(life).or_default() += 1,
            _ => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    /// From here on the daemon counts as dead; how many calls were under way.
    fn end_life(&mut self) -> u64 {
        let calls = std::mem::take(&mut self.under_way);
        self.dying.insert(self.life, calls);
        self.up = false;
        self.life += 1;
        calls
    }
}

fn refused<T>(status: &Status) -> Answer<T> {
    let reason = Refusal::from_status(status).reason();
    match reason {
        // The connection broke, or never was.
        Reason::Other | Reason::Indeterminate | Reason::DeadlineExceeded => Answer::Nothing,
        Reason::Sealed => Answer::NotNow,
        reason if reason.remedy() == Remedy::Retry => Answer::NotNow,
        reason => Answer::Refused(reason),
    }
}
