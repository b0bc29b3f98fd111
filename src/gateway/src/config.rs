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
    /// Where it publishes.
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

/// The `[ledger]` table: a log of this process by its `key`, or a contract by `[ledger.ethereum]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    /// The folder of the log, or of rolls and contents beside a contract; served under `/log/`.
    pub folder: PathBuf,
    /// The key that signs the log's checkpoints: a file of 32 bytes.
    pub key: Option<PathBuf>,
    /// The contract that the trust file names.
    pub ethereum: Option<EthereumConfig>,
    /// Seconds between two publications, 2 to 3600.
    #[serde(default = "interval")]
    pub interval_seconds: u64,
}

fn interval() -> u64 {
    60
}

impl LedgerConfig {
    /// The log's key, which is there where the ledger is a log.
    pub(crate) fn log_key(&self) -> Result<&Path, Error> {
        self.key.as_deref().ok_or_else(one_ledger)
    }

    /// How long before a publication its batch is taken, in seconds.
    pub fn lead_seconds(&self) -> u64 {
        match &self.ethereum {
            Some(ethereum) => ethereum.inclusion_seconds.max(self.interval_seconds / 2),
            None => self.interval_seconds / 2,
        }
    }

    fn validate(&self) -> Result<(), Error> {
        if !(2..=3600).contains(&self.interval_seconds) {
            return Err(value("ledger.interval_seconds", "must be 2 to 3600"));
        }
        match (&self.key, &self.ethereum) {
            (Some(_), None) => Ok(()),
            (None, Some(ethereum)) => ethereum.validate(),
            _ => Err(one_ledger()),
        }
    }
}

fn one_ledger() -> Error {
    value(
        "ledger",
        "name either the log's `key` or `[ledger.ethereum]`",
    )
}

/// The `[ledger.ethereum]` table. Chain and contract are the trust file's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EthereumConfig {
    /// Nodes of the chain: the first one that answers serves.
    pub endpoints: Vec<String>,
    /// The key of the account that pays for transactions: a file of 32 bytes.
    pub account_key: PathBuf,
    /// How many blocks follow one that is settled; without it, what the chain calls final is.
    pub confirmations: Option<u64>,
    /// The block from which on the contract is there.
    #[serde(default)]
    pub from_block: u64,
    /// The most that a unit of gas may cost, in gwei; transactions wait while the chain wants more.
    #[serde(default = "max_fee")]
    pub max_fee_gwei: u64,
    /// What of it is for whoever seals the block, in gwei.
    #[serde(default = "tip")]
    pub tip_gwei: u64,
    /// How long the chain may take until a batch is in its blocks, in seconds: a batch is handed in
    /// so long before its publication.
    #[serde(default = "inclusion")]
    pub inclusion_seconds: u64,
}

fn max_fee() -> u64 {
    100
}

fn tip() -> u64 {
    1
}

fn inclusion() -> u64 {
    60
}

impl EthereumConfig {
    fn validate(&self) -> Result<(), Error> {
        let http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.endpoints.is_empty() || !self.endpoints.iter().all(http) {
            return Err(value(
                "ledger.ethereum.endpoints",
                "at least one, each http:// or https://",
            ));
        }
        if self.max_fee_gwei == 0 || self.tip_gwei > self.max_fee_gwei {
            return Err(value(
                "ledger.ethereum.max_fee_gwei",
                "must not be 0, nor below tip_gwei",
            ));
        }
        match self.inclusion_seconds {
            1..=3600 => Ok(()),
            _ => Err(value(
                "ledger.ethereum.inclusion_seconds",
                "must be 1 to 3600",
            )),
        }
    }
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
            &mut self.receipt_key,
        ];
        let source = self.source.folder.iter_mut().chain(&mut self.source.vault);
        let ethereum = self.ledger.ethereum.iter_mut();
        let keys = ethereum.map(|ethereum| &mut ethereum.account_key);
        let keys = keys.chain(&mut self.ledger.key);
        for file in files.into_iter().chain(source).chain(keys) {
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
        self.ledger.validate()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = r#"
[store]
directory = "outbox"
checkpoint_file = "checkpoint"

[source]
folder = "export"

[[listener]]
address = "127.0.0.1:8080"
services = ["ballots"]
client_auth = "none"
"#;
    const CHAIN: &str = "[ledger.ethereum]\nendpoints = [\"http://a\", \"https://b\"]\n\
        account_key = \"account.key\"\n";

    fn read(ledger: &str) -> Result<GatewayConfig, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.toml");
        let first = "trust = \"trust.json\"\nreceipt_key = \"receipt.key\"\n";
        std::fs::write(
            &path,
            format!("{first}[ledger]\nfolder = \"log\"\n{ledger}{REST}"),
        )
        .unwrap();
        GatewayConfig::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn the_ledger_is_a_log_or_a_contract_and_never_both() {
        let log = read("key = \"log.key\"\n").unwrap();
        assert_eq!(log.ledger.lead_seconds(), 30);
        let chain = read(CHAIN).unwrap();
        assert_eq!(chain.ledger.lead_seconds(), 60);
        let ethereum = chain.ledger.ethereum.unwrap();
        assert!(ethereum.account_key.is_absolute());
        for wrong in [String::new(), format!("key = \"log.key\"\n{CHAIN}")] {
            let said = read(&wrong).err().unwrap();
            assert!(said.contains("name either the log's `key`"), "{said}");
        }
    }

    #[test]
    fn what_is_wrong_about_a_contract_is_named_and_never_shown() {
        let with = |line: &str| format!("{CHAIN}{line}\n");
        let elsewhere = CHAIN.replace("https://b", "ws://secret@b");
        for (text, key) in [
            (elsewhere, "ledger.ethereum.endpoints"),
            (with("tip_gwei = 101"), "ledger.ethereum.max_fee_gwei"),
            (
                with("inclusion_seconds = 0"),
                "ledger.ethereum.inclusion_seconds",
            ),
        ] {
            let said = read(&text).err().unwrap();
            assert!(said.contains(key) && !said.contains("secret"), "{said}");
        }
    }
}
