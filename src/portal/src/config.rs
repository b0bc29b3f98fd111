//! The portal's configuration file.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use symbolon_service::{
    Error,
    config::{ClientAuth, ListenerConfig, LogConfig, MetricsConfig, beside, load, value},
};

/// The whole file. Relative paths start at its folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// The city's trust file: elections of others are not offered.
    pub trust: PathBuf,
    /// A profile of the vault's issuance listener, role `portal`.
    pub vault: PathBuf,
    /// The stand-in for the city's accounts: `symbolon-portal accounts` writes it.
    pub accounts: PathBuf,
    /// How long a session lasts, in minutes.
    #[serde(default = "session_minutes")]
    pub session_minutes: u64,
    /// What simple mode needs; without it there is none.
    pub simple: Option<SimpleConfig>,
    /// Addresses; their one service is `portal`.
    #[serde(rename = "listener")]
    pub listeners: Vec<ListenerConfig>,
    /// The port for Prometheus.
    pub metrics: Option<MetricsConfig>,
    /// How log lines are written.
    #[serde(default)]
    pub log: LogConfig,
}

fn session_minutes() -> u64 {
    30
}

/// The `[simple]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimpleConfig {
    /// A profile of a gateway.
    pub gateway: PathBuf,
    /// Folder of the device seeds that the portal keeps, sealed.
    pub seeds: PathBuf,
    /// The key that seals them: a file of 32 bytes.
    pub seed_key: PathBuf,
}

impl PortalConfig {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut config: Self = load(path)?;
        config.resolve(path);
        config.validate()?;
        Ok(config)
    }

    fn resolve(&mut self, path: &Path) {
        let files = [&mut self.trust, &mut self.vault, &mut self.accounts];
        let simple = self.simple.iter_mut();
        let simple = simple.flat_map(|it| [&mut it.gateway, &mut it.seeds, &mut it.seed_key]);
        for file in files.into_iter().chain(simple) {
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
        if !(1..=24 * 60).contains(&self.session_minutes) {
            return Err(value("session_minutes", "must be 1 to 1440"));
        }
        if self.listeners.is_empty() {
            return Err(value("listener", "at least one is needed"));
        }
        self.listeners.iter().try_for_each(|listener| {
            listener.validate()?;
            if listener.client_auth != ClientAuth::None {
                return Err(value(
                    "listener.client_auth",
                    "people have no certificates: \"none\"",
                ));
            }
            match listener.services.iter().find(|name| *name != "portal") {
                Some(_) => Err(value(
                    "listener.services",
                    "has an unknown name; known: portal",
                )),
                None => Ok(()),
            }
        })
    }
}
