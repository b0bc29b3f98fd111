//! The rows of a snapshot that have been overwritten since.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use crate::engine::{Engine, RawKey, RawRow};
use crate::{Head, StoreError};

/// A snapshot's memory: what stood under a key before it was first written after the snapshot.
pub(crate) struct Overlay {
    pub(crate) head: Head,
    before: Mutex<BTreeMap<RawKey, Option<Vec<u8>>>>,
}

impl Overlay {
    pub(crate) fn new(head: Head) -> Self {
        Self {
            head,
            before: Mutex::default(),
        }
    }

    /// Keeps what stands under `keys`, before a batch overwrites it.
    pub(crate) fn keep<'a>(
        &self,
        engine: &dyn Engine,
        keys: impl Iterator<Item = &'a RawKey>,
    ) -> Result<(), StoreError> {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if !before.contains_key(key) {
                before.insert(key.clone(), engine.get(key)?);
            }
        }
        Ok(())
    }

    /// The first `limit` rows between `bounds` as they were.
    pub(crate) fn range(
        &self,
        engine: &dyn Engine,
        bounds: (Bound<RawKey>, Bound<RawKey>),
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        let (mut start, end) = bounds;
        let mut rows = Vec::new();
        while rows.len() < limit {
            let page = engine.range((start.clone(), end.clone()), limit)?;
            let next = page
                .last()
                .filter(|_| page.len() == limit)
                .map(|(key, _)| key.clone());
            let page_end = next.clone().map_or_else(|| end.clone(), Bound::Included);
            rows.extend(self.as_it_was(page, (start, page_end)));
            match next {
                Some(key) => start = Bound::Excluded(key),
                None => break,
            }
        }
        rows.truncate(limit);
        Ok(rows)
    }

    fn as_it_was(
        &self,
        page: Vec<RawRow>,
        bounds: (Bound<RawKey>, Bound<RawKey>),
    ) -> BTreeMap<RawKey, Vec<u8>> {
        let mut rows: BTreeMap<_, _> = page.into_iter().collect();
        if is_empty(&bounds) {
            return rows;
        }
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in before.range(bounds) {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        rows
    }
}

/// Whether nothing can lie between two bounds: `BTreeMap::range` panics on such.
pub(crate) fn is_empty(bounds: &(Bound<RawKey>, Bound<RawKey>)) -> bool {
    match bounds {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (
            Bound::Included(start) | Bound::Excluded(start),
            Bound::Included(end) | Bound::Excluded(end),
        ) => start >= end,
    }
}
