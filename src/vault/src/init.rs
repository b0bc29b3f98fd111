//! Making a new installation: store, key ring, officers, trust file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use symbolon_crypto::{
    SecretString, keyfile,
    password::Costs,
    random::{self, CryptoRng},
};
use symbolon_election::{Address, trust::TrustFile};
use symbolon_keyring::{PortalName, Purpose, Ring, RingSecret, TokenError, TokenKey};
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
    pub unsealing: Unsealing,
}

/// How a new key ring will be unsealed.
pub enum Unsealing {
    /// By one passphrase.
    Passphrase {
        /// The passphrase.
        passphrase: SecretString,
        /// What stretching it costs.
        costs: Costs,
    },
    /// By a PKCS#11 token, whose library the configuration names.
    Token {
        /// The token's label and that of the key that it makes.
        place: TokenKey,
        /// The token's PIN.
        pin: SecretString,
    },
    /// By several officers with a share each.
    Shares {
        /// How many it takes.
        threshold: u8,
        /// How many are made.
        shares: u8,
        /// Where a file for each is written: `share-1` and so on.
        folder: PathBuf,
    },
}

impl Unsealing {
    fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Passphrase { .. } | Self::Token { .. } => Vec::new(),
            Self::Shares { shares, folder, .. } => {
                let numbers = 1..=*shares;
                numbers.map(|number| share_file(folder, number)).collect()
            }
        }
    }

    /// The ring, and what opens it in the officers' hands already: a ring that nobody could ever open is
    /// worse than shares of none.
    fn make(
        &self,
        module: Option<&Path>,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<(Ring, RingSecret), InitError> {
        match self {
            Self::Passphrase { passphrase, costs } => {
                Ok(Ring::create(passphrase, *costs, now, rng)?)
            }
            Self::Token { place, pin } => {
                let module = module.ok_or(symbolon_keyring::Error::from(TokenError::NoModule))?;
                Ok(Ring::create_in_token(module, place.clone(), pin, now, rng)?)
            }
            Self::Shares {
                threshold,
                shares,
                folder,
            } => {
                let made = Ring::create_shared(*threshold, *shares, now, rng)?;
                let (ring, secret, shares) = made;
                create_folder(folder)?;
                for share in shares {
                    let path = share_file(folder, share.number());
                    keyfile::write_new(&path, share.encode().expose())
                        .map_err(symbolon_keyring::Error::from)?;
                }
                Ok((ring, secret))
            }
        }
    }
}

fn share_file(folder: &Path, number: u8) -> PathBuf {
    folder.join(format!("share-{number}"))
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
    refuse_existing(config, birth.unsealing.files())?;
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
    let (mut ring, secret) =
        birth
            .unsealing
            .make(config.keys.pkcs11_module.as_deref(), now, rng)?;
    let installation = InstallationId::from_bytes(*ring.installation().as_bytes());
    let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
    let store = LocalStore::create(options.cache(config.cache_bytes()), installation)?;
    let files = config.keys.files();
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

fn refuse_existing(config: &VaultConfig, shares: Vec<PathBuf>) -> Result<(), InitError> {
    let files = [
        &config.keys.ring,
        &config.keys.ring_secret,
        &config.store.checkpoint_file,
    ];
    for path in files.into_iter().chain(&shares) {
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
