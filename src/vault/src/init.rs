//! Making a new installation: store, key ring, officers, trust file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use symbolon_crypto::{SecretString, password::Costs, random};
use symbolon_election::{Address, trust::TrustFile};
use symbolon_keyring::{PortalName, Purpose, Ring, RingFiles};
use symbolon_store::{Change, InstallationId, LocalStore, Options, Store, StoreError};

use crate::{
    audit::{Caller, Leaf},
    config::VaultConfig,
    core::trust_file,
    pinned::Pinned,
    rows::{Officers, RingMirror, encode},
};

/// What is decided once, when an installation is made.
pub struct Birth {
    /// The officers' addresses, in any order.
    pub officers: Vec<Address>,
    /// How many of them must sign.
    pub threshold: u8,
    /// What unseals the key ring.
    pub passphrase: SecretString,
    /// What stretching the passphrase costs.
    pub passphrase_costs: Costs,
}

/// Why an installation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The officers or their threshold.
    #[error("officers: {0}")]
    Officers(#[from] symbolon_election::Error),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] symbolon_service::Error),
    /// Something is there already; nothing was changed.
    #[error("{} is there already: an installation is made in empty places only; nothing was changed", .0.display())]
    Exists(PathBuf),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key ring.
    #[error(transparent)]
    Keyring(#[from] symbolon_keyring::Error),
    /// A folder could not be made.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Makes store, checkpoint file, key ring, ring secret and folders; returns the trust file.
///
/// The key ring is written last but for the store's first rows. A crash in between leaves
/// parts that have to be removed by hand before the next try; nobody was registered yet.
pub async fn init(config: &VaultConfig, birth: Birth, now: u64) -> Result<TrustFile, InitError> {
    let mut officers = birth.officers;
    officers.sort_unstable();
    let officers = Officers {
        addresses: officers,
        threshold: birth.threshold,
    };
    let trust = trust_file(config, &officers)?;
    let pinned = Pinned::new(&config.schema()?, config.costs()?);
    refuse_existing(config)?;
    for folder in [&config.published, &config.rolls] {
        create_folder(folder)?;
    }
    for file in [
        &config.keys.ring,
        &config.keys.ring_secret,
        &config.store.checkpoint_file,
    ] {
        if let Some(folder) = file.parent() {
            create_folder(folder)?;
        }
    }
    let rng = &mut random::os();
    let (mut ring, secret) = Ring::create(&birth.passphrase, birth.passphrase_costs, now, rng)?;
    let installation = InstallationId::from_bytes(*ring.installation().as_bytes());
    let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
    let store = LocalStore::create(options.cache(config.cache_bytes()), installation)?;
    let files = RingFiles::new(&config.keys.ring, &config.keys.ring_secret);
    files.create(&ring, &secret, rng)?;
    let portals: Vec<PortalName> = config
        .budgets()
        .keys()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()?;
    files.update(&mut ring, rng, |edit| {
        let mut mint = |portal| edit.mint(Purpose::PortalDomain(portal), now, &mut random::os());
        portals
            .into_iter()
            .try_for_each(|portal| mint(portal).map(drop))
    })?;
    let leaf = Leaf::new(now, &Caller::vault(), "Init", "made").encode();
    let first = Change::new()
        .absent(Officers::key())
        .put(Officers::key(), encode(&officers))
        .put(Pinned::key(), encode(&pinned))
        .put(
            RingMirror::key(),
            encode(&RingMirror {
                revision: ring.revision(),
            }),
        )
        .audit(leaf);
    store.commit_one(first).await?;
    store.close().await?;
    Ok(trust)
}

fn refuse_existing(config: &VaultConfig) -> Result<(), InitError> {
    let files = [
        &config.keys.ring,
        &config.keys.ring_secret,
        &config.store.checkpoint_file,
    ];
    for path in files {
        if path.symlink_metadata().is_ok() {
            return Err(InitError::Exists(path.clone()));
        }
    }
    match fs::read_dir(&config.store.directory).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(InitError::Exists(config.store.directory.clone())),
        _ => Ok(()),
    }
}

fn create_folder(path: &Path) -> Result<(), InitError> {
    fs::create_dir_all(path).map_err(|source| InitError::Folder {
        path: path.to_owned(),
        source,
    })
}
