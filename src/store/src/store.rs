//! The trait that every adapter fulfils.

use std::future::Future;
use std::pin::Pin;

use symbolon_tlog::Hash;

use crate::{Change, Head, Key, KeyRange, Outcome, Row, StoreError, Value};

/// What a store's methods return; it borrows the store only.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A transactional, ordered table of rows with an audit log beside it.
///
/// The methods may be called from any task or thread; none keeps the caller's thread for longer
/// than reading a few rows takes.
pub trait Store: Send + Sync {
    /// The values under `keys`, in their order, all of one moment.
    fn get(&self, keys: Vec<Key>) -> StoreFuture<'_, Result<Vec<Option<Value>>, StoreError>>;

    /// The first `limit` rows of `range`, in the order of their keys, all of one moment.
    ///
    /// Fewer than `limit` rows are returned only where the range ends; go on with
    /// [`KeyRange::after`] the last one.
    fn scan(&self, range: KeyRange, limit: usize) -> StoreFuture<'_, Result<Vec<Row>, StoreError>>;

    /// Makes each of `changes` as a whole or not at all, independently of the others, and answers
    /// for each in its place once all that was made is on disk and visible.
    ///
    /// Changes of one call take effect in their order. Once the call has been taken in, dropping
    /// the future doesn't undo it: the changes are made all the same. A store with a full queue
    /// makes the caller wait.
    fn commit(&self, changes: Vec<Change>) -> StoreFuture<'_, Vec<Result<Outcome, StoreError>>>;

    /// Up to `limit` leaves of the audit log from index `start` on.
    fn audit_leaves(
        &self,
        start: u64,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<Vec<u8>>, StoreError>>;

    /// The [RFC 6962] proof that leaf `index` of the audit log is in its tree of `size` leaves;
    /// `None` where `index` isn't below `size`, or the log hasn't had so many leaves yet.
    ///
    /// [RFC 6962]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1
    fn audit_inclusion(
        &self,
        index: u64,
        size: u64,
    ) -> StoreFuture<'_, Result<Option<Vec<Hash>>, StoreError>>;

    /// The [RFC 6962] proof that the audit log's tree of `second` leaves extends that of `first`;
    /// `None` where `first` is greater than `second`, or the log hasn't had so many leaves yet.
    ///
    /// [RFC 6962]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1.2
    fn audit_consistency(
        &self,
        first: u64,
        second: u64,
    ) -> StoreFuture<'_, Result<Option<Vec<Hash>>, StoreError>>;

    /// Where the store stands.
    fn head(&self) -> StoreFuture<'_, Result<Head, StoreError>>;

    /// The store as it is now, to be read page by page while changes go on.
    fn snapshot(&self) -> StoreFuture<'_, Result<Snapshot, StoreError>>;

    /// Makes what was taken in, writes the checkpoint file, and gives the files free.
    ///
    /// Later calls are answered with [`StoreError::Unavailable`].
    fn close(&self) -> StoreFuture<'_, Result<(), StoreError>>;

    /// The value under `key`.
    fn get_one(&self, key: Key) -> StoreFuture<'_, Result<Option<Value>, StoreError>> {
        Box::pin(async move { Ok(self.get(vec![key]).await?.pop().flatten()) })
    }

    /// Makes one change: see [`Store::commit`].
    fn commit_one(&self, change: Change) -> StoreFuture<'_, Result<Outcome, StoreError>> {
        Box::pin(async move {
            let answer = self.commit(vec![change]).await.pop();
            answer.unwrap_or(Err(StoreError::Indeterminate))
        })
    }
}

/// The pages of a snapshot: what an adapter provides for [`Snapshot`].
pub trait SnapshotPages: Send + Sync {
    /// The first `limit` rows of `range` as they were.
    fn rows(&self, range: KeyRange, limit: usize) -> StoreFuture<'_, Result<Vec<Row>, StoreError>>;

    /// Up to `limit` audit leaves from `start` on, of those that there were.
    fn audit_leaves(
        &self,
        start: u64,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<Vec<u8>>, StoreError>>;
}

/// A store as it was at one moment, for backups.
///
/// Dropping it gives its memory free: until then every row that is overwritten is kept.
pub struct Snapshot {
    head: Head,
    pages: Box<dyn SnapshotPages>,
}

impl Snapshot {
    /// A snapshot of `head`, read through `pages`.
    #[must_use]
    pub fn new(head: Head, pages: Box<dyn SnapshotPages>) -> Self {
        Self { head, pages }
    }

    /// Where the store stood.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The first `limit` rows of `range` as they were.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn rows(&self, range: KeyRange, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.pages.rows(range, limit).await
    }

    /// Up to `limit` audit leaves from `start` on, of those that there were.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn audit_leaves(&self, start: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.pages.audit_leaves(start, limit).await
    }
}
