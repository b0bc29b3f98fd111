//! What people are found again by, kept in the store: a configuration that would find
//! nobody again, and so make everybody a second person, is refused at the start.

use serde::{Deserialize, Serialize};
use symbolon_crypto::password::Costs;
use symbolon_identity::{RuleId, Schema};
use symbolon_store::{Change, Key, KeyRange, Store};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::CoreError,
    rows::{Table, encode},
};

/// Costs and rules of everybody who was registered. Rules come and never go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pinned {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    id: [u8; 32],
    name: String,
}

/// What a configuration may not change once people are registered.
#[derive(Debug, thiserror::Error)]
pub enum Changed {
    /// The stretch.
    #[error(
        "identity.argon2: people were registered with memory_kib = {memory_kib}, passes = {passes}, lanes = {lanes}; with other costs nobody would be found again; nothing was changed"
    )]
    Costs {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// A rule is missing, or another one goes by its name.
    #[error(
        "identity.schema: people were registered under the rule {name} ({id}), which the schema no longer has as it was; keep it, marked outdated; nothing was changed"
    )]
    Rule {
        /// The rule's name.
        name: String,
        /// Its ID.
        id: RuleId,
    },
}

impl Pinned {
    /// What a configuration says.
    pub(crate) fn new(schema: &Schema, costs: Costs) -> Self {
        let rules = schema.rules().iter().map(|rule| Rule {
            id: *rule.id().as_bytes(),
            name: rule.name().to_owned(),
        });
        Self {
            memory_kib: costs.memory_kib(),
            passes: costs.passes(),
            lanes: costs.lanes(),
            rules: rules.collect(),
        }
    }

    /// Where it stands.
    pub(crate) fn key() -> Key {
        Table::Meta.key(&[b"identity"])
    }

    /// Checks the configuration's against the store's, without changing anything.
    pub(crate) async fn check(&self, store: &dyn Store) -> Result<(), CoreError> {
        let row = store.get_one(Self::key()).await.map_err(Error::from)?;
        let row = row.ok_or(CoreError::Unfinished)?;
        let before: Self = Table::Meta.decode(&row.bytes)?;
        match has_people(store).await? {
            true => Ok(self.finds_all_of(&before)?),
            false => Ok(()),
        }
    }

    /// Checks, and keeps what the configuration adds.
    pub(crate) async fn adopt(self, store: &dyn Store, now: u64) -> Result<(), CoreError> {
        self.check(store).await?;
        let row = store.get_one(Self::key()).await.map_err(Error::from)?;
        let row = row.ok_or(CoreError::Unfinished)?;
        if Table::Meta.decode::<Self>(&row.bytes)? == self {
            return Ok(());
        }
        let leaf = Leaf::new(now, &Caller::vault(), "AdoptSchema", "adopted");
        let change = Change::new()
            .at(Self::key(), row.revision)
            .put(Self::key(), encode(&self))
            .audit(leaf.encode());
        let outcome = store.commit_one(change).await.map_err(Error::from)?;
        match outcome.is_committed() {
            true => Ok(()),
            false => Err(Error::Contention.into()),
        }
    }

    fn finds_all_of(&self, before: &Self) -> Result<(), Changed> {
        let costs = |it: &Self| (it.memory_kib, it.passes, it.lanes);
        if costs(self) != costs(before) {
            let (memory_kib, passes, lanes) = costs(before);
            return Err(Changed::Costs {
                memory_kib,
                passes,
                lanes,
            });
        }
        let kept = |rule: &Rule| self.rules.iter().any(|own| own.id == rule.id);
        match before.rules.iter().find(|rule| !kept(rule)) {
            None => Ok(()),
            Some(gone) => Err(Changed::Rule {
                name: gone.name.clone(),
                id: RuleId::from_bytes(gone.id),
            }),
        }
    }
}

async fn has_people(store: &dyn Store) -> Result<bool, Error> {
    let records = KeyRange::table(Table::Record as u8);
    Ok(!store.scan(records, 1).await?.is_empty())
}

#[cfg(test)]
mod tests;
