//! A group of changes on its way to one batch.

use std::collections::BTreeMap;

use crate::audit_tree;
use crate::engine::{Batch, Engine};
use crate::layout::{HEAD, decode_revision, encode_value, row_key};
use crate::{Change, Head, Key, Outcome, Revision, StoreError};

/// The batch that some changes add up to, decided one after the other against the engine and
/// those before.
pub(crate) struct Group<'a> {
    engine: &'a dyn Engine,
    head: Head,
    /// The revision that a key has after the changes so far; `None`: it was removed.
    revisions: BTreeMap<Key, Option<Revision>>,
    batch: Batch,
}

impl<'a> Group<'a> {
    /// An empty group on top of what the engine holds.
    pub(crate) fn new(engine: &'a dyn Engine, head: Head) -> Self {
        Self {
            engine,
            head,
            revisions: BTreeMap::new(),
            batch: Batch::new(),
        }
    }

    /// Takes a change in if its conditions hold.
    pub(crate) fn decide(&mut self, change: Change) -> Result<Outcome, StoreError> {
        change.check()?;
        for (place, condition) in change.conditions.iter().enumerate() {
            if !condition.holds(self.revision(condition.key())?) {
                return Ok(Outcome::Conflict {
                    condition: place,
                    key: condition.key().clone(),
                });
            }
        }
        let first_leaf = self.head.audit.size();
        if !change.is_empty() {
            self.head.generation += 1;
        }
        let revision = Revision(self.head.generation);
        for (key, value) in change.writes {
            self.write(key, revision, value);
        }
        for leaf in change.audit_leaves {
            audit_tree::append(&mut self.head.audit, leaf, &mut self.batch);
        }
        Ok(Outcome::Committed {
            revision,
            first_leaf,
        })
    }

    /// The head with all changes made, and the batch; `None` where nothing changes.
    pub(crate) fn finish(mut self) -> Option<(Head, Batch, bool)> {
        if self.batch.is_empty() {
            return None;
        }
        let removes = self.revisions.values().any(Option::is_none);
        self.batch.insert(HEAD.to_vec(), Some(self.head.encode()));
        Some((self.head, self.batch, removes))
    }

    fn revision(&self, key: &Key) -> Result<Option<Revision>, StoreError> {
        if let Some(revision) = self.revisions.get(key) {
            return Ok(*revision);
        }
        let found = self.engine.get(&row_key(key))?;
        found.map(|raw| decode_revision(&raw)).transpose()
    }

    fn write(&mut self, key: Key, revision: Revision, value: Option<Vec<u8>>) {
        let raw = value.map(|bytes| encode_value(revision.0, &bytes));
        self.revisions
            .insert(key.clone(), raw.as_ref().map(|_| revision));
        self.batch.insert(row_key(&key), raw);
    }
}
