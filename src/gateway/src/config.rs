//! The gateway's configuration file.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use symbolon_service::{
    Error,
    config::{ClientAuth, ListenerConfig, LogConfig, MetricsConfig, beside, load, value},
};

/// The whole file. Relative paths start at its folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// The city's trust file.
    pub trust: PathBuf,
    /// Where the outbox lies.
    pub store: StoreConfig,
    /// The public log.
    pub ledger: LedgerConfig,
    /// The key that signs receipts: a file of 32 bytes.
    pub receipt_key: PathBuf,
    /// Where statements, rolls and contents come from.
    pub source: SourceConfig,
    /// Addresses and what is offered there.
    #[serde(rename = "listener")]
    pub listeners: Vec<ListenerConfig>,
    /// The port for Prometheus.
    pub metrics: Option<MetricsConfig>,
    /// How log lines are written.
    #[serde(default)]
    pub log: LogConfig,
}

/// The `[store]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Its directory.
    pub directory: PathBuf,
    /// A small file outside of it that tells a rolled-back store.
    pub checkpoint_file: PathBuf,
    /// Memory for the database's cache, in MiB.
    #[serde(default = "cache_mib")]
    pub cache_mib: u64,
}

fn cache_mib() -> u64 {
    128
}

/// The `[ledger]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    /// The log's folder, served under `/log/`.
    pub folder: PathBuf,
    /// The key that signs its checkpoints: a file of 32 bytes.
    pub key: PathBuf,
    /// Seconds between two publications, 2 to 3600.
    #[serde(default = "interval")]
    pub interval_seconds: u64,
}

fn interval() -> u64 {
    60
}

/// The `[source]` table: one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// A folder that `symbolon election export` writes.
    pub folder: Option<PathBuf>,
    /// A profile of the vault's validation listener.
    pub vault: Option<PathBuf>,
    /// Also asks the vault whether a ballot's key is the one that it issued. While the vault
    /// doesn't answer, public statements decide alone.
    #[serde(default)]
    pub validate: bool,
    /// Seconds between two looks into the folder.
    #[serde(default = "poll")]
    pub poll_seconds: u64,
}

fn poll() -> u64 {
    2
}

impl GatewayConfig {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut config: Self = load(path)?;
        config.resolve(path);
        config.validate()?;
        Ok(config)
    }

    /// Memory for the database's cache.
    pub fn cache_bytes(&self) -> u64 {
        self.store.cache_mib.saturating_mul(1024 * 1024)
    }

    fn resolve(&mut self, path: &Path) {
        let files = [
            &mut self.trust,
            &mut self.store.directory,
            &mut self.store.checkpoint_file,
            &mut self.ledger.folder,
            &mut self.ledger.key,
            &mut self.receipt_key,
        ];
        let source = self.source.folder.iter_mut().chain(&mut self.source.vault);
        for file in files.into_iter().chain(source) {
            *file = beside(path, file);
        }
        self.listeners
            .iter_mut()
            .for_each(|listener| listener.resolve(path));
    }

    fn validate(&self) -> Result<(), Error> {
        if let Some(metrics) = &self.metrics {
            metrics.validate()?;
        }
        if !(2..=3600).contains(&self.ledger.interval_seconds) {
            return Err(value("ledger.interval_seconds", "must be 2 to 3600"));
        }
        if self.source.folder.is_some() == self.source.vault.is_some() {
            return Err(value("source", "name either a folder or a vault"));
        }
        if self.source.validate && self.source.vault.is_none() {
            return Err(value("source.validate", "needs a vault"));
        }
        if self.source.poll_seconds == 0 {
            return Err(value("source.poll_seconds", "must not be 0"));
        }
        if self.listeners.is_empty() {
            return Err(value("listener", "at least one is needed"));
        }
        self.listeners.iter().try_for_each(validate_listener)
    }
}

fn validate_listener(listener: &ListenerConfig) -> Result<(), Error> {
    listener.validate()?;
    if listener.client_auth != ClientAuth::None {
        return Err(value(
            "listener.client_auth",
            "voters have no certificates: \"none\"",
        ));
    }
    match listener.services.iter().find(|name| *name != "ballots") {
        Some(_) => Err(value(
            "listener.services",
            "has an unknown name; known: ballots",
        )),
        None => Ok(()),
    }
}
