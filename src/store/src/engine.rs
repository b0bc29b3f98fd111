//! What the committer and the readers ask of an embedded database.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::StoreError;

/// Keys as the engine stores them.
pub(crate) type RawKey = Vec<u8>;

/// A key and its value as the engine stores them.
pub(crate) type RawRow = (RawKey, Vec<u8>);

/// Writes in the order of their keys; `None` removes.
pub(crate) type Batch = BTreeMap<RawKey, Option<Vec<u8>>>;

/// An ordered table of bytes, with calls that block.
pub(crate) trait Engine: Send + Sync + 'static {
    /// The value under a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The first `limit` rows between two bounds.
    fn range(
        &self,
        bounds: (Bound<RawKey>, Bound<RawKey>),
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError>;

    /// Fails with [`StoreError::Full`] where a batch of `bytes` would not find room.
    fn room(&self, bytes: u64) -> Result<(), StoreError>;

    /// Makes a batch visible as a whole.
    fn apply(&self, batch: Batch) -> Result<(), StoreError>;

    /// Returns once all that was applied is on disk.
    fn sync(&self) -> Result<(), StoreError>;

    /// Closes the engine, so that its files can be opened anew on return.
    fn close(self: Box<Self>) -> Result<(), StoreError>;

    /// Lets go of the engine without another write or sync, after one has failed.
    fn abandon(self: Box<Self>);
}
