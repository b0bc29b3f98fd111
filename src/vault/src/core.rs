//! What every service of the vault works with.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use symbolon_crypto::{SecretString, random};
use symbolon_election::{Address, Domain, trust::TrustFile};
use symbolon_identity::{
    Schema,
    stretch::{Pool, Profile},
};
use symbolon_keyring::{Policy, PortalName, Purpose, Ring, RingFiles, keys::IndexEntry};
use symbolon_service::{Refusal, reasons::Reason, registry::Registry};
use symbolon_store::{Change, Outcome, Store, Value};
use tokio::sync::Mutex;

use crate::{
    Error,
    audit::{Caller, Leaf},
    backup::Backups,
    budget::Budgets,
    config::VaultConfig,
    elections::Elections,
    gates::Gates,
    halts::Halts,
    pinned::{Changed, Pinned},
    registration::TicketNumbers,
    rows::{Officers, RingMirror, Table, encode},
    seal::{Keys, Seal},
    validation::Validations,
};

/// How often a change is tried when others come between.
const ATTEMPTS: u32 = 16;
/// The longest pause between two tries, as a power of two of milliseconds.
const LONGEST_PAUSE: u32 = 5;

/// Tells Unix seconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The vault, without its network.
pub struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) seal: Seal,
    pub(crate) schema: Schema,
    pub(crate) profile: Profile,
    pub(crate) pool: Pool,
    pub(crate) budgets: Budgets,
    pub(crate) halts: Halts,
    /// Who is connected.
    pub(crate) registry: Arc<Registry>,
    /// Held while something is written whose effect memory holds, too: both follow one order.
    pub(crate) deciding: Mutex<()>,
    pub(crate) gates: Gates<IndexEntry>,
    pub(crate) tickets: TicketNumbers,
    /// What the city publishes of its officers.
    trust: RwLock<Arc<TrustFile>>,
    pub(crate) elections: Elections,
    pub(crate) validations: Validations,
    pub(crate) backups: Backups,
    /// How old keys may become.
    pub(crate) policy: Policy,
    /// Folder of files named by their SHA-256.
    pub published: PathBuf,
    /// Folder of the rolls.
    pub rolls: PathBuf,
}

impl Core {
    /// A sealed vault over an open store.
    pub async fn new(
        config: &VaultConfig,
        store: Arc<dyn Store>,
        clock: Clock,
    ) -> Result<Self, CoreError> {
        let installation = store.head().await.map_err(Error::from)?.installation();
        let officers = officers(store.as_ref()).await?;
        let (schema, costs) = (config.schema()?, config.costs()?);
        Pinned::new(&schema, costs)
            .adopt(store.as_ref(), clock())
            .await?;
        let (halts, registry) = (Halts::load(&store).await?, Registry::default());
        for serial in halts.serials() {
            registry.revoke(&serial);
        }
        Ok(Self {
            seal: Seal::new(config.keys.files()),
            schema,
            profile: Profile {
                costs,
                salt: *installation.as_bytes(),
            },
            pool: Pool::start(config.stretching_threads(), config.identity.queue)?,
            budgets: Budgets::new(config.budgets())
                .with_grants(store.as_ref())
                .await?,
            halts,
            registry: Arc::new(registry),
            deciding: Mutex::default(),
            gates: Gates::default(),
            tickets: TicketNumbers::default(),
            trust: RwLock::new(Arc::new(trust_file(config, &officers)?)),
            elections: Elections::new(config.domain()),
            validations: Validations::default(),
            policy: config.keys.max_age_days.policy(),
            backups: Backups::new(config.backup.clone()),
            published: config.published.clone(),
            rolls: config.rolls.clone(),
            store,
            clock,
        })
    }

    /// Unix seconds.
    pub fn now(&self) -> u64 {
        (self.clock)()
    }

    /// The keys, or [`Error::Sealed`].
    pub(crate) fn keys(&self) -> Result<Arc<Keys>, Error> {
        self.seal.keys()
    }

    /// The officers in force, whom every new manifest names.
    pub fn trust(&self) -> Arc<TrustFile> {
        Arc::clone(&self.trust.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these are the officers.
    pub(crate) fn trust_in(&self, officers: Vec<Address>, threshold: u8) {
        let mut trust = self.trust.write().unwrap_or_else(PoisonError::into_inner);
        let (name, origin) = (trust.name(), trust.origin());
        let changed = TrustFile::new(name, trust.domain().clone(), origin, officers, threshold);
        *trust = Arc::new(changed.expect("checked when it was proposed"));
    }

    /// The EIP-712 domain of what is signed here.
    pub fn domain(&self) -> &Domain {
        self.elections.domain()
    }

    /// Unseals with the passphrase: ring and store must belong together, and portals that are
    /// new in the configuration get their domains.
    pub async fn unseal(&self, caller: &Caller, passphrase: SecretString) -> Result<(), Error> {
        {
            // One try at a time: a passphrase costs memory and time.
            let _alone = self.seal.alone().await;
            self.check_sealed()?;
            let open = move |files: &RingFiles| files.unseal(&passphrase);
            self.open_ring(caller, open).await?;
        }
        self.opened().await
    }

    /// What is left to do once the keys are there.
    pub(crate) async fn opened(&self) -> Result<(), Error> {
        let minted = match self.mint_portal_domains().await {
            Ok(()) => self.settle_rewrap().await,
            failed => failed,
        };
        match &minted {
            Ok(()) => tracing::info!("unsealed"),
            Err(_) => self.seal.seal(),
        }
        minted?;
        if let Err(error) = self.settle_issuers().await {
            // The right keys sign all the same.
            tracing::warn!(%error, "the ring lags behind the rotation of a token key");
        }
        Ok(())
    }

    pub(crate) fn check_sealed(&self) -> Result<(), Error> {
        match self.seal.is_sealed() {
            true => Ok(()),
            false => Err(Reason::NotSealed.into()),
        }
    }

    pub(crate) async fn open_ring(
        &self,
        caller: &Caller,
        open: impl FnOnce(&RingFiles) -> Result<Ring, symbolon_keyring::Error> + Send + 'static,
    ) -> Result<(), Error> {
        let ring = match self.fitting_ring(open).await {
            Ok(ring) => ring,
            Err(error) => {
                self.audit(caller, "Unseal", "refused").await?;
                return Err(error);
            }
        };
        // No leaf, no keys.
        self.audit(caller, "Unseal", "unsealed").await?;
        self.seal.hold(ring);
        Ok(())
    }

    async fn fitting_ring(
        &self,
        open: impl FnOnce(&RingFiles) -> Result<Ring, symbolon_keyring::Error> + Send + 'static,
    ) -> Result<Ring, Error> {
        let ring = self.seal.with_files(open).await?;
        self.match_store(&ring).await?;
        Ok(ring)
    }

    /// Wipes the keys from memory.
    pub async fn seal(&self, caller: &Caller) -> Result<(), Error> {
        self.keys()?;
        self.seal.seal();
        tracing::info!("sealed");
        // A disk that doesn't answer keeps no vault open.
        self.audit(caller, "SealVault", "sealed").await
    }

    /// Commits one change; `None` where a condition failed.
    pub(crate) async fn try_commit(&self, change: Change) -> Result<Option<()>, Error> {
        match self.store.commit_one(change).await? {
            Outcome::Committed { .. } => Ok(Some(())),
            Outcome::Conflict { .. } => Ok(None),
        }
    }

    /// Writes one leaf that changes nothing else.
    pub(crate) async fn audit(
        &self,
        caller: &Caller,
        operation: &str,
        outcome: &str,
    ) -> Result<(), Error> {
        let leaf = Leaf::new(self.now(), caller, operation, outcome);
        self.try_commit(Change::new().audit(leaf.encode())).await?;
        Ok(())
    }

    /// Checks that the mirror row is of these keys' revision. While the ring is being changed it waits for
    /// the newer keys, and then says [`Error::Contention`]: with them it goes well.
    pub(crate) async fn check_mirror(
        &self,
        keys: &Keys,
        mirror: Option<&Value>,
    ) -> Result<(), Error> {
        let row = mirror.ok_or(Error::Row(Table::Meta.name()))?;
        let mirror: RingMirror = Table::Meta.decode(&row.bytes)?;
        if mirror.revision == keys.revision() {
            return Ok(());
        }
        self.seal.reaches(mirror.revision).await;
        Err(Error::Contention)
    }

    /// Puts the mirror row of a newer ring into `change`.
    pub(crate) async fn mirror(&self, keys: &Keys, change: Change) -> Result<Change, Error> {
        let found = self.store.get_one(RingMirror::key()).await?;
        let row = RingMirror {
            revision: keys.revision(),
        };
        Ok(change
            .unchanged(RingMirror::key(), found.as_ref())
            .put(RingMirror::key(), encode(&row)))
    }

    async fn match_store(&self, ring: &Ring) -> Result<(), Error> {
        let row = check_ring(self.store.as_ref(), ring).await?;
        let mirror: RingMirror = Table::Meta.decode(&row.bytes)?;
        if mirror.revision < ring.revision() {
            // The process ended between writing the ring and telling the store.
            let newer = RingMirror {
                revision: ring.revision(),
            };
            let change = Change::new()
                .at(RingMirror::key(), row.revision)
                .put(RingMirror::key(), encode(&newer));
            self.try_commit(change).await?.ok_or(Error::Contention)?;
        }
        Ok(())
    }

    async fn mint_portal_domains(&self) -> Result<(), Error> {
        let keys = self.keys()?;
        let names = self.budgets.portals();
        let new: Vec<PortalName> = names
            .filter(|name| keys.portal(name).is_none())
            .cloned()
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let mint = move |edit: &mut symbolon_keyring::Edit| {
            new.into_iter().try_for_each(|portal| {
                edit.mint(Purpose::PortalDomain(portal), now, &mut random::os())
                    .map(drop)
            })
        };
        let adopt = |keys: Arc<Keys>| async move {
            let leaf = Leaf::new(now, &Caller::vault(), "MintPortalDomains", "minted");
            let change = self
                .mirror(&keys, Change::new().audit(leaf.encode()))
                .await?;
            self.try_commit(change).await?.ok_or(Error::Contention)
        };
        self.seal.update(mint, adopt).await?;
        Ok(())
    }
}

/// Why a vault could not be made of its configuration and store.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] symbolon_service::Error),
    /// The store or its rows.
    #[error(transparent)]
    Vault(#[from] Error),
    /// Making the installation was cut short.
    #[error(
        "the installation was never finished: remove its store, checkpoint file, key ring, ring secret and shares, and make it anew; nobody was registered"
    )]
    Unfinished,
    /// Nobody would be found again.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// The pool of Argon2id threads.
    #[error("identity.threads, identity.queue: {0}")]
    Pool(#[from] symbolon_identity::Error),
    /// The trust file.
    #[error("the trust file can't be made: {0}")]
    Trust(#[from] symbolon_election::Error),
}

/// Does something again while other changes come between, a little later each time.
pub(crate) async fn retried<T, F>(mut work: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for attempt in 0..ATTEMPTS {
        match work().await {
            Err(Error::Contention) => {
                let pause = 1 << attempt.min(LONGEST_PAUSE);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            outcome => return outcome,
        }
    }
    Err(Error::Contention)
}

/// The name of a portal that calls.
pub fn portal(peer: &symbolon_service::Peer) -> Result<PortalName, Refusal> {
    peer.name()
        .as_str()
        .parse()
        .map_err(|_| Refusal::new(Reason::PermissionDenied))
}

pub(crate) async fn officers(store: &dyn Store) -> Result<Officers, CoreError> {
    let row = store.get_one(Officers::key()).await.map_err(Error::from)?;
    Ok(Table::Meta.decode(&row.ok_or(CoreError::Unfinished)?.bytes)?)
}

/// The file by which devices, gateways and observers know the city's officers.
pub(crate) fn trust_file(
    config: &VaultConfig,
    officers: &Officers,
) -> Result<TrustFile, symbolon_election::Error> {
    TrustFile::new(
        &config.name,
        config.domain(),
        &config.ledger.origin,
        officers.addresses.clone(),
        officers.threshold,
    )
}

/// Checks that ring and store belong together and the ring isn't older; the mirror row.
pub(crate) async fn check_ring(store: &dyn Store, ring: &Ring) -> Result<Value, Error> {
    let head = store.head().await?;
    if ring.installation().as_bytes() != head.installation().as_bytes() {
        return Err(Error::ForeignRing);
    }
    let row = store.get_one(RingMirror::key()).await?;
    let row = row.ok_or(Error::Row(Table::Meta.name()))?;
    let mirror: RingMirror = Table::Meta.decode(&row.bytes)?;
    if mirror.revision > ring.revision() {
        return Err(Error::OlderRing {
            ring: ring.revision(),
            store: mirror.revision,
        });
    }
    Ok(row)
}

#[cfg(test)]
mod tests;
