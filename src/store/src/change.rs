//! What is asked of a store in one piece.

use std::collections::BTreeMap;
use std::fmt;

use crate::key::{Key, MAX_VALUE, Revision};
use crate::{StoreError, Value};

/// What must hold for a change to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing stands under the key.
    Absent(Key),
    /// The value of this revision stands under the key.
    At(Key, Revision),
}

impl Condition {
    /// The key that the condition looks at.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Absent(key) | Self::At(key, _) => key,
        }
    }

    pub(crate) fn holds(&self, found: Option<Revision>) -> bool {
        match self {
            Self::Absent(_) => found.is_none(),
            Self::At(_, revision) => found == Some(*revision),
        }
    }
}

/// A change: made as a whole if all its conditions hold, else not at all.
///
/// `Debug` shows numbers only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) writes: BTreeMap<Key, Option<Vec<u8>>>,
    pub(crate) audit_leaves: Vec<Vec<u8>>,
}

impl Change {
    /// A change without conditions that changes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Demands that nothing stands under `key`.
    #[must_use]
    pub fn absent(mut self, key: Key) -> Self {
        self.conditions.push(Condition::Absent(key));
        self
    }

    /// Demands that the value of `revision` stands under `key`.
    #[must_use]
    pub fn at(mut self, key: Key, revision: Revision) -> Self {
        self.conditions.push(Condition::At(key, revision));
        self
    }

    /// Demands that `key` is as a read found it.
    #[must_use]
    pub fn unchanged(self, key: Key, found: Option<&Value>) -> Self {
        match found {
            Some(value) => self.at(key, value.revision),
            None => self.absent(key),
        }
    }

    /// Writes `value` under `key`; of several writes of one key the last counts.
    #[must_use]
    pub fn put(mut self, key: Key, value: Vec<u8>) -> Self {
        self.writes.insert(key, Some(value));
        self
    }

    /// Removes what stands under `key`, if anything does.
    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.writes.insert(key, None);
        self
    }

    /// Appends a leaf to the audit log.
    #[must_use]
    pub fn audit(mut self, leaf: Vec<u8>) -> Self {
        self.audit_leaves.push(leaf);
        self
    }

    /// The conditions, in the order in which they were added.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.audit_leaves.is_empty()
    }

    /// The bytes that it adds, roughly.
    pub(crate) fn weight(&self) -> u64 {
        let rows = self
            .writes
            .iter()
            .map(|(key, value)| key.as_bytes().len() + value.as_ref().map_or(0, Vec::len));
        let leaves = self.audit_leaves.iter().map(Vec::len);
        rows.chain(leaves).map(|length| length as u64).sum()
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.conditions
            .iter()
            .map(Condition::key)
            .chain(self.writes.keys())
            .try_for_each(Key::check)?;
        self.writes
            .values()
            .flatten()
            .try_for_each(|value| check_length("value", value))?;
        self.audit_leaves
            .iter()
            .try_for_each(|leaf| check_length("audit leaf", leaf))
    }
}

fn check_length(what: &'static str, bytes: &[u8]) -> Result<(), StoreError> {
    if bytes.len() > MAX_VALUE {
        return Err(StoreError::TooLong {
            what,
            length: bytes.len(),
            limit: MAX_VALUE,
        });
    }
    Ok(())
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("conditions", &self.conditions.len())
            .field("writes", &self.writes.len())
            .field("audit_leaves", &self.audit_leaves.len())
            .finish()
    }
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was made, and is on disk.
    Committed {
        /// The revision of every value that it wrote.
        revision: Revision,
        /// The index of its first leaf in the audit log; without leaves, where the next one goes.
        first_leaf: u64,
    },
    /// It was not made: a condition did not hold.
    Conflict {
        /// The first condition that failed, as its place in [`Change::conditions`].
        condition: usize,
        /// The key that it looked at.
        key: Key,
    },
}

impl Outcome {
    /// Whether the change was made.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::Committed { .. })
    }
}
