//! The vault's configuration file.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use symbolon_crypto::password::Costs;
use symbolon_election::{Address, Domain};
use symbolon_identity::{Schema, schema::SchemaConfig};
use symbolon_keyring::{Policy, PortalName, RingFiles};
use symbolon_service::{
    Error,
    config::{ListenerConfig, LogConfig, MetricsConfig, beside, load, value},
};

use crate::roles::ServiceName;

/// The whole file. Relative paths start at its folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultConfig {
    /// What people call this installation; stands in the trust file.
    pub name: String,
    /// Where the store lies.
    pub store: StoreConfig,
    /// Where the keys lie.
    pub keys: KeysConfig,
    /// Where backups go; without it none is taken.
    pub backup: Option<BackupConfig>,
    /// Which ledger the elections are for.
    pub ledger: LedgerConfig,
    /// How people are told apart.
    pub identity: IdentityConfig,
    /// Folder of contents, ledger keys and issued lists, named by their SHA-256.
    pub published: PathBuf,
    /// Folder of the rolls.
    pub rolls: PathBuf,
    /// Who may register people, and how many a day.
    #[serde(rename = "portal")]
    pub portals: Vec<PortalConfig>,
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
    256
}

impl KeysConfig {
    /// The ring's files.
    pub fn files(&self) -> RingFiles {
        RingFiles::new(&self.ring, &self.ring_secret).module(self.pkcs11_module.clone())
    }
}

/// The `[keys]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// The key ring.
    pub ring: PathBuf,
    /// Folder of the ring secret, best on another medium.
    pub ring_secret: PathBuf,
    /// The library of the PKCS#11 token that unseals, if one does.
    pub pkcs11_module: Option<PathBuf>,
    /// How old keys may become.
    #[serde(default)]
    pub max_age_days: MaxAgeConfig,
}

/// How many days a key may write before its rotation is overdue.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaxAgeConfig {
    /// The key by which people are found.
    pub index: u32,
    /// The key that seals records.
    pub sealing: u32,
    /// The audit key.
    pub audit: u32,
}

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

impl Default for MaxAgeConfig {
    fn default() -> Self {
        let days = |seconds: u64| u32::try_from(seconds / DAY).unwrap_or(u32::MAX);
        Self {
            index: days(Policy::DEFAULT.index),
            sealing: days(Policy::DEFAULT.sealing),
            audit: days(Policy::DEFAULT.audit),
        }
    }
}

impl MaxAgeConfig {
    /// The policy that it is.
    pub fn policy(self) -> Policy {
        Policy {
            index: u64::from(self.index) * DAY,
            sealing: u64::from(self.sealing) * DAY,
            audit: u64::from(self.audit) * DAY,
        }
    }
}

/// The `[backup]` table: three folders, each best on a medium of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupConfig {
    /// For copies of the store, each with the note that says what belongs together.
    pub store: PathBuf,
    /// For copies of the key ring.
    pub ring: PathBuf,
    /// For copies of the ring secret.
    pub ring_secret: PathBuf,
}

impl BackupConfig {
    fn folders(&self) -> [&PathBuf; 3] {
        [&self.store, &self.ring, &self.ring_secret]
    }

    /// Whoever copies one folder must not copy another with it.
    fn validate(&self) -> Result<(), Error> {
        let folders = self.folders();
        let apart = |(at, own): (usize, &&PathBuf)| {
            let others = folders.iter().enumerate().filter(|(other, _)| *other != at);
            others.into_iter().all(|(_, other)| !other.starts_with(own))
        };
        match folders.iter().enumerate().all(apart) {
            true => Ok(()),
            false => Err(value("backup", "three folders, none within another")),
        }
    }
}

/// The `[ledger]` table: the embedded log's origin, or a chain and a contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    /// The origin of the embedded log's checkpoints, such as `log.example.org/polls`; on a chain a
    /// name for people.
    pub origin: String,
    /// The chain's number, where the ledger is a contract.
    pub chain_id: Option<u64>,
    /// The contract's address.
    pub contract: Option<Address>,
}

/// The `[identity]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// How match keys are stretched; fixed at `init`.
    #[serde(default)]
    pub argon2: Argon2Config,
    /// Threads that stretch; one a core unless said otherwise.
    pub threads: Option<usize>,
    /// Stretches that may wait.
    #[serde(default = "queue")]
    pub queue: usize,
    /// Attributes and rules.
    pub schema: SchemaConfig,
}

fn queue() -> usize {
    256
}

/// Argon2id's costs.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argon2Config {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Argon2Config {
    fn default() -> Self {
        Self {
            memory_kib: Costs::DEFAULT.memory_kib(),
            passes: Costs::DEFAULT.passes(),
            lanes: Costs::DEFAULT.lanes(),
        }
    }
}

/// One `[[portal]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// The name in its certificate.
    pub name: String,
    /// How many distinct people it may ask about in a day (UTC).
    pub people_per_day: u64,
}

impl VaultConfig {
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

    /// The EIP-712 domain of everything that is signed here.
    pub fn domain(&self) -> Domain {
        match (self.ledger.chain_id, self.ledger.contract) {
            (Some(chain), Some(contract)) => Domain::new(chain, contract),
            _ => Domain::for_log(&self.ledger.origin),
        }
    }

    /// The schema of people's attributes.
    pub fn schema(&self) -> Result<Schema, Error> {
        Schema::try_from(self.identity.schema.clone())
            .map_err(|problem| value("identity.schema", &problem.to_string()))
    }

    /// What stretching costs.
    pub fn costs(&self) -> Result<Costs, Error> {
        let argon2 = self.identity.argon2;
        Costs::new(argon2.memory_kib, argon2.passes, argon2.lanes)
            .map_err(|problem| value("identity.argon2", &problem.to_string()))
    }

    /// How many threads stretch.
    pub fn stretching_threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, Into::into);
        self.identity.threads.unwrap_or_else(cores)
    }

    /// Each portal's budget of distinct people a day.
    pub fn budgets(&self) -> BTreeMap<String, u64> {
        let portals = self.portals.iter();
        portals
            .map(|portal| (portal.name.clone(), portal.people_per_day))
            .collect()
    }

    fn resolve(&mut self, path: &Path) {
        let paths = [
            &mut self.store.directory,
            &mut self.store.checkpoint_file,
            &mut self.keys.ring,
            &mut self.keys.ring_secret,
            &mut self.published,
            &mut self.rolls,
        ];
        for file in paths {
            *file = beside(path, file);
        }
        if let Some(module) = &mut self.keys.pkcs11_module {
            *module = beside(path, module);
        }
        if let Some(backup) = &mut self.backup {
            for folder in [&mut backup.store, &mut backup.ring, &mut backup.ring_secret] {
                *folder = beside(path, folder);
            }
        }
        self.listeners
            .iter_mut()
            .for_each(|listener| listener.resolve(path));
    }

    fn validate(&self) -> Result<(), Error> {
        self.schema()?;
        self.costs()?;
        match (self.ledger.chain_id, self.ledger.contract) {
            (None, None) | (Some(1..), Some(_)) => {}
            _ => return Err(value("ledger.chain_id", "not 0, and with `contract`")),
        }
        self.backup.iter().try_for_each(BackupConfig::validate)?;
        let ages = self.keys.max_age_days;
        if [ages.index, ages.sealing, ages.audit].contains(&0) {
            return Err(value("keys.max_age_days", "at least 1 each"));
        }
        if let Some(metrics) = &self.metrics {
            metrics.validate()?;
        }
        for portal in &self.portals {
            let name = portal.name.parse::<PortalName>();
            name.map_err(|problem| value("portal.name", &problem.to_string()))?;
        }
        if self.budgets().len() != self.portals.len() {
            return Err(value("portal.name", "each portal stands once"));
        }
        if self.listeners.is_empty() {
            return Err(value("listener", "at least one is needed"));
        }
        self.listeners.iter().try_for_each(validate_listener)
    }
}

fn validate_listener(listener: &ListenerConfig) -> Result<(), Error> {
    listener.validate()?;
    if listener.client_auth != symbolon_service::config::ClientAuth::Required {
        return Err(value(
            "listener.client_auth",
            "a vault answers \"required\" only",
        ));
    }
    for name in &listener.services {
        if ServiceName::from_name(name).is_none() {
            let known = ServiceName::ALL.map(ServiceName::as_str).join(", ");
            return Err(value(
                "listener.services",
                &format!("has an unknown name; known: {known}"),
            ));
        }
    }
    Ok(())
}
