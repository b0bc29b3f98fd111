//! Elections from draft to certification.

mod close;
mod draft;
mod open;
mod refusals;
mod row;
mod statements;

pub use draft::{Draft, Entitled};
pub use row::{ElectionRow, Stage};
pub use statements::Statements;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use symbolon_election::{
    Domain, ElectionId, Entry, Manifest, RollStatement, Unverified, VerifiedManifest,
};
use symbolon_keyring::keys::ElectionKeys;
use symbolon_service::reasons::Reason;
use symbolon_store::{KeyRange, Revision};

use crate::{Error, core::Core, roll::Roll, rows::Table, seal::Keys};
pub(crate) use refusals::refuse;

/// What the vault keeps in memory of its elections: open rolls, by election and size.
pub struct Elections {
    domain: Domain,
    rolls: Mutex<HashMap<ElectionId, Arc<Roll>>>,
    pub(crate) published: tokio::sync::watch::Sender<u64>,
    /// One closing at a time: it writes a large file.
    pub(crate) closing: tokio::sync::Mutex<()>,
}

/// An election as it stands in the store, with what its manifest says.
pub(crate) struct Election {
    pub(crate) id: ElectionId,
    pub(crate) row: ElectionRow,
    pub(crate) revision: Revision,
    pub(crate) manifest: Unverified<Manifest>,
    pub(crate) rolls: Vec<RollStatement>,
}

impl Elections {
    /// Elections signed in this domain.
    pub fn new(domain: Domain) -> Self {
        Self {
            domain,
            rolls: Mutex::default(),
            published: tokio::sync::watch::Sender::new(0),
            closing: tokio::sync::Mutex::default(),
        }
    }

    /// The EIP-712 domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
}

impl Election {
    fn new(id: ElectionId, row: ElectionRow, revision: Revision) -> Result<Self, Error> {
        let damaged = || Error::Row(Table::Election.name());
        let Ok(Entry::Manifest(manifest)) = Entry::decode(&row.manifest) else {
            return Err(damaged());
        };
        let rolls = row.rolls.iter().map(|entry| match Entry::decode(entry) {
            Ok(Entry::RollStatement(statement)) => Ok(statement.statement),
            _ => Err(damaged()),
        });
        let rolls = rolls.collect::<Result<_, _>>()?;
        Ok(Self {
            id,
            row,
            revision,
            manifest,
            rolls,
        })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest.statement
    }

    /// The manifest of an election that was opened, its signatures checked anew.
    pub(crate) fn verified(&self, core: &Core) -> Result<VerifiedManifest, Error> {
        self.manifest.clone().verify(&core.trust).map_err(refuse)
    }

    /// The election's keys; forgotten elections have none.
    pub(crate) fn keys(&self, keys: &Keys) -> Result<Arc<ElectionKeys>, Error> {
        Ok(keys
            .election(&self.manifest().nonce)
            .ok_or(Reason::UnknownElection)?)
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
    /// An election by its ID.
    pub(crate) async fn election(&self, id: &ElectionId) -> Result<Election, Error> {
        let value = self
            .store
            .get_one(row::key(id))
            .await?
            .ok_or(Reason::UnknownElection)?;
        Election::new(*id, Table::Election.decode(&value.bytes)?, value.revision)
    }

    /// Every election, drafts among them.
    pub(crate) async fn elections(&self) -> Result<Vec<Election>, Error> {
        const PAGE: usize = 64;
        let all = KeyRange::table(Table::Election as u8);
        let (mut range, mut elections) = (all.clone(), Vec::new());
        loop {
            let rows = self.store.scan(range, PAGE).await?;
            for found in &rows {
                let id = ElectionId::from_slice(found.key.name()).map_err(refuse)?;
                let row = Table::Election.decode(&found.value.bytes)?;
                elections.push(Election::new(id, row, found.value.revision)?);
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => range = all.clone().after(last.key.clone()),
                _ => return Ok(elections),
            }
        }
    }

    /// The roll of an election that was opened.
    pub(crate) fn roll(&self, election: &Election) -> Result<Arc<Roll>, Error> {
        let rolls = || {
            let rolls = self.elections.rolls.lock();
            rolls.unwrap_or_else(PoisonError::into_inner)
        };
        let size = election.roll_statement()?.size;
        let open = rolls().get(&election.id).cloned();
        if let Some(roll) = open.filter(|roll| roll.size() == size) {
            return Ok(roll);
        }
        let roll = Arc::new(Roll::open(&self.rolls, &election.rolls)?);
        rolls().insert(election.id, Arc::clone(&roll));
        Ok(roll)
    }
}

#[cfg(test)]
pub(crate) mod tests;
