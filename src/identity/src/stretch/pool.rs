use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use symbolon_crypto::password::{Costs, Hasher};
use tokio::sync::{Semaphore, oneshot};

use super::{Profile, Stretched, stretch};
use crate::error::Error;
use crate::match_key::MatchKey;
use crate::schema::MAX_RULES;

/// The most threads of a pool.
pub const MAX_THREADS: usize = 256;
/// The most places of a pool.
pub const MAX_PLACES: usize = 65_536;

const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));
/// What one hash is thought to take before any was measured.
const FIRST_GUESS: Duration = Duration::from_millis(25);

/// Threads that stretch, each with memory that it uses again and again, and a bounded number
/// of places.
///
/// A match key takes a place when it is handed in and leaves it when its work has ended, also
/// when the caller stopped waiting meanwhile; work that nobody waits for is not begun. So
/// neither memory nor the backlog grows beyond what the pool was made with.
pub struct Pool {
    shared: Arc<Shared>,
    /// What work in bulk may take of the places.
    bulk: Semaphore,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of `threads` (a thread per core is best: memory bandwidth is the limit) and
    /// `places` for match keys waiting or being worked on; at least as many as one person
    /// can have.
    pub fn start(threads: usize, places: usize) -> Result<Self, Error> {
        if !(1..=MAX_THREADS).contains(&threads) || !(MAX_RULES..=MAX_PLACES).contains(&places) {
            return Err(Error::PoolSize);
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                taken: 0,
                stopping: false,
            }),
            work: Condvar::new(),
            threads,
            places,
            average: AtomicU64::new(nanos(FIRST_GUESS)),
        });
        let mut pool = Self {
            shared,
            bulk: Semaphore::new(MAX_RULES.max(places / 2)),
            threads: Vec::with_capacity(threads),
        };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let thread = std::thread::Builder::new().name(format!("stretch-{number}"));
            let thread = thread
                .spawn(move || shared.run())
                .map_err(|error| Error::Thread(error.kind()))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Stretches all match keys of a person, in their order, or takes none of them.
    pub async fn stretch(
        &self,
        profile: Profile,
        keys: Vec<MatchKey>,
    ) -> Result<Vec<Stretched>, Error> {
        let pending = self.shared.hand_in(profile, keys)?;
        let mut stretched = Vec::with_capacity(pending.len());
        for reply in pending {
            stretched.push(reply.await.map_err(|_| Error::Stopped)?);
        }
        Ok(stretched)
    }

    /// The same for work in bulk, which waits for its turn and leaves half of the places to
    /// others: it is refused only where they have taken more than theirs.
    pub async fn stretch_in_turn(
        &self,
        profile: Profile,
        keys: Vec<MatchKey>,
    ) -> Result<Vec<Stretched>, Error> {
        let wanted = u32::try_from(keys.len()).map_err(|_| Error::PoolSize)?;
        let turn = self.bulk.acquire_many(wanted).await;
        let _turn = turn.map_err(|_| Error::Stopped)?;
        self.stretch(profile, keys).await
    }

    /// How many places are taken, for metrics.
    pub fn taken(&self) -> usize {
        self.shared.state().taken
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.shared.places
    }
}

impl Drop for Pool {
    /// Ends after the work at hand; work that nobody waits for any more is dropped.
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.shared.state();
            state.stopping = true;
            std::mem::take(&mut state.waiting)
        };
        drop(waiting);
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // A worker that panicked has ended too.
            let _ = thread.join();
        }
    }
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    threads: usize,
    places: usize,
    /// Nanoseconds that one hash takes, averaged over the last few.
    average: AtomicU64,
}

struct State {
    waiting: VecDeque<Job>,
    taken: usize,
    stopping: bool,
}

struct Job {
    profile: Profile,
    key: MatchKey,
    reply: oneshot::Sender<Stretched>,
}

/// A place that a job took; left on drop, also when the work panics.
struct Place<'a>(&'a Shared);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state().taken -= 1;
    }
}

impl Shared {
    /// No state is ever half changed while the lock is held, so a poisoned one is fine.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_in(
        &self,
        profile: Profile,
        keys: Vec<MatchKey>,
    ) -> Result<Vec<oneshot::Receiver<Stretched>>, Error> {
        let mut state = self.state();
        if state.stopping {
            return Err(Error::Stopped);
        }
        if state.taken + keys.len() > self.places {
            return Err(Error::Busy {
                retry_after: self.retry_after(state.taken),
            });
        }
        state.taken += keys.len();
        let mut replies = Vec::with_capacity(keys.len());
        for key in keys {
            let (reply, receiver) = oneshot::channel();
            state.waiting.push_back(Job {
                profile,
                key,
                reply,
            });
            replies.push(receiver);
        }
        drop(state);
        self.work.notify_all();
        Ok(replies)
    }

    fn run(&self) {
        let mut memory = None;
        while let Some(job) = self.next() {
            let _place = Place(self);
            if job.reply.is_closed() {
                continue;
            }
            // A panic ends neither the thread nor the pool; the caller is told `Stopped`.
            let work = AssertUnwindSafe(|| self.work_on(job, &mut memory));
            if catch_unwind(work).is_err() {
                memory = None;
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            if state.stopping {
                return None;
            }
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work_on(&self, job: Job, memory: &mut Option<(Costs, Hasher)>) {
        let costs = job.profile.costs;
        if memory.as_ref().is_some_and(|(other, _)| *other != costs) {
            *memory = None;
        }
        let (_, hasher) = memory.get_or_insert_with(|| (costs, Hasher::new(costs)));
        let begun = Instant::now();
        if let Ok(stretched) = stretch(hasher, &job.profile.salt, &job.key) {
            self.measured(begun.elapsed());
            // The caller may have gone.
            let _ = job.reply.send(stretched);
        }
    }

    fn measured(&self, took: Duration) {
        let before = self.average.load(Ordering::Relaxed);
        self.average
            .store(before - before / 8 + nanos(took) / 8, Ordering::Relaxed);
    }

    /// When half of what is there now should be done.
    fn retry_after(&self, taken: usize) -> Duration {
        let all = self
            .average
            .load(Ordering::Relaxed)
            .saturating_mul(taken as u64);
        Duration::from_nanos(all / self.threads as u64 / 2).clamp(RETRY.0, RETRY.1)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 16)
}
