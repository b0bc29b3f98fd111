//! Reading a store: a few rows on the caller's thread, many on threads of their own.
//!
//! A row that is in memory is read in less time than another thread takes to wake up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use symbolon_tlog::Hash;

use crate::audit_tree::AuditTree;
use crate::layout::{decode_row, decode_value, leaf_bounds, row_bounds, row_key};
use crate::overlay::Overlay;
use crate::pool::Pool;
use crate::shared::{Applied, Shared};
use crate::{Key, KeyRange, Row, SnapshotPages, StoreError, StoreFuture, Value};

/// The most rows that are read on the caller's thread.
const FEW: usize = 16;

/// The threads that read, and what they read.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pool: Pool,
}

impl Reader {
    /// Reads at one moment.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Applied) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.shared.check()?;
        let shared = Arc::clone(&self.shared);
        let found = self.pool.run(move || shared.read(read)).await;
        found.ok_or_else(failed)?
    }

    /// Reads a few rows here and now; `None`: a batch is being applied.
    fn read_here<T>(
        &self,
        read: impl FnOnce(&Applied) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.shared.check()?;
        let reading = AssertUnwindSafe(|| self.shared.try_read(read));
        catch_unwind(reading).map_err(|_| failed())?.transpose()
    }

    /// The values under `keys`, once they can't be lost any more.
    pub(crate) async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Value>>, StoreError> {
        let here = match keys.len() {
            0..=FEW => self.read_here(|applied| get(applied, &keys))?,
            _ => None,
        };
        let (values, removal) = match here {
            Some(found) => found,
            None => self.read(move |applied| get(applied, &keys)).await?,
        };
        let newest = values.iter().flatten().map(|value| value.revision.0).max();
        self.shared
            .until_durable(newest.unwrap_or(0).max(removal))
            .await?;
        Ok(values)
    }

    /// The rows of a range, once they can't be lost any more.
    pub(crate) async fn scan(&self, range: KeyRange, limit: usize) -> Result<Vec<Row>, StoreError> {
        let (rows, removal) = self
            .read(move |applied| scan(applied, &range, limit))
            .await?;
        let newest = rows.iter().map(|row| row.value.revision.0).max();
        self.shared
            .until_durable(newest.unwrap_or(0).max(removal))
            .await?;
        Ok(rows)
    }

    /// Audit leaves, of those before `end`.
    pub(crate) async fn leaves(
        &self,
        start: u64,
        end: u64,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(move |applied| leaves(applied, start, end, limit))
            .await
    }

    /// A proof about audit leaves that are on disk.
    pub(crate) async fn prove(
        &self,
        prove: impl FnOnce(AuditTree<'_>) -> Result<Vec<Hash>, StoreError> + Send + 'static,
    ) -> Result<Vec<Hash>, StoreError> {
        self.read(move |applied| prove(AuditTree(applied.engine.as_ref())))
            .await
    }

    /// A snapshot of what is on disk.
    pub(crate) async fn snapshot(&self) -> Result<Pages, StoreError> {
        let overlay = self.read(|applied| Ok(take_snapshot(applied))).await?;
        self.shared.until_durable(overlay.head.generation()).await?;
        Ok(Pages {
            reader: self.clone(),
            overlay,
        })
    }
}

/// The pages of one snapshot.
pub(crate) struct Pages {
    reader: Reader,
    pub(crate) overlay: Arc<Overlay>,
}

impl SnapshotPages for Pages {
    fn rows(&self, range: KeyRange, limit: usize) -> StoreFuture<'_, Result<Vec<Row>, StoreError>> {
        let overlay = Arc::clone(&self.overlay);
        Box::pin(self.reader.read(move |applied| {
            let rows = overlay.range(applied.engine.as_ref(), row_bounds(&range), limit)?;
            rows.into_iter().map(decode_row).collect()
        }))
    }

    fn audit_leaves(
        &self,
        start: u64,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(
            self.reader
                .leaves(start, self.overlay.head.audit_size(), limit),
        )
    }
}

/// The values, and the last generation that removed a row.
fn get(applied: &Applied, keys: &[Key]) -> Result<(Vec<Option<Value>>, u64), StoreError> {
    let value = |key: &Key| match applied.engine.get(&row_key(key))? {
        Some(raw) => decode_value(raw).map(Some),
        None => Ok(None),
    };
    Ok((
        keys.iter().map(value).collect::<Result<_, _>>()?,
        applied.last_removal,
    ))
}

/// The rows, and the last generation that removed a row.
fn scan(applied: &Applied, range: &KeyRange, limit: usize) -> Result<(Vec<Row>, u64), StoreError> {
    let rows = applied.engine.range(row_bounds(range), limit)?;
    Ok((
        rows.into_iter().map(decode_row).collect::<Result<_, _>>()?,
        applied.last_removal,
    ))
}

fn failed() -> StoreError {
    StoreError::Corrupt("reading it failed".into())
}

fn leaves(
    applied: &Applied,
    start: u64,
    end: u64,
    limit: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let wanted = end.saturating_sub(start).min(limit as u64);
    let bounds = leaf_bounds(start, start.saturating_add(wanted));
    let rows = applied.engine.range(bounds, limit)?;
    if rows.len() as u64 != wanted {
        return Err(StoreError::Corrupt("its audit log has a hole".into()));
    }
    Ok(rows.into_iter().map(|(_, leaf)| leaf).collect())
}

fn take_snapshot(applied: &Applied) -> Arc<Overlay> {
    let overlay = Arc::new(Overlay::new(applied.head.clone()));
    applied.snapshots().push(Arc::downgrade(&overlay));
    overlay
}
