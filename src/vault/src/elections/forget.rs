//! At the manifest's `forgetAfter` the vault destroys an election's keys by itself, and with them
//! whatever joined its voter IDs to people.

use std::collections::HashSet;

use symbolon_election::{ElectionId, Entry, Nonce};
use symbolon_keyring::KeyInfo;
use symbolon_store::{Change, Key, KeyRange};

use super::{Election, PAGE, Stage};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    rows::{Table, encode, read},
    seal::Keys,
    sweep::{count, remove},
};

const OPERATION: &str = "ForgetElection";
/// The tables whose rows lie under an election's keys.
const OWN: [Table; 2] = [Table::Issuance, Table::BallotKey];
/// How many rows are removed at a time.
const REMOVED: usize = 4096;

impl Core {
    /// Forgets every election whose time has come, if the vault is unsealed.
    pub async fn forget_elections(&self) -> Result<(), Error> {
        let Ok(keys) = self.keys() else {
            return Ok(());
        };
        let live = keys.all().filter(|key| key.state.is_live());
        let live: HashSet<&Nonce> = live.filter_map(|key| key.purpose.election()).collect();
        let begun = KeyRange::prefix(&begun_prefix());
        let begun = self.store.scan(begun, PAGE).await?;
        let begun: HashSet<Key> = begun.into_iter().map(|row| row.key).collect();
        let mut after = None;
        loop {
            let page = self.elections_after(after.as_ref(), PAGE).await?;
            for (id, row) in &page {
                let Ok(Entry::Manifest(manifest)) = Entry::decode(&row.manifest) else {
                    return Err(Error::Row(Table::Election.name()));
                };
                let manifest = manifest.statement;
                let left = live.contains(&manifest.nonce) || begun.contains(&begun_key(id));
                if left && self.now() > manifest.forget_after {
                    self.forget(id).await?;
                }
            }
            match page.last() {
                Some((last, _)) => after = Some(*last),
                None => return Ok(()),
            }
        }
    }

    async fn forget(&self, id: &ElectionId) -> Result<(), Error> {
        let mut election = self.election(id).await?;
        if election.row.stage == Stage::Open {
            // Close names the list of what was issued, whenever it comes.
            election = self.end(id).await?;
        }
        let keys = self.keys()?;
        let rows = self.begin_to_forget(&keys, &election).await?;
        if let Ok(own) = election.keys(&keys) {
            for table in OWN {
                let range = KeyRange::prefix(&table.key(&[own.rows().key_id().as_bytes()]));
                while !remove(&self.store, range.clone(), REMOVED)
                    .await?
                    .is_empty()
                {}
            }
        }
        let nonce = election.manifest().nonce;
        let own = |key: &KeyInfo| key.purpose.election() == Some(&nonce);
        let end = Change::new().delete(begun_key(id));
        let leaf = self.leaf_of(&keys, &election, "forgotten");
        self.destroy(&keys, own, rows, leaf, end).await?;
        tracing::info!(election = %id, "forgotten: its keys are destroyed");
        Ok(())
    }

    /// Notes that an election is being forgotten, once; how many rows lay under its keys then.
    async fn begin_to_forget(&self, keys: &Keys, election: &Election) -> Result<u64, Error> {
        let key = begun_key(&election.id);
        if let Some((rows, _)) = read(self.store.as_ref(), Table::Meta, key.clone()).await? {
            return Ok(rows);
        }
        let own = election.keys(keys)?;
        let mut rows: u64 = 0;
        for table in OWN {
            let prefix = table.key(&[own.rows().key_id().as_bytes()]);
            rows += count(&self.store, &prefix).await?;
        }
        let change = Change::new()
            .absent(key.clone())
            .put(key, encode(&rows))
            .audit(self.leaf_of(keys, election, "begun").encode());
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        Ok(rows)
    }

    /// Its subject is under the audit key: the election's own doesn't outlive this.
    fn leaf_of(&self, keys: &Keys, election: &Election, outcome: &'static str) -> Leaf<'static> {
        let subject = keys.audit().subject("election", election.id.as_bytes());
        Leaf::new(self.now(), &Caller::vault(), OPERATION, outcome).about(subject)
    }
}

fn begun_prefix() -> Key {
    Table::Meta.key(&[b"forgetting"])
}

fn begun_key(id: &ElectionId) -> Key {
    Table::Meta.key(&[b"forgetting", id.as_bytes()])
}

#[cfg(test)]
mod tests;
