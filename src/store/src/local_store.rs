//! [`Store`] as the embedded store fulfils it.

use symbolon_tlog::Hash;

use crate::audit_tree::AuditTree;
use crate::{
    Change, Head, Key, KeyRange, LocalStore, Outcome, Row, Snapshot, Store, StoreError,
    StoreFuture, Value,
};

impl Store for LocalStore {
    fn get(&self, keys: Vec<Key>) -> StoreFuture<'_, Result<Vec<Option<Value>>, StoreError>> {
        Box::pin(self.reader.get(keys))
    }

    fn scan(&self, range: KeyRange, limit: usize) -> StoreFuture<'_, Result<Vec<Row>, StoreError>> {
        Box::pin(self.reader.scan(range, limit))
    }

    fn commit(&self, changes: Vec<Change>) -> StoreFuture<'_, Vec<Result<Outcome, StoreError>>> {
        Box::pin(self.submit(changes))
    }

    fn audit_leaves(
        &self,
        start: u64,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        let end = self.reader.shared.durable().head.audit_size();
        Box::pin(self.reader.leaves(start, end, limit))
    }

    fn audit_inclusion(
        &self,
        index: u64,
        size: u64,
    ) -> StoreFuture<'_, Result<Option<Vec<Hash>>, StoreError>> {
        Box::pin(async move {
            if index >= size || size > self.on_disk()?.audit_size() {
                return Ok(None);
            }
            let prove = move |tree: AuditTree<'_>| tree.inclusion(index, size);
            self.reader.prove(prove).await.map(Some)
        })
    }

    fn audit_consistency(
        &self,
        first: u64,
        second: u64,
    ) -> StoreFuture<'_, Result<Option<Vec<Hash>>, StoreError>> {
        Box::pin(async move {
            if first > second || second > self.on_disk()?.audit_size() {
                return Ok(None);
            }
            let prove = move |tree: AuditTree<'_>| tree.consistency(first, second);
            self.reader.prove(prove).await.map(Some)
        })
    }

    fn head(&self) -> StoreFuture<'_, Result<Head, StoreError>> {
        Box::pin(async move { self.on_disk() })
    }

    fn snapshot(&self) -> StoreFuture<'_, Result<Snapshot, StoreError>> {
        Box::pin(async move {
            let pages = self.reader.snapshot().await?;
            Ok(Snapshot::new(pages.overlay.head.clone(), Box::new(pages)))
        })
    }

    fn close(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.hang_up();
            self.reader.shared.until_closed().await
        })
    }
}

impl LocalStore {
    /// Where the store stands on disk, while it runs.
    fn on_disk(&self) -> Result<Head, StoreError> {
        self.reader.shared.check()?;
        Ok(self.reader.shared.durable().head)
    }
}
