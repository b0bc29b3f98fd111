//! Serves routes on listeners: one acceptor each, workers with a runtime per core,
//! mutual TLS, the role table, limits, reloading and a graceful end.
//!
//! ```no_run
//! # use symbolon_service::{Shutdown, config, roles, server::{Listener, Server}};
//! # async fn example(listener: config::ListenerConfig) -> Result<(), symbolon_service::Error> {
//! let table = roles::RoleTable::new(roles::health(&[roles::Role::Portal]));
//! let listener = Listener::new(listener, table, || axum::Router::new());
//! let shutdown = Shutdown::new();
//! let running = Server::bind(vec![listener])?.start(&shutdown)?;
//! running.finished().await;
//! # Ok(())
//! # }
//! ```

mod acceptor;
mod body;
mod connection;
mod guard;
mod io;
mod listening;
mod peers;
mod record;
mod reload;
mod worker;

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use axum::Router;

use crate::{
    Error, Refusal, Shutdown, config::ListenerConfig, registry::Registry, roles::RoleTable,
};
use listening::{Gate, Listening, Routes};
use worker::Workers;

/// An address, who may call what there, and the routes.
pub struct Listener {
    config: ListenerConfig,
    table: RoleTable,
    gate: Gate,
    routes: Routes,
}

impl Listener {
    /// A listener. Every worker calls `routes` once, inside its own runtime; what the
    /// routers share they share by `Arc`. HTTP/1.1 is offered where the table has HTTP
    /// rows.
    pub fn new(
        config: ListenerConfig,
        table: RoleTable,
        routes: impl Fn() -> Router + Send + Sync + 'static,
    ) -> Self {
        let routes = Arc::new(routes);
        Self {
            config,
            table,
            gate: Arc::new(|_| Ok(())),
            routes,
        }
    }

    /// Asks this too about the path of each call that the table admits, before anything of the
    /// call is read.
    #[must_use]
    pub fn gate(
        mut self,
        gate: impl Fn(&str) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Self {
        self.gate = Arc::new(gate);
        self
    }
}

/// What a server's parts share.
pub(crate) struct Shared {
    pub(crate) listeners: Vec<Arc<Listening>>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) shutdown: Shutdown,
    pub(crate) drain: Duration,
    pub(crate) reload_every: Option<Duration>,
}

/// Listeners whose addresses are taken and whose files are loaded.
pub struct Server {
    listeners: Vec<(Listening, TcpListener)>,
    workers: usize,
    drain: Duration,
    reload_every: Option<Duration>,
    registry: Arc<Registry>,
}

impl Server {
    /// Takes the addresses and loads certificates; nothing is accepted yet.
    pub fn bind(listeners: Vec<Listener>) -> Result<Self, Error> {
        Self::bind_with(listeners, Arc::default())
    }

    /// Like [`Server::bind`], for who holds the registry before there is a connection.
    pub fn bind_with(listeners: Vec<Listener>, registry: Arc<Registry>) -> Result<Self, Error> {
        let listeners = listeners.into_iter().enumerate();
        let listeners: Result<Vec<_>, _> = listeners
            .map(|(index, listener)| Listening::new(index, listener, registry.revoked()))
            .collect();
        let cores = std::thread::available_parallelism();
        Ok(Self {
            listeners: listeners?,
            workers: cores.map_or(1, |cores| cores.get()),
            drain: Duration::from_secs(20),
            reload_every: None,
            registry,
        })
    }

    /// So many workers instead of one per core.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// How long calls under way may go on at a shutdown; 20 s unless said otherwise.
    #[must_use]
    pub fn drain(mut self, most: Duration) -> Self {
        self.drain = most;
        self
    }

    /// Reads the TLS files again this often, whatever their configuration says.
    #[must_use]
    pub fn reload_every(mut self, interval: Duration) -> Self {
        self.reload_every = Some(interval);
        self
    }

    /// The addresses, in the order of the listeners: the ports where 0 was asked for.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let listeners = self.listeners.iter();
        listeners.map(|(listening, _)| listening.address).collect()
    }

    /// Starts the threads. They end after `shutdown` was triggered.
    pub fn start(self, shutdown: &Shutdown) -> Result<Running, Error> {
        let (listeners, sockets): (Vec<_>, Vec<_>) = self.listeners.into_iter().unzip();
        let shared = Arc::new(Shared {
            listeners: listeners.into_iter().map(Arc::new).collect(),
            registry: self.registry,
            shutdown: shutdown.clone(),
            drain: self.drain,
            reload_every: self.reload_every,
        });
        let (workers, mut threads) = Workers::start(&shared, self.workers)?;
        threads.push(front(shared.clone(), sockets, workers)?);
        let addresses = shared.listeners.iter().map(|l| l.address).collect();
        let registry = shared.registry.clone();
        Ok(Running {
            addresses,
            registry,
            threads,
        })
    }
}

/// The thread of acceptors and reloading.
fn front(
    shared: Arc<Shared>,
    sockets: Vec<TcpListener>,
    workers: Workers,
) -> Result<JoinHandle<()>, Error> {
    let system = |source| Error::System {
        what: "starting the acceptors",
        source,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(system)?;
    let run = async move {
        let workers = Arc::new(workers);
        let mut tasks = tokio::task::JoinSet::new();
        for (listening, socket) in shared.listeners.iter().zip(sockets) {
            let (workers, shutdown) = (workers.clone(), shared.shutdown.clone());
            tasks.spawn(acceptor::accept(
                listening.clone(),
                socket,
                workers,
                shutdown,
            ));
            tasks.spawn(reload::reload(shared.clone(), listening.clone()));
        }
        drop(workers);
        while tasks.join_next().await.is_some() {}
    };
    std::thread::Builder::new()
        .name("acceptor".to_owned())
        .spawn(move || runtime.block_on(run))
        .map_err(system)
}

/// A server at work.
pub struct Running {
    addresses: Vec<SocketAddr>,
    registry: Arc<Registry>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// The addresses, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The live connections.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Waits until the server has stopped: nothing is accepted, every call has ended or
    /// was cut off.
    pub async fn finished(self) {
        let join = tokio::task::spawn_blocking(|| self.join());
        if join.await.is_err() {
            tracing::error!("waiting for the workers failed");
        }
    }

    /// Like [`Running::finished`], for threads without a runtime.
    pub fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker panicked");
            }
        }
    }
}
