//! Making a gateway's keys and outbox.

use std::{fs, sync::Arc};

use symbolon_crypto::{Secret, ecdsa::SigningKey, keyfile, random};
use symbolon_election::{Address, LedgerKeys};
use symbolon_ledger_log::{Folder, Log};
use symbolon_store::{InstallationId, LocalStore, Options, Store};

use crate::{
    config::GatewayConfig,
    run::{RunError, log_key, trust},
};

/// What others need to know of a new gateway.
pub struct Made {
    /// The address that signs receipts; manifests name it.
    pub receipts: Address,
    /// The list of log and witness keys; manifests name its SHA-256.
    pub ledger_keys: LedgerKeys,
}

/// Makes receipt key, log key, outbox and an empty log. Keys that are there are kept, so that
/// gateways can share a log's origin and a later try goes on where an earlier one ended.
pub async fn init(config: &GatewayConfig, now: u64) -> Result<Made, RunError> {
    let trust = trust(config)?;
    for file in [
        &config.receipt_key,
        &config.ledger.key,
        &config.store.checkpoint_file,
    ] {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
    }
    if config.receipt_key.symlink_metadata().is_err() {
        let key = SigningKey::random(&mut random::os());
        keyfile::write_new(&config.receipt_key, key.expose_secret().expose())?;
    }
    if config.ledger.key.symlink_metadata().is_err() {
        let seed = Secret::<32>::random(&mut random::os());
        keyfile::write_new(&config.ledger.key, seed.expose())?;
    }
    let installation = InstallationId::from_bytes(random::bytes(&mut random::os()));
    let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
    let store: Arc<dyn Store> = Arc::new(LocalStore::create(
        options.cache(config.cache_bytes()),
        installation,
    )?);
    store.close().await?;
    fs::create_dir_all(&config.ledger.folder)?;
    let folder = Folder::own(&config.ledger.folder)?;
    let log = Log::open(folder, log_key(config, &trust)?, Vec::new(), now)?;
    let failed = |error: symbolon_election::Error| RunError::Trust {
        path: config.trust.clone(),
        problem: error.to_string(),
    };
    let receipts = crate::run::receipt_key(config)?.address();
    Ok(Made {
        receipts,
        ledger_keys: log.ledger_keys(1).map_err(failed)?,
    })
}
