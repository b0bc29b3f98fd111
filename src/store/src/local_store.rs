//! [`Store`] as the embedded store fulfils it.

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

    fn head(&self) -> StoreFuture<'_, Result<Head, StoreError>> {
        Box::pin(async move {
            self.reader.shared.check()?;
            Ok(self.reader.shared.durable().head)
        })
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
