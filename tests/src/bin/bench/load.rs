//! A closed loop of calls: so many connections, so many calls in flight on each.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use symbolon_service::{
    Refusal,
    client::{Profile, connect_lazy, with_causes},
};
use tokio::task::LocalSet;
use tonic::{Status, transport::Channel};

use crate::process;

/// How a server is called.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) profile: Profile,
    pub(crate) connections: usize,
    /// Calls in flight on each.
    pub(crate) in_flight: usize,
    /// Client threads; the connections are dealt to them.
    pub(crate) threads: usize,
    /// When it ends.
    pub(crate) until: Until,
}

/// When a loop ends.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// After this time, of which the first tenth is not counted.
    Time(Duration),
    /// After so many calls.
    Calls(u64),
}

/// What a loop measured.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) calls: u64,
    pub(crate) seconds: f64,
    /// The server's CPU time, in microseconds a call.
    pub(crate) server_micros: f64,
    /// Sorted, in microseconds.
    latencies: Vec<u32>,
}

impl Measured {
    /// Calls a second.
    pub(crate) fn rate(&self) -> f64 {
        self.calls as f64 / self.seconds
    }

    /// The latency that this share of the calls stays below, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let last = self.latencies.len() - 1;
        let at = ((last as f64) * share).round() as usize;
        f64::from(self.latencies[at]) / 1000.0
    }
}

impl Load {
    /// Four connections with 64 calls in flight on each.
    pub(crate) fn usual(profile: Profile, until: Until) -> Self {
        Self {
            profile,
            connections: 4,
            in_flight: 64,
            threads: 2,
            until,
        }
    }

    /// Calls the server `id`; `caller` makes what calls over a channel, with the call's number:
    /// no number is given twice. A call that fails ends the bench's row.
    pub(crate) fn run<C, F>(&self, id: u32, caller: F) -> Measured
    where
        F: Fn(Channel) -> C + Sync,
        C: AsyncFn(u64) -> Result<(), Status> + 'static,
    {
        let (numbers, counted) = (Arc::new(AtomicU64::new(0)), Arc::new(Counted::default()));
        let barrier = Barrier::new(self.threads + 1);
        thread::scope(|scope| {
            let clients: Vec<_> = (0..self.threads)
                .map(|thread| {
                    let (numbers, counted) = (Arc::clone(&numbers), Arc::clone(&counted));
                    let (barrier, caller) = (&barrier, &caller);
                    scope.spawn(move || self.client(thread, caller, &numbers, &counted, barrier))
                })
                .collect();
            barrier.wait();
            let measured = self.watch(id, &counted);
            let latencies = clients
                .into_iter()
                .flat_map(|client| client.join().unwrap());
            let mut latencies: Vec<u32> = latencies.collect();
            latencies.sort_unstable();
            if let Some(why) = counted.failed.lock().unwrap().take() {
                panic!("a call failed: {why}");
            }
            Measured {
                latencies,
                ..measured
            }
        })
    }

    fn watch(&self, id: u32, counted: &Counted) -> Measured {
        let Until::Time(time) = self.until else {
            return watch_calls(id, counted, self.until);
        };
        thread::sleep(time / 10);
        let begun = Moment::of(id, counted);
        counted.keep.store(1, Ordering::Relaxed);
        thread::sleep(time - time / 10);
        let ended = Moment::of(id, counted);
        counted.stop.store(1, Ordering::Relaxed);
        begun.until(&ended)
    }

    /// One client thread: connects, waits for the others, and calls.
    fn client<C, F>(
        &self,
        thread: usize,
        caller: &F,
        numbers: &Arc<AtomicU64>,
        counted: &Arc<Counted>,
        barrier: &Barrier,
    ) -> Vec<u32>
    where
        F: Fn(Channel) -> C,
        C: AsyncFn(u64) -> Result<(), Status> + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let latencies = Rc::new(RefCell::new(Vec::new()));
        let mine = (0..self.connections)
            .filter(|n| n % self.threads == thread)
            .count();
        let callers: Vec<Rc<C>> = runtime.block_on(async {
            let channels = (0..mine).map(|_| connect_lazy(&self.profile).unwrap());
            channels.map(|channel| Rc::new(caller(channel))).collect()
        });
        barrier.wait();
        let (calls, mut calling) = (LocalSet::new(), Vec::new());
        for caller in callers {
            for _ in 0..self.in_flight {
                let (caller, latencies) = (Rc::clone(&caller), Rc::clone(&latencies));
                let (numbers, counted) = (Arc::clone(numbers), Arc::clone(counted));
                let most = match self.until {
                    Until::Calls(calls) => calls,
                    Until::Time(_) => u64::MAX,
                };
                calling.push(calls.spawn_local(async move {
                    while counted.stop.load(Ordering::Relaxed) == 0 {
                        let number = numbers.fetch_add(1, Ordering::Relaxed);
                        if number >= most {
                            return;
                        }
                        let started = Instant::now();
                        if let Err(status) = caller(number).await {
                            return counted.fail(number, &status);
                        }
                        counted.calls.fetch_add(1, Ordering::Relaxed);
                        if counted.keep.load(Ordering::Relaxed) == 1 {
                            let micros = started.elapsed().as_micros();
                            latencies
                                .borrow_mut()
                                .push(micros.try_into().unwrap_or(u32::MAX));
                        }
                    }
                }));
            }
        }
        runtime.block_on(calls.run_until(async {
            for caller in calling {
                caller.await.unwrap();
            }
        }));
        latencies.take()
    }
}

#[derive(Default)]
struct Counted {
    calls: AtomicU64,
    /// Whether latencies are kept.
    keep: AtomicU64,
    stop: AtomicU64,
    /// Why the first call failed.
    failed: Mutex<Option<String>>,
}

impl Counted {
    /// One failure ends the loop.
    fn fail(&self, number: u64, status: &Status) {
        let refusal = Refusal::from_status(status);
        let told = format!(
            "call {number}, {}, again after {:?}: {}",
            refusal.reason().name(),
            refusal.retry_after(),
            with_causes(status)
        );
        self.failed.lock().unwrap().get_or_insert(told);
        self.stop.store(1, Ordering::Relaxed);
    }
}

fn watch_calls(id: u32, counted: &Counted, until: Until) -> Measured {
    let Until::Calls(calls) = until else {
        unreachable!("a loop over time is watched by the clock")
    };
    counted.keep.store(1, Ordering::Relaxed);
    let begun = Moment::of(id, counted);
    while counted.calls.load(Ordering::Relaxed) < calls && counted.stop.load(Ordering::Relaxed) == 0
    {
        thread::sleep(Duration::from_millis(2));
    }
    begun.until(&Moment::of(id, counted))
}

struct Moment {
    at: Instant,
    calls: u64,
    cpu: Duration,
}

impl Moment {
    fn of(id: u32, counted: &Counted) -> Self {
        Self {
            at: Instant::now(),
            calls: counted.calls.load(Ordering::Relaxed),
            cpu: process::cpu(id),
        }
    }

    fn until(&self, end: &Self) -> Measured {
        let calls = end.calls - self.calls;
        Measured {
            calls,
            seconds: (end.at - self.at).as_secs_f64(),
            server_micros: (end.cpu - self.cpu).as_secs_f64() * 1e6 / calls as f64,
            latencies: Vec::new(),
        }
    }
}
