//! Another key for what lies on disk, while everything goes on.
//!
//! A rotation is a row of the store, so that a process that died goes on where it stopped. The new key
//! writes from its first moment on, and everybody reads under both. Then every row is made anew from
//! the records, rows of the old key are removed once the last new one is on disk, and the old key is
//! destroyed once none of them is left. Each record is changed by one change that demands it
//! as it was read, and the ring's revision: whoever enrols or changes it meanwhile comes first or
//! writes under the new key already.

mod audit;
mod records;
mod remove;
mod tickets;
pub(crate) mod under;

#[cfg(test)]
pub(crate) mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use symbolon_crypto::random;
use symbolon_election::proposal::RotatedKey;
use symbolon_keyring::{KeyInfo, KeyState, Purpose};
use symbolon_store::{Change, Key, Row, Store, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    rows::{Table, encode, read},
    seal::Keys,
    sweep::count,
};

/// How many rows are worked on before it is noted and paused. What was done twice is as it was.
const PORTION: usize = 1024;

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
    /// The old audit key and the new one sign one checkpoint.
    CrossSign,
    /// The new audit key signs.
    Activate,
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
            Self::CrossSign => "cross-sign",
            Self::Activate => "activate",
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

    /// Further in this step, by some rows.
    fn past(&self, rows: &[Row]) -> Self {
        Self {
            done: self.done + rows.len() as u64,
            cursor: rows.last().map(|row| row.key.name().to_vec()),
            ..self.clone()
        }
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
        RotatedKey::Audit => Purpose::Audit,
    }
}

/// The rotation under way in a store.
pub async fn under_way(store: &dyn Store) -> Result<Option<Rotation>, Error> {
    Ok(find(store).await?.map(|(rotation, _)| rotation))
}

async fn find(store: &dyn Store) -> Result<Option<(Rotation, Value)>, Error> {
    read(store, Table::Meta, Rotation::key()).await
}

impl Core {
    /// The rotation under way.
    pub async fn rotation(&self) -> Result<Option<Rotation>, Error> {
        under_way(self.store.as_ref()).await
    }

    /// Works a rotation off, if there is one and the vault is unsealed.
    pub(crate) async fn rotate(&self) -> Result<(), Error> {
        while let (Ok(keys), Some((rotation, row))) =
            (self.keys(), find(self.store.as_ref()).await?)
        {
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

    async fn step(&self, keys: &Arc<Keys>, rotation: &Rotation, row: &Value) -> Result<(), Error> {
        match rotation.step {
            Step::Begin if rotation.key == RotatedKey::Audit => {
                self.begin_audit_key(keys, rotation, row).await
            }
            Step::CrossSign => self.cross_sign(rotation, row).await,
            Step::Activate => self.activate_audit_key(keys, rotation, row).await,
            Step::Begin => self.begin_rotation(keys, rotation, row).await,
            Step::Records => self.renew_records(keys, rotation, row).await,
            Step::Tickets => self.renew_tickets(keys, rotation, row).await,
            Step::Remove => match rotation.key {
                RotatedKey::Index => self.remove_index_rows(keys, rotation, row).await,
                RotatedKey::Sealing => self.find_old_seals(keys, rotation, row).await,
                // No rows lie under it.
                RotatedKey::Audit => {
                    self.note(&rotation.at(Step::Destroy), row, Change::new())
                        .await
                }
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
            total: count(&self.store, &Table::Record.prefix()).await?,
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
        let adopt = |keys: Arc<Keys>| async move {
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
        let purpose = purpose(rotation.key);
        let old = |key: &KeyInfo| {
            let gone = key.destroyed.is_some_and(|at| at >= rotation.since);
            key.purpose == purpose && (key.state == KeyState::Retiring || gone)
        };
        let leaf = Leaf::new(
            self.now(),
            &Caller::vault(),
            operation(rotation.key),
            "destroyed",
        );
        let end = Change::new()
            .at(Rotation::key(), row.revision)
            .delete(Rotation::key());
        self.destroy(keys, old, rotation.renewed, leaf, end).await?;
        let key = rotation.key.as_str();
        tracing::info!(key, "rotated; the old key is destroyed");
        Ok(())
    }

    /// The next rows of a table that this step looks at.
    async fn next_rows(&self, table: Table, rotation: &Rotation) -> Result<Vec<Row>, Error> {
        let range = match &rotation.cursor {
            Some(name) => table.all().after(table.key(&[name])),
            None => table.all(),
        };
        Ok(self.store.scan(range, PORTION).await?)
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
        RotatedKey::Audit => "RotateAuditKey",
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
