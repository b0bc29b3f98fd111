//! Filling a vault below the stretch, for load tests and benchmarks alone.
//!
//! What is written is what a registration writes: a sealed record, its index rows, one
//! portal's row of the registration ID, a leaf of the audit log. But the stretched match keys
//! are random bytes: **nobody can ever find these people by their data**, so an
//! installation that was filled is good for measurements and nothing else.
//!
//! It works on a vault that doesn't run, and in order of the keys: first all records, then the
//! rows that lead to them. If it is cut short, the installation has to be made anew.

use std::sync::Arc;

use rayon::prelude::*;
use symbolon_crypto::{Secret, SecretString, random::CryptoRng};
use symbolon_identity::{RuleId, stretch::Stretched};
use symbolon_keyring::{
    PortalName, RegistrationId, Root,
    keys::{IndexEntry, PortalDomainKey},
};
use symbolon_service::{clock, reasons::Reason};
use symbolon_store::{Change, Key, LocalStore, Options, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    config::VaultConfig,
    core::{Core, CoreError},
    rows::{Knowing, Record, RecordId, RingMirror, Table, encode_ids},
    seal::Keys,
};

/// People that are made at a time, while those before are written.
const PEOPLE: usize = 1 << 14;
/// Rows of a change. More of them cost sled memory and save no time.
const ROWS: usize = 16;

/// A vault that is filled.
pub struct Filling {
    core: Core,
}

/// What leads to a record.
type Entry = (IndexEntry, RecordId);

/// A person below the stretch.
struct Person {
    id: RecordId,
    sealed: Vec<u8>,
    leaf: Vec<u8>,
    index: Vec<IndexEntry>,
    registration: RegistrationId,
    look_up: IndexEntry,
}

/// What every person is made with.
struct Maker {
    keys: Arc<Keys>,
    portal: PortalName,
    rules: Vec<RuleId>,
    now: u64,
}

impl Filling {
    /// Opens and unseals the vault of a configuration. Nothing else may have it open.
    pub async fn open(config: &VaultConfig, passphrase: SecretString) -> Result<Self, CoreError> {
        let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
        let store = LocalStore::open(options.cache(config.cache_bytes())).map_err(Error::from)?;
        let core = Core::new(config, Arc::new(store), Arc::new(clock::unix_now)).await?;
        core.unseal(&Caller::vault(), passphrase).await?;
        Ok(Self::of(core))
    }

    /// Fills a vault that is open and unsealed.
    pub(crate) fn of(core: Core) -> Self {
        Self { core }
    }

    /// Registers `count` people of a portal with one random match key for each rule, and hands
    /// out their registration IDs. Each thread has a generator of its own.
    pub async fn people<R: CryptoRng + 'static>(
        &self,
        portal: &PortalName,
        count: usize,
        rng: fn() -> R,
        mut each: impl FnMut(RegistrationId),
    ) -> Result<(), Error> {
        let maker = Arc::new(Maker::new(&self.core, portal)?);
        let mirror = self.core.store.get_one(RingMirror::key()).await?;
        self.core.check_mirror(&maker.keys, mirror.as_ref()).await?;
        let mut ids: Vec<_> = (0..count).map(|_| RecordId::random(&mut rng())).collect();
        ids.par_sort_unstable();
        let (mut index, mut look_ups) = (Vec::new(), Vec::with_capacity(count));
        let mut written = 0;
        let mut records = Vec::new();
        for some in ids.chunks(PEOPLE) {
            let (maker, some) = (Arc::clone(&maker), some.to_vec());
            let made = tokio::task::spawn_blocking(move || maker.make_all(&some, rng));
            let (made, done) = tokio::join!(made, self.commit(std::mem::take(&mut records)));
            done?;
            let people = made.map_err(|_| Reason::Internal)??;
            for person in &people {
                index.extend(person.index.iter().map(|entry| (*entry, person.id)));
                look_ups.push((person.look_up, person.id));
                each(person.registration);
            }
            written += people.len();
            records = changes(people, mirror.as_ref(), Person::write);
            tracing::info!(people = written, of = count, "records");
        }
        self.commit(records).await?;
        self.write_entries(Table::Index, index, mirror.as_ref())
            .await?;
        self.write_entries(Table::Registration, look_ups, mirror.as_ref())
            .await
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Closes the store; a vault may be started on it then.
    pub async fn close(self) -> Result<(), Error> {
        self.core.seal.seal();
        Ok(self.core.store.close().await?)
    }

    async fn write_entries(
        &self,
        table: Table,
        mut entries: Vec<Entry>,
        mirror: Option<&Value>,
    ) -> Result<(), Error> {
        entries.par_sort_unstable();
        for some in entries.chunks(PEOPLE) {
            let put = |(entry, id): Entry, change: Change| {
                new_row(change, table.blinded(&entry), encode_ids(&[id]))
            };
            self.commit(changes(some.to_vec(), mirror, put)).await?;
        }
        tracing::info!(table = table.name(), rows = entries.len(), "rows");
        Ok(())
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), Error> {
        for outcome in self.core.store.commit(changes).await {
            if !outcome?.is_committed() {
                return Err(Error::Contention);
            }
        }
        Ok(())
    }
}

impl Maker {
    fn new(core: &Core, portal: &PortalName) -> Result<Self, Error> {
        let rules = core.schema.rules().iter().filter(|rule| !rule.outdated());
        Ok(Self {
            keys: core.keys()?,
            portal: portal.clone(),
            rules: rules.map(|rule| *rule.id()).collect(),
            now: core.now(),
        })
    }

    fn make_all<R: CryptoRng>(
        &self,
        ids: &[RecordId],
        rng: fn() -> R,
    ) -> Result<Vec<Person>, Error> {
        let domain = self.keys.portal(&self.portal);
        let domain = domain.ok_or(Reason::PermissionDenied)?;
        let make = |rng: &mut R, id: &RecordId| self.make(*id, domain, rng);
        Ok(ids.par_iter().map_init(rng, make).collect())
    }

    fn make(&self, id: RecordId, domain: &PortalDomainKey, rng: &mut impl CryptoRng) -> Person {
        let rules = self.rules.iter();
        let match_keys = rules.map(|rule| Stretched::new(*rule, Secret::random(rng)));
        let record = Record {
            created: self.now,
            match_keys: match_keys.collect(),
            roots: vec![Root::random(rng)],
            portals: vec![Knowing {
                portal: self.portal.clone(),
                root: 0,
                suspended: false,
            }],
        };
        let writing = self.keys.writing_index();
        let registration = domain.registration_id(&record.roots[0]);
        let subject = self
            .keys
            .audit()
            .subject(Table::Record.name(), id.as_bytes());
        let leaf = Leaf::new(self.now, &Caller::vault(), "RegisterPerson", "filled");
        let keys = record.match_keys.iter();
        Person {
            sealed: record.seal(&id, &self.keys, rng),
            leaf: leaf.about(subject).encode(),
            index: keys.map(|key| writing.blind(key.secret())).collect(),
            look_up: writing.blind_registration_id(&self.portal, &registration),
            registration,
            id,
        }
    }
}

impl Person {
    fn write(self, change: Change) -> Change {
        new_row(change, self.id.key(), self.sealed).audit(self.leaf)
    }
}

/// A row where none stands, as a registration demands. Looking has another use here: sled frees
/// what it replaced only little by little, whenever a look at it begins; a batch is one.
fn new_row(change: Change, key: Key, value: Vec<u8>) -> Change {
    change.absent(key.clone()).put(key, value)
}

/// Changes of [`ROWS`] rows each, on the condition that the ring is as it was.
fn changes<T>(
    rows: Vec<T>,
    mirror: Option<&Value>,
    write: impl Fn(T, Change) -> Change,
) -> Vec<Change> {
    let mut changes = Vec::with_capacity(rows.len().div_ceil(ROWS));
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let change = Change::new().unchanged(RingMirror::key(), mirror);
        let some = rows.by_ref().take(ROWS);
        changes.push(some.fold(change, |change, row| write(row, change)));
    }
    changes
}

#[cfg(test)]
mod tests;
