//! The running vault: store, core, listeners, and an orderly end.

use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use symbolon_service::{
    Shutdown, clock,
    config::ListenerConfig,
    health::Health,
    metrics,
    roles::RoleTable,
    server::{Listener, Running, Server},
};
use symbolon_store::{LocalStore, Options, Store, StoreError};

use crate::{
    Error, budget,
    config::VaultConfig,
    core::{Core, CoreError},
    roles::{ServiceName, always},
    services,
};

/// How often old marks of budgets are looked for.
const TIDY: Duration = Duration::from_secs(60 * 60);
/// How often validations are summed up in the audit log.
const SUM_UP: Duration = Duration::from_secs(60);
/// How often elections are looked at whose time may be over.
const LOOK: Duration = Duration::from_secs(1);
/// How often elections are looked at that may have to be forgotten.
const FORGET: Duration = Duration::from_secs(10);

/// Why a vault doesn't run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration, an address, a certificate.
    #[error(transparent)]
    Service(#[from] symbolon_service::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The core.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The operating system refused a signal handler.
    #[error("signals: {0}")]
    Signals(#[from] std::io::Error),
}

/// A vault that answers on its listeners.
pub struct Vault {
    core: Arc<Core>,
    running: Running,
    shutdown: Shutdown,
}

impl Vault {
    /// Opens the store and starts the listeners; the vault is sealed. `failed` is called once
    /// if the store stops for good: the process has to end, and not with success.
    pub async fn start(
        config: &VaultConfig,
        shutdown: &Shutdown,
        failed: impl FnOnce(&StoreError) + Send + 'static,
    ) -> Result<Self, RunError> {
        let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
        let options = options.cache(config.cache_bytes()).on_failure(failed);
        let store: Arc<dyn Store> = Arc::new(LocalStore::open(options)?);
        let core = Arc::new(Core::new(config, store, Arc::new(clock::unix_now)).await?);
        let health = Health::new();
        let listeners = config.listeners.iter().map(|listener| {
            let services = names(listener);
            let rows: Vec<_> = services
                .iter()
                .flat_map(|service| service.rows())
                .chain(always())
                .collect();
            let (core, shutdown, health) = (Arc::clone(&core), shutdown.clone(), health.clone());
            let gate = {
                let core = Arc::clone(&core);
                move |path: &str| services::refuse_if_sealed(&core, path)
            };
            let router = move || services::router(&core, &shutdown, &health, &services);
            Listener::new(listener.clone(), RoleTable::new(rows), router).gate(gate)
        });
        let running =
            Server::bind_with(listeners.collect(), Arc::clone(&core.registry))?.start(shutdown)?;
        if let Some(config) = &config.metrics {
            metrics::serve(config)?;
        }
        every(TIDY, &core, shutdown, |core| {
            Box::pin(budget::forget_old(core.store.as_ref(), core.now()))
        });
        every(SUM_UP, &core, shutdown, |core| {
            Box::pin(core.sum_up_validations())
        });
        every(LOOK, &core, shutdown, |core| Box::pin(core.end_elections()));
        every(LOOK, &core, shutdown, |core| Box::pin(core.expire_shares()));
        every(LOOK, &core, shutdown, |core| Box::pin(core.rotate()));
        every(FORGET, &core, shutdown, |core| {
            Box::pin(core.forget_elections())
        });
        every(LOOK, &core, shutdown, |core| Box::pin(core.back_up()));
        for address in running.addresses() {
            tracing::info!(%address, "listening; the vault is sealed");
        }
        Ok(Self {
            core,
            running,
            shutdown: shutdown.clone(),
        })
    }

    /// The addresses, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.running.addresses()
    }

    /// Waits for the shutdown and for the calls under way, then closes the store.
    pub async fn finished(self) -> Result<(), RunError> {
        self.shutdown.triggered().await;
        self.running.finished().await;
        if let Err(error) = self.core.sum_up_validations().await {
            tracing::error!(%error, "the last validations are not in the audit log");
        }
        self.core.seal.seal();
        self.core.store.close().await?;
        tracing::info!("stopped; everything acknowledged is on disk");
        Ok(())
    }
}

/// Names were checked when the configuration was read.
fn names(listener: &ListenerConfig) -> Vec<ServiceName> {
    listener
        .services
        .iter()
        .filter_map(|name| ServiceName::from_name(name))
        .collect()
}

/// Work that goes on in the background.
type Work = fn(&Core) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>>;

/// Does something over and over until the shutdown; a failure is logged and tried again.
fn every(interval: Duration, core: &Arc<Core>, shutdown: &Shutdown, work: Work) {
    let (core, shutdown) = (Arc::clone(core), shutdown.clone());
    tokio::spawn(async move {
        loop {
            if let Err(error) = work(&core).await {
                tracing::warn!(%error, "work in the background failed; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = shutdown.triggered() => return,
            }
        }
    });
}
