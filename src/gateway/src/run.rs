//! The running gateway: outbox, ledger, publisher, listeners, and an orderly end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use symbolon_api_public::validation::validation_client::ValidationClient;
use symbolon_crypto::{ecdsa::SigningKey, keyfile};
use symbolon_election::TrustFile;
use symbolon_ledger_log::Clock;
use symbolon_service::{
    Shutdown,
    client::{Profile, connect_lazy},
    config::value,
    health::Health,
    metrics, scheduling,
    server::{Listener, Running, Server},
};
use symbolon_store::{LocalStore, Options, Store, StoreError};
use tokio::task::JoinSet;

use crate::{
    Error,
    batches::Batches,
    board::{self, Board},
    book::Book,
    config::GatewayConfig,
    intake::{Intake, turns},
    newest::Newest,
    outbox::Outbox,
    publisher::Publisher,
    roles,
    roll::Rolls,
    services::Gateway,
    source::Source,
    statements::Follower,
};

/// Why a gateway doesn't run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration, an address, a certificate.
    #[error(transparent)]
    Service(#[from] symbolon_service::Error),
    /// The outbox's store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] symbolon_crypto::Error),
    /// The log's key.
    #[error("the log's key: {0}")]
    LogKey(#[from] symbolon_tlog::Error),
    /// The log's folder.
    #[error(transparent)]
    Log(#[from] symbolon_ledger_log::LogError),
    /// The trust file can't be read.
    #[error("the trust file {}: {problem}", path.display())]
    Trust {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The gateway's own parts.
    #[error(transparent)]
    Gateway(#[from] Error),
    /// The operating system refused a signal handler.
    #[error("signals: {0}")]
    Signals(#[from] std::io::Error),
}

/// A gateway that answers on its listeners.
pub struct RunningGateway {
    intake: Arc<Intake>,
    running: Running,
    background: JoinSet<()>,
    shutdown: Shutdown,
}

/// The key that signs receipts.
pub(crate) fn receipt_key(config: &GatewayConfig) -> Result<SigningKey, RunError> {
    Ok(SigningKey::new(keyfile::read(&config.receipt_key)?)?)
}

/// The city's trust file.
pub(crate) fn trust(config: &GatewayConfig) -> Result<TrustFile, RunError> {
    let failed = |problem: String| RunError::Trust {
        path: config.trust.clone(),
        problem,
    };
    let bytes = std::fs::read(&config.trust).map_err(|error| failed(error.to_string()))?;
    TrustFile::parse(&bytes).map_err(|error| failed(error.to_string()))
}

impl RunningGateway {
    /// Opens outbox and ledger and starts the listeners. `failed` is called if outbox or ledger stop
    /// for good: the process has to end, and not with success.
    pub async fn start(
        config: &GatewayConfig,
        clock: Clock,
        shutdown: &Shutdown,
        failed: impl Fn(&dyn std::error::Error) + Send + Sync + 'static,
    ) -> Result<Self, RunError> {
        let trust = trust(config)?;
        let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
        let failed = Arc::new(failed);
        let of_store = Arc::clone(&failed);
        let options = options
            .cache(config.cache_bytes())
            .on_failure(move |error| of_store(error));
        // Its threads work briefly for each of thousands of ballots a second.
        let store = scheduling::interrupting_nobody(|| LocalStore::open(options))??;
        let store: Arc<dyn Store> = Arc::new(store);
        let board = board::open(config, &trust, Arc::clone(&clock)).await?;
        let vault = vault(config)?;
        let intake = Arc::new(Intake {
            book: Book::default(),
            outbox: Outbox::new(store),
            batches: Batches::new(
                config.ledger.interval_seconds,
                config.ledger.lead_seconds(),
                board.opened_at(),
            ),
            receipt_key: receipt_key(config)?,
            rolls: Rolls::new(&config.ledger.folder),
            clock,
            vault: vault.clone().filter(|_| config.source.validate),
            turns: turns(),
            newest: Newest::default(),
        });
        let source = source(config, vault)?;
        let mut follower = Follower::new(source, trust, Arc::clone(&board), Arc::clone(&intake));
        follower.learn().await?;
        // Where the ledger takes its time, nobody else waits for what comes next.
        if board.settles_at_once()
            && let Err(error) = follower.catch_up().await
        {
            tracing::warn!(%error, "statements are tried again");
        }
        let running = listen(config, &intake, &board, shutdown)?;
        let mut background = JoinSet::new();
        let poll = Duration::from_secs(config.source.poll_seconds);
        background.spawn(follower.follow(poll, shutdown.clone()));
        let publisher = Publisher::new(
            Arc::clone(&intake),
            board,
            Box::new(move |error| failed(error)),
        );
        background.spawn(publisher.publish(shutdown.clone()));
        Ok(Self {
            intake,
            running,
            background,
            shutdown: shutdown.clone(),
        })
    }

    /// The addresses, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.running.addresses()
    }

    /// Waits for the shutdown and for the calls under way, then closes the outbox.
    pub async fn finished(mut self) -> Result<(), RunError> {
        self.shutdown.triggered().await;
        self.running.finished().await;
        while self.background.join_next().await.is_some() {}
        self.intake.outbox.store().close().await?;
        tracing::info!("stopped; everything acknowledged is on disk");
        Ok(())
    }
}

fn listen(
    config: &GatewayConfig,
    intake: &Arc<Intake>,
    board: &Arc<dyn Board>,
    shutdown: &Shutdown,
) -> Result<Running, RunError> {
    let health = Health::new();
    let folder = config.ledger.folder.clone();
    let gateway = Gateway::new(Arc::clone(intake), Arc::clone(board), folder);
    let listeners = config.listeners.iter().map(|listener| {
        let (gateway, health) = (gateway.clone(), health.clone());
        Listener::new(listener.clone(), roles::table(), move || {
            gateway.router(&health)
        })
    });
    let running = Server::bind(listeners.collect())?.start(shutdown)?;
    if let Some(config) = &config.metrics {
        metrics::serve(config)?;
    }
    for address in running.addresses() {
        tracing::info!(%address, "listening");
    }
    Ok(running)
}

fn vault(
    config: &GatewayConfig,
) -> Result<Option<ValidationClient<tonic::transport::Channel>>, RunError> {
    let Some(path) = &config.source.vault else {
        return Ok(None);
    };
    let channel = connect_lazy(&Profile::load(path)?)?;
    Ok(Some(ValidationClient::new(channel)))
}

fn source(
    config: &GatewayConfig,
    vault: Option<ValidationClient<tonic::transport::Channel>>,
) -> Result<Source, RunError> {
    match (&config.source.folder, vault) {
        (Some(folder), _) => Ok(Source::Folder(folder.clone())),
        (None, Some(vault)) => Ok(Source::Vault(vault)),
        (None, None) => Err(value("source", "name either a folder or a vault").into()),
    }
}
