//! Elections from draft to certification.

mod close;
mod count;
mod draft;
mod forget;
mod ledger;
mod open;
mod people;
mod refusals;
mod rotate;
mod row;
mod statements;

pub use draft::{Draft, Entitled};
pub use row::{ElectionRow, Issued, Stage};
pub use statements::Statements;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use symbolon_election::{
    Address, Domain, ElectionId, Entry, Manifest, RollStatement, Unverified, VerifiedManifest,
};
use symbolon_keyring::keys::{ElectionKeys, Subject};
use symbolon_service::reasons::Reason;
use symbolon_store::{KeyRange, Revision};
use tokio::sync::Semaphore;

use crate::{Error, core::Core, roll::Roll, rows::Table, seal::Keys};
use count::Counts;
use people::Readings;
pub(crate) use refusals::refuse;

/// The most elections that are kept decoded, their rolls open.
const KNOWN: usize = 128;
/// How many rolls are made at a time: 32 bytes of memory a place each.
const MAKING: usize = 2;

/// What the vault keeps in memory of its elections.
pub struct Elections {
    domain: Domain,
    known: Mutex<HashMap<ElectionId, Arc<Election>>>,
    readings: Readings,
    making: Semaphore,
    counts: Counts,
    pub(crate) published: tokio::sync::watch::Sender<u64>,
    /// One closing at a time: it writes a large file.
    pub(crate) closing: tokio::sync::Mutex<()>,
    /// One at a time: nobody destroys the token key that another makes public.
    rotating: tokio::sync::Mutex<()>,
}

/// An election as it stands in the store, with what its manifest says.
pub(crate) struct Election {
    pub(crate) id: ElectionId,
    pub(crate) row: ElectionRow,
    pub(crate) revision: Revision,
    pub(crate) manifest: Unverified<Manifest>,
    /// The roll statements in force, and the same as entries.
    pub(crate) rolls: Vec<RollStatement>,
    pub(crate) roll_entries: Vec<Vec<u8>>,
    /// Whose tokens count, the one that signs last.
    issuers: Vec<Address>,
    /// Opened when it is first asked for.
    roll: OnceLock<Arc<Roll>>,
}

/// How many elections are read at a time.
const PAGE: usize = 64;

impl Elections {
    /// Elections signed in this domain.
    pub fn new(domain: Domain) -> Self {
        Self {
            domain,
            known: Mutex::default(),
            readings: Readings::default(),
            making: Semaphore::new(MAKING),
            counts: Counts::default(),
            published: tokio::sync::watch::Sender::new(0),
            closing: tokio::sync::Mutex::default(),
            rotating: tokio::sync::Mutex::default(),
        }
    }

    /// The EIP-712 domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    fn known(&self, id: &ElectionId, revision: Revision) -> Option<Arc<Election>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let election = known.get(id)?;
        (election.revision == revision).then(|| Arc::clone(election))
    }

    fn remember(&self, election: &Arc<Election>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN
            && !known.contains_key(&election.id)
            && let Some(any) = known.keys().next().copied()
        {
            known.remove(&any);
        }
        known.insert(election.id, Arc::clone(election));
    }
}

impl Election {
    fn new(
        id: ElectionId,
        row: ElectionRow,
        revision: Revision,
        roll_entries: Vec<Vec<u8>>,
    ) -> Result<Self, Error> {
        let damaged = || Error::Row(Table::Election.name());
        let Ok(Entry::Manifest(manifest)) = Entry::decode(&row.manifest) else {
            return Err(damaged());
        };
        let rolls = roll_entries.iter().map(|entry| match Entry::decode(entry) {
            Ok(Entry::RollStatement(statement)) => Ok(statement.statement),
            _ => Err(damaged()),
        });
        let rolls = rolls.collect::<Result<_, _>>()?;
        let next = |entry: &Vec<u8>| match Entry::decode(entry) {
            Ok(Entry::IssuerRotation(rotation)) => Ok(rotation.statement.next),
            _ => Err(damaged()),
        };
        let first = Ok(manifest.statement.issuer);
        let issuers = std::iter::once(first).chain(row.rotations.iter().map(next));
        let issuers = issuers.collect::<Result<_, _>>()?;
        Ok(Self {
            id,
            row,
            revision,
            manifest,
            rolls,
            roll_entries,
            issuers,
            roll: OnceLock::new(),
        })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest.statement
    }

    /// The manifest of an election that was opened, its signatures checked anew.
    pub(crate) fn verified(&self, core: &Core) -> Result<VerifiedManifest, Error> {
        self.manifest.clone().verify(&core.trust()).map_err(refuse)
    }

    /// The election's keys, or [`Reason::ElectionForgotten`].
    pub(crate) fn keys(&self, keys: &Keys) -> Result<Arc<ElectionKeys>, Error> {
        Ok(keys
            .election(&self.manifest().nonce)
            .ok_or(Reason::ElectionForgotten)?)
    }

    /// The election as the audit log names it: under its own keys, while it has any.
    pub(crate) fn subject(&self, keys: &Keys) -> Subject {
        match keys.election(&self.manifest().nonce) {
            Some(own) => own.subject("election", self.id.as_bytes()),
            None => keys.audit().subject("election", self.id.as_bytes()),
        }
    }

    /// Whose tokens count: the manifest's issuer, and those that followed.
    pub(crate) fn issuers(&self) -> &[Address] {
        &self.issuers
    }

    /// Who signs tokens.
    pub(crate) fn issuer(&self) -> &Address {
        let last = self.issuers.last();
        last.expect("never empty: made with the manifest's")
    }

    /// The roll's statement that is in force.
    pub(crate) fn roll_statement(&self) -> Result<&RollStatement, Error> {
        Ok(self.rolls.last().ok_or(Reason::WrongState)?)
    }

    /// Where its row stands.
    pub(crate) fn key(&self) -> symbolon_store::Key {
        row::key(&self.id)
    }
}

impl Core {
    /// An election by its ID. Its row is read each time, and decoded when it has changed.
    pub(crate) async fn election(&self, id: &ElectionId) -> Result<Arc<Election>, Error> {
        let value = self
            .store
            .get_one(row::key(id))
            .await?
            .ok_or(Reason::UnknownElection)?;
        if let Some(known) = self.elections.known(id, value.revision) {
            return Ok(known);
        }
        let row: ElectionRow = Table::Election.decode(&value.bytes)?;
        let rolls = self.roll_entries(id, row.rolls).await?;
        let election = Arc::new(Election::new(*id, row, value.revision, rolls)?);
        self.elections.remember(&election);
        Ok(election)
    }

    /// The first `count` roll statements, as entries.
    async fn roll_entries(&self, id: &ElectionId, count: u32) -> Result<Vec<Vec<u8>>, Error> {
        const PAGE: u32 = 256;
        let mut entries: Vec<Vec<u8>> = Vec::new();
        for start in (0..count).step_by(PAGE as usize) {
            let end = count.min(start.saturating_add(PAGE));
            let keys = (start..end).map(|sequence| row::roll_key(id, sequence));
            for entry in self.store.get(keys.collect()).await? {
                let entry = entry.ok_or(Error::Row(Table::RollStatement.name()))?;
                entries.push(entry.bytes);
            }
        }
        Ok(entries)
    }

    /// At most `limit` elections in the order of their IDs, drafts among them: those after `after`.
    pub(crate) async fn elections_after(
        &self,
        after: Option<&ElectionId>,
        limit: usize,
    ) -> Result<Vec<(ElectionId, ElectionRow)>, Error> {
        let all = Table::Election.all();
        let range: KeyRange = match after {
            Some(after) => all.after(row::key(after)),
            None => all,
        };
        let rows = self.store.scan(range, limit).await?.into_iter();
        let elections = rows.map(|found| {
            let id = ElectionId::from_slice(found.key.name()).map_err(refuse)?;
            Ok((id, Table::Election.decode(&found.value.bytes)?))
        });
        elections.collect()
    }

    /// Whether an election is public and its end isn't.
    pub(crate) async fn election_under_way(&self) -> Result<bool, Error> {
        let mut after = None;
        loop {
            let page = self.elections_after(after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(false);
            };
            after = Some(*last);
            let under_way = |stage| matches!(stage, Stage::Open | Stage::Closed);
            if page.iter().any(|(_, row)| under_way(row.stage)) {
                return Ok(true);
            }
        }
    }

    /// The roll of an election that was opened.
    pub(crate) fn roll(&self, election: &Election) -> Result<Arc<Roll>, Error> {
        election.roll_statement()?;
        if let Some(roll) = election.roll.get() {
            return Ok(Arc::clone(roll));
        }
        let roll = Arc::new(Roll::open(&self.rolls, &election.rolls)?);
        // Two that come at once open it twice; one is kept.
        Ok(Arc::clone(election.roll.get_or_init(|| roll)))
    }
}

#[cfg(test)]
pub(crate) mod tests;
