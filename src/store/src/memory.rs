//! A store in memory: the reference that other adapters are compared with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use symbolon_tlog::{
    Error, Hash, TileMap, TreeWriter, append, consistency_proof, inclusion_proof, leaf_hash,
};

use crate::{
    Change, Head, InstallationId, Key, KeyRange, Outcome, Revision, Row, Snapshot, SnapshotPages,
    Store, StoreError, StoreFuture, Value,
};

/// What [`MemoryStore`]s share: it outlives them as a disk does.
#[derive(Clone)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Clone)]
struct State {
    head: Head,
    rows: BTreeMap<Key, Value>,
    leaves: Vec<Vec<u8>>,
}

impl Memory {
    /// A store that nobody has changed yet.
    #[must_use]
    pub fn new(installation: InstallationId) -> Self {
        let head = Head::new(installation);
        Self(Arc::new(Mutex::new(State {
            head,
            rows: BTreeMap::new(),
            leaves: Vec::new(),
        })))
    }

    /// Opens it.
    #[must_use]
    pub fn open(&self) -> MemoryStore {
        MemoryStore {
            memory: Mutex::new(Some(self.clone())),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store without a disk, a thread or a queue: one lock, one map.
pub struct MemoryStore {
    memory: Mutex<Option<Memory>>,
}

impl MemoryStore {
    fn with<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> StoreFuture<'_, Result<T, StoreError>> {
        let memory = self
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let answer = match memory {
            Some(memory) => call(&mut memory.state()),
            None => Err(StoreError::Unavailable("it was closed".into())),
        };
        Box::pin(std::future::ready(answer))
    }
}

impl Store for MemoryStore {
    fn get(&self, keys: Vec<Key>) -> StoreFuture<'_, Result<Vec<Option<Value>>, StoreError>> {
        self.with(|state| {
            Ok(keys
                .iter()
                .map(|key| state.rows.get(key).cloned())
                .collect())
        })
    }

    fn scan(&self, range: KeyRange, limit: usize) -> StoreFuture<'_, Result<Vec<Row>, StoreError>> {
        self.with(|state| Ok(state.scan(&range, limit)))
    }

    fn commit(&self, changes: Vec<Change>) -> StoreFuture<'_, Vec<Result<Outcome, StoreError>>> {
        let count = changes.len();
        let answers = self.with(|state| Ok(changes.into_iter().map(|c| state.make(c)).collect()));
        Box::pin(async move {
            answers
                .await
                .unwrap_or_else(|error| vec![Err(error); count])
        })
    }

    fn audit_leaves(
        &self,
        start: u64,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        self.with(|state| Ok(state.leaves(start, limit)))
    }

    fn audit_inclusion(
        &self,
        index: u64,
        size: u64,
    ) -> StoreFuture<'_, Result<Option<Vec<Hash>>, StoreError>> {
        self.with(|state| Ok(state.prove(size, |tree| inclusion_proof(tree, index, size))))
    }

    fn audit_consistency(
        &self,
        first: u64,
        second: u64,
    ) -> StoreFuture<'_, Result<Option<Vec<Hash>>, StoreError>> {
        self.with(|state| Ok(state.prove(second, |tree| consistency_proof(tree, first, second))))
    }

    fn head(&self) -> StoreFuture<'_, Result<Head, StoreError>> {
        self.with(|state| Ok(state.head.clone()))
    }

    fn snapshot(&self) -> StoreFuture<'_, Result<Snapshot, StoreError>> {
        self.with(|state| Ok(Snapshot::new(state.head.clone(), Box::new(state.clone()))))
    }

    fn close(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        Box::pin(std::future::ready(Ok(())))
    }
}

impl State {
    fn make(&mut self, change: Change) -> Result<Outcome, StoreError> {
        change.check()?;
        for (condition, asked) in change.conditions.iter().enumerate() {
            let key = asked.key();
            if !asked.holds(self.rows.get(key).map(|value| value.revision)) {
                return Ok(Outcome::Conflict {
                    condition,
                    key: key.clone(),
                });
            }
        }
        let first_leaf = self.leaves.len() as u64;
        if !change.is_empty() {
            self.head.generation += 1;
        }
        let revision = Revision(self.head.generation);
        for (key, bytes) in change.writes {
            match bytes {
                Some(bytes) => self.rows.insert(key, Value { revision, bytes }),
                None => self.rows.remove(&key),
            };
        }
        for leaf in change.audit_leaves {
            self.head.audit.push(leaf_hash(&leaf));
            self.leaves.push(leaf);
        }
        Ok(Outcome::Committed {
            revision,
            first_leaf,
        })
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Vec<Row> {
        let within = self.rows.iter().filter(|(key, _)| range.contains(key));
        let rows = within.map(|(key, value)| Row {
            key: key.clone(),
            value: value.clone(),
        });
        rows.take(limit).collect()
    }

    /// A proof within the tree of the first `size` leaves, made of nothing but them.
    fn prove(
        &self,
        size: u64,
        prove: impl FnOnce(&TileMap) -> Result<Vec<Hash>, Error>,
    ) -> Option<Vec<Hash>> {
        let leaves = self.leaves.get(..usize::try_from(size).ok()?)?;
        let mut tiles = TileMap::new();
        let hashes = leaves.iter().map(|leaf| leaf_hash(leaf));
        tiles.extend(append(&mut TreeWriter::new(), hashes));
        prove(&tiles).ok()
    }

    fn leaves(&self, start: u64, limit: usize) -> Vec<Vec<u8>> {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        self.leaves
            .iter()
            .skip(start)
            .take(limit)
            .cloned()
            .collect()
    }
}

impl SnapshotPages for State {
    fn rows(&self, range: KeyRange, limit: usize) -> StoreFuture<'_, Result<Vec<Row>, StoreError>> {
        Box::pin(std::future::ready(Ok(self.scan(&range, limit))))
    }

    fn audit_leaves(
        &self,
        start: u64,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(std::future::ready(Ok(self.leaves(start, limit))))
    }
}
