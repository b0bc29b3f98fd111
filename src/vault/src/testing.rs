//! An installation in a temporary folder, for the tests of this crate.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use symbolon_crypto::{SecretString, ecdsa::SigningKey, password::Costs, random};
use symbolon_identity::{Person, stretch::Stretched};
use symbolon_keyring::{PortalName, RegistrationId};
use symbolon_service::{Refusal, clock};
use symbolon_store::{LocalStore, Options, StoreError};
use tempfile::TempDir;

use crate::{
    Error,
    audit::Caller,
    config::VaultConfig,
    core::{Core, CoreError},
    init::{Birth, Unsealing, init},
};

pub(crate) const CONFIG: &str = r#"
name = "Test City"
published = "published"
rolls = "rolls"

[store]
directory = "store"
checkpoint_file = "checkpoint"
cache_mib = 16

[keys]
ring = "ring"
ring_secret = "ring-secret"

[ledger]
origin = "log.example.org/polls"

[identity]
argon2 = { memory_kib = 64, passes = 1, lanes = 1 }
threads = 2
queue = 4096

[identity.schema]
attributes = [
    { name = "name", kind = "name" },
    { name = "birth_date", kind = "date" },
    { name = "document", kind = "document" },
    { name = "tax", kind = "digits" },
]
rules = [
    { name = "document", attributes = ["document"], kind = "unique" },
    { name = "tax", attributes = ["tax"], kind = "unique", permanent = true },
    { name = "names", attributes = ["name", "birth_date"], kind = "hint", always = true },
]

[[portal]]
name = "main"
people_per_day = 100000

[[portal]]
name = "small"
people_per_day = 3

[[listener]]
address = "127.0.0.1:0"
services = ["registration", "issuance", "validation", "admin", "audit"]
client_auth = "required"

[listener.tls]
certificate = "server.pem"
key = "server.key"
client_ca = "ca.pem"
trust_domain = "city.example"
"#;

/// Two of these officers sign.
pub(crate) fn birth(officers: &[SigningKey]) -> Birth {
    Birth {
        officers: officers.iter().map(SigningKey::address).collect(),
        threshold: 2,
        unsealing: by_passphrase(),
    }
}

fn by_passphrase() -> Unsealing {
    Unsealing::Passphrase {
        passphrase: passphrase(),
        costs: Costs::new(64, 1, 1).unwrap(),
    }
}

/// When every test begins.
pub(crate) const NOW: u64 = 1_800_000_000;

/// An installation, its officers' keys and its clock.
pub(crate) struct Installation {
    pub(crate) config: VaultConfig,
    /// The configuration file.
    pub(crate) path: PathBuf,
    pub(crate) officers: Vec<SigningKey>,
    pub(crate) clock: Arc<AtomicU64>,
    _folder: TempDir,
}

pub(crate) fn passphrase() -> SecretString {
    SecretString::new("correct horse battery staple".to_owned())
}

pub(crate) fn caller() -> Caller {
    Caller::vault()
}

pub(crate) fn portal(name: &str) -> PortalName {
    name.parse().unwrap()
}

/// The reason that callers would be told.
pub(crate) fn reason(error: Error) -> &'static str {
    Refusal::from(error).reason().name()
}

impl Installation {
    /// With three officers.
    pub(crate) async fn new() -> Self {
        Self::unsealed_by(by_passphrase()).await
    }

    /// With three officers, and unsealed in some way.
    pub(crate) async fn unsealed_by(unsealing: Unsealing) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.toml");
        std::fs::write(&path, CONFIG).unwrap();
        let config = VaultConfig::read(&path).unwrap();
        let mut officers: Vec<_> = (0..3)
            .map(|_| SigningKey::random(&mut random::os()))
            .collect();
        officers.sort_by_key(SigningKey::address);
        let birth = Birth {
            unsealing,
            ..birth(&officers)
        };
        init(&config, birth, clock::unix_now()).await.unwrap();
        Self {
            config,
            path,
            officers,
            clock: Arc::new(AtomicU64::new(NOW)),
            _folder: folder,
        }
    }

    pub(crate) async fn sealed(&self) -> Core {
        self.sealed_with(&self.config).await.unwrap()
    }

    /// The same store under another configuration.
    pub(crate) async fn sealed_with(&self, config: &VaultConfig) -> Result<Core, CoreError> {
        let open = || {
            let store = &self.config.store;
            let options = Options::new(&store.directory, &store.checkpoint_file);
            LocalStore::open(options.cache(1 << 24))
        };
        // sled's own threads may hold its file a moment longer than the store is open.
        let mut opened = open();
        for _ in 0..200 {
            if !matches!(&opened, Err(StoreError::File { .. })) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            opened = open();
        }
        let store = opened.unwrap();
        let clock = Arc::clone(&self.clock);
        let clock = Arc::new(move || clock.load(Ordering::Relaxed));
        Core::new(config, Arc::new(store), clock).await
    }

    pub(crate) async fn open(&self) -> Core {
        let core = self.sealed().await;
        core.unseal(&caller(), passphrase()).await.unwrap();
        core
    }
}

/// Registers a person as the services do.
pub(crate) async fn register(
    core: &Core,
    by: &str,
    (name, birth_date, document): (&str, &str, Option<&str>),
) -> Result<RegistrationId, Error> {
    let mut attributes = vec![("name", name), ("birth_date", birth_date)];
    attributes.extend(document.map(|document| ("document", document)));
    register_with(core, by, &attributes).await
}

/// Registers a person of any attributes.
pub(crate) async fn register_with(
    core: &Core,
    by: &str,
    attributes: &[(&str, &str)],
) -> Result<RegistrationId, Error> {
    let queued = core.queue(&portal(by), stretch(core, attributes).await?)?;
    core.register(&caller(), queued).await
}

/// The stretched match keys of a person.
pub(crate) async fn stretch(
    core: &Core,
    attributes: &[(&str, &str)],
) -> Result<Vec<Stretched>, Error> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let attributes = attributes.iter().map(own);
    let person = Person::parse(&core.schema, attributes.collect::<Vec<_>>()).unwrap();
    core.stretch(person).await
}
