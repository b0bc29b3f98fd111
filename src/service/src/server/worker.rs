//! Workers: a thread with a runtime of its own for each core. A connection stays with
//! the worker that got it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use tokio::{
    net::TcpStream,
    runtime::Builder,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_util::task::TaskTracker;

use super::{Shared, acceptor::Accepted, connection};
use crate::Error;

/// All workers, as the acceptors see them.
pub(crate) struct Workers {
    lanes: Vec<Lane>,
}

struct Lane {
    // Bounded by the listeners' permits for connections.
    queue: UnboundedSender<Accepted>,
    busy: Arc<AtomicUsize>,
}

impl Workers {
    /// Starts so many threads.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        count: usize,
    ) -> Result<(Self, Vec<JoinHandle<()>>), Error> {
        let mut lanes = Vec::new();
        let mut threads = Vec::new();
        for number in 0..count {
            let (queue, accepted) = unbounded_channel();
            let busy = Arc::new(AtomicUsize::new(0));
            threads.push(thread(shared.clone(), number, accepted, busy.clone())?);
            lanes.push(Lane { queue, busy });
        }
        Ok((Self { lanes }, threads))
    }

    /// Hands a connection to the worker with the fewest.
    pub(crate) fn dispatch(&self, accepted: Accepted) {
        let lanes = self.lanes.iter();
        let Some(lane) = lanes.min_by_key(|lane| lane.busy.load(Ordering::Relaxed)) else {
            return;
        };
        lane.busy.fetch_add(1, Ordering::Relaxed);
        if lane.queue.send(accepted).is_err() {
            lane.busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn thread(
    shared: Arc<Shared>,
    number: usize,
    accepted: UnboundedReceiver<Accepted>,
    busy: Arc<AtomicUsize>,
) -> Result<JoinHandle<()>, Error> {
    let system = |source| Error::System {
        what: "starting a worker",
        source,
    };
    // What other threads wake comes first: a group commit ends many calls at once, and only then
    // does their connection write, for all of them.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .global_queue_interval(1)
        .build()
        .map_err(system)?;
    std::thread::Builder::new()
        .name(format!("worker-{number}"))
        .spawn(move || runtime.block_on(work(shared, accepted, busy)))
        .map_err(system)
}

/// Serves connections until the acceptors are gone and the last one has ended.
async fn work(
    shared: Arc<Shared>,
    mut accepted: UnboundedReceiver<Accepted>,
    busy: Arc<AtomicUsize>,
) {
    let listeners = shared.listeners.iter();
    let routers: Vec<_> = listeners.map(|listening| (listening.routes)()).collect();
    let connections = TaskTracker::new();
    while let Some(accepted) = accepted.recv().await {
        let router = routers[accepted.listener].clone();
        let (shared, busy) = (shared.clone(), busy.clone());
        connections.spawn(async move {
            let _busy = Busy(busy);
            serve(&shared, router, accepted).await;
        });
    }
    connections.close();
    connections.wait().await;
}

async fn serve(shared: &Shared, router: axum::Router, accepted: Accepted) {
    let listening = &shared.listeners[accepted.listener];
    let tcp: io::Result<TcpStream> = TcpStream::from_std(accepted.tcp);
    match tcp {
        Ok(tcp) => connection::serve(shared, listening, router, tcp, &accepted.place).await,
        Err(error) => tracing::warn!(%error, "a worker cannot take a connection"),
    }
}

/// One connection of a worker's count.
struct Busy(Arc<AtomicUsize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
