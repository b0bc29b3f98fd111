//! The running portal.

use std::{net::SocketAddr, sync::Arc};

use symbolon_api_closed::issuance::issuance_client::IssuanceClient;
use symbolon_election::TrustFile;
use symbolon_service::{
    Shutdown,
    client::{Profile, connect_lazy},
    health::Health,
    metrics,
    server::{Listener, Running, Server},
};

use crate::{
    accounts::{Accounts, AccountsError},
    config::PortalConfig,
    http::{self, Portal},
    relay::Relay,
    roles,
    seeds::SeedError,
    sessions::Sessions,
    simple::Simple,
};

/// Why a portal doesn't run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration, an address, a certificate.
    #[error(transparent)]
    Service(#[from] symbolon_service::Error),
    /// The accounts.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] symbolon_crypto::Error),
    /// The seeds of simple mode.
    #[error(transparent)]
    Seeds(#[from] SeedError),
    /// The trust file can't be read.
    #[error("the trust file {}: {problem}", path.display())]
    Trust {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// A portal that answers on its listeners.
pub struct RunningPortal {
    running: Running,
    shutdown: Shutdown,
}

impl RunningPortal {
    /// Starts the listeners.
    pub fn start(config: &PortalConfig, shutdown: &Shutdown) -> Result<Self, RunError> {
        let vault = connect_lazy(&Profile::load(&config.vault)?)?;
        let portal = Arc::new(Portal {
            accounts: Accounts::read(&config.accounts)?,
            sessions: Sessions::new(config.session_minutes * 60),
            relay: Relay::new(IssuanceClient::new(vault), trust(config)?),
            simple: config.simple.as_ref().map(Simple::new).transpose()?,
        });
        let health = Health::new();
        let listeners = config.listeners.iter().map(|listener| {
            let (portal, health) = (Arc::clone(&portal), health.clone());
            let router = move || http::router(Arc::clone(&portal)).merge(health.router());
            Listener::new(listener.clone(), roles::table(), router)
        });
        let running = Server::bind(listeners.collect())?.start(shutdown)?;
        if let Some(config) = &config.metrics {
            metrics::serve(config)?;
        }
        tracing::info!(accounts = portal.accounts.count(), "ready");
        for address in running.addresses() {
            tracing::info!(%address, "listening");
        }
        Ok(Self {
            running,
            shutdown: shutdown.clone(),
        })
    }

    /// The addresses, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.running.addresses()
    }

    /// Waits for the shutdown and for the calls under way.
    pub async fn finished(self) {
        self.shutdown.triggered().await;
        self.running.finished().await;
    }
}

fn trust(config: &PortalConfig) -> Result<TrustFile, RunError> {
    let failed = |problem: String| RunError::Trust {
        path: config.trust.clone(),
        problem,
    };
    let bytes = std::fs::read(&config.trust).map_err(|error| failed(error.to_string()))?;
    TrustFile::parse(&bytes).map_err(|error| failed(error.to_string()))
}
