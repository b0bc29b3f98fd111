//! Making a gateway's keys and outbox.

use std::{fs, sync::Arc};

use symbolon_crypto::{ecdsa::SigningKey, random};
use symbolon_election::Address;
use symbolon_store::{InstallationId, LocalStore, Options, Store};

use crate::{
    board::{self, Named, make_key},
    config::GatewayConfig,
    run::{RunError, receipt_key, trust},
};

/// What others need to know of a new gateway.
pub struct Made {
    /// The address that signs receipts; manifests name it.
    pub receipts: Address,
    /// The ledger that it publishes on.
    pub ledger: Named,
}

/// Makes receipt key, the ledger's keys and outbox, and an empty log where the ledger is one. Keys
/// that are there are kept, so that gateways can share a log's origin and a later try goes on where
/// an earlier one ended.
pub async fn init(config: &GatewayConfig, now: u64) -> Result<Made, RunError> {
    let trust = trust(config)?;
    if let Some(folder) = config.store.checkpoint_file.parent() {
        fs::create_dir_all(folder)?;
    }
    let key = SigningKey::random(&mut random::os());
    make_key(&config.receipt_key, key.expose_secret().expose())?;
    let ledger = board::init(config, &trust, now).await?;
    let installation = InstallationId::from_bytes(random::bytes(&mut random::os()));
    let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
    let store: Arc<dyn Store> = Arc::new(LocalStore::create(
        options.cache(config.cache_bytes()),
        installation,
    )?);
    store.close().await?;
    Ok(Made {
        receipts: receipt_key(config)?.address(),
        ledger,
    })
}
