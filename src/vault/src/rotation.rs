//! Another key for what lies on disk, while everything goes on.
//!
//! A rotation is a row of the store, so that a process that died goes on where it stopped. The new key
//! writes from its first moment on, and everybody reads under both. Then every row is made anew from
//! the records, rows of the old key are removed once the last new one is on disk, and the old key is
//! destroyed once none of them is left. Each record is changed by one change that demands it
//! as it was read, and the ring's revision: whoever enrols or changes it meanwhile comes first or
//! writes under the new key already.

mod rows;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use symbolon_crypto::random;
use symbolon_election::proposal::RotatedKey;
use symbolon_keyring::{KeyInfo, KeyState, Purpose};
use symbolon_store::{Change, Key, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    rows::{Table, encode},
    seal::Keys,
};

/// How many rows are worked on at a time: one group of the store.
const PAGE: usize = 64;
/// How many pages are worked on before it is noted and paused. What was done twice is as it was.
const PAGES: usize = 8;

/// A rotation under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// Which key.
    pub key: RotatedKey,
    /// The share of the time that it works, in percent: 1 to 100.
    pub share: u8,
    /// When it was decided, Unix seconds.
    pub since: u64,
    /// What it is at.
    pub step: Step,
    /// People's records when it began.
    pub total: u64,
    /// Rows that it looked at in this step.
    pub done: u64,
    /// Rows made anew so far.
    pub renewed: u64,
    /// The last row of this step that it looked at.
    cursor: Option<Vec<u8>>,
}

/// The steps of a rotation, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// The new key is minted and writes.
    Begin,
    /// Records, or the rows that lead to them, are made anew.
    Records,
    /// The same for conflicts' tickets.
    Tickets,
    /// Rows of the old key are removed.
    Remove,
    /// The old key is destroyed.
    Destroy,
}

impl Step {
    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Records => "records",
            Self::Tickets => "tickets",
            Self::Remove => "remove",
            Self::Destroy => "destroy",
        }
    }
}

impl Rotation {
    /// One that has not begun.
    pub(crate) fn new(key: RotatedKey, share: u8, since: u64) -> Self {
        Self {
            key,
            share,
            since,
            step: Step::Begin,
            total: 0,
            done: 0,
            renewed: 0,
            cursor: None,
        }
    }

    /// Where the one that is under way stands.
    pub(crate) fn key() -> Key {
        Table::Meta.key(&[b"rotation"])
    }

    fn at(&self, step: Step) -> Self {
        Self {
            step,
            done: 0,
            cursor: None,
            ..self.clone()
        }
    }
}

/// The purpose of the keys that a rotation is about.
pub(crate) fn purpose(key: RotatedKey) -> Purpose {
    match key {
        RotatedKey::Index => Purpose::Index,
        RotatedKey::Sealing => Purpose::Sealing,
    }
}

impl Core {
    /// The rotation under way.
    pub async fn rotation(&self) -> Result<Option<Rotation>, Error> {
        Ok(self.find_rotation().await?.map(|(rotation, _)| rotation))
    }

    /// Works a rotation off, if there is one and the vault is unsealed.
    pub(crate) async fn rotate(&self) -> Result<(), Error> {
        while let (Ok(keys), Some((rotation, row))) = (self.keys(), self.find_rotation().await?) {
            let begun = Instant::now();
            match self.step(&keys, &rotation, &row).await {
                // Somebody came between: it is read again.
                Ok(()) | Err(Error::Contention) => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause(begun.elapsed(), rotation.share)).await;
        }
        Ok(())
    }

    async fn step(&self, keys: &Keys, rotation: &Rotation, row: &Value) -> Result<(), Error> {
        match rotation.step {
            Step::Begin => self.begin_rotation(keys, rotation, row).await,
            Step::Records => self.renew_records(keys, rotation, row).await,
            Step::Tickets => self.renew_tickets(keys, rotation, row).await,
            Step::Remove => match rotation.key {
                RotatedKey::Index => self.remove_index_rows(keys, rotation, row).await,
                RotatedKey::Sealing => self.find_old_seals(keys, rotation, row).await,
            },
            Step::Destroy => self.destroy_old_keys(keys, rotation, row).await,
        }
    }

    /// Mints the next key, which writes at once.
    async fn begin_rotation(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let next = Rotation {
            total: self.count(Table::Record).await?,
            ..rotation.at(Step::Records)
        };
        if !retiring(keys, rotation.key).is_empty() {
            // It was, and the process ended before it was noted.
            return self.note(&next, row, Change::new()).await;
        }
        let (now, purpose) = (self.now(), purpose(rotation.key));
        let mint = move |edit: &mut symbolon_keyring::Edit| {
            let id = edit.prepare(purpose, now, &mut random::os())?;
            edit.activate(id, now)
        };
        let adopt = |keys: std::sync::Arc<Keys>| async move {
            let leaf = Leaf::new(now, &Caller::vault(), operation(rotation.key), "begun");
            let change = Change::new().audit(leaf.encode());
            let change = self.mirror(&keys, change).await?;
            self.note(&next, row, change).await
        };
        self.seal.update(mint, adopt).await?;
        Ok(())
    }

    /// Destroys the keys that wrote before; the last step.
    async fn destroy_old_keys(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let old = retiring(keys, rotation.key);
        let now = self.now();
        let leaf = Leaf::new(now, &Caller::vault(), operation(rotation.key), "destroyed");
        let end = Change::new()
            .at(Rotation::key(), row.revision)
            .delete(Rotation::key())
            .audit(leaf.counting(rotation.renewed).encode());
        if old.is_empty() {
            self.try_commit(end).await?.ok_or(Error::Contention)?;
            return Ok(());
        }
        let ids: Vec<_> = old.into_iter().map(|key| key.id).collect();
        let destroy = move |edit: &mut symbolon_keyring::Edit| {
            ids.into_iter().try_for_each(|id| edit.destroy(id, now))
        };
        let adopt = |keys: std::sync::Arc<Keys>| async move {
            let change = self.mirror(&keys, end).await?;
            self.try_commit(change).await?.ok_or(Error::Contention)
        };
        self.seal.update(destroy, adopt).await?;
        tracing::info!(
            key = rotation.key.as_str(),
            "rotated; the old key is destroyed"
        );
        Ok(())
    }

    async fn count(&self, table: Table) -> Result<u64, Error> {
        let (mut range, mut count) = (table.all(), 0);
        loop {
            let page = self.store.scan(range, 16 * PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            range = table.all().after(last.key.clone());
            count += page.len() as u64;
        }
    }

    async fn find_rotation(&self) -> Result<Option<(Rotation, Value)>, Error> {
        let row = self.store.get_one(Rotation::key()).await?;
        let found = row.map(|row| Ok((Table::Meta.decode(&row.bytes)?, row)));
        found.transpose()
    }

    /// Notes how far it is, if nobody else did.
    async fn note(&self, rotation: &Rotation, row: &Value, change: Change) -> Result<(), Error> {
        let change = change
            .at(Rotation::key(), row.revision)
            .put(Rotation::key(), encode(rotation));
        self.try_commit(change).await?.ok_or(Error::Contention)
    }
}

/// What the audit log calls it.
fn operation(key: RotatedKey) -> &'static str {
    match key {
        RotatedKey::Index => "RotateIndexKey",
        RotatedKey::Sealing => "RotateSealingKey",
    }
}

/// The keys that wrote before and are read still.
fn retiring(keys: &Keys, key: RotatedKey) -> Vec<KeyInfo> {
    let purpose = purpose(key);
    let old = |key: &&KeyInfo| key.purpose == purpose && key.state == KeyState::Retiring;
    keys.all().filter(old).cloned().collect()
}

/// How long to pause after work, so that it takes its share of the time.
fn pause(worked: Duration, share: u8) -> Duration {
    let share = u32::from(share.clamp(1, 100));
    worked * (100 - share) / share
}
