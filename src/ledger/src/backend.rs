//! What a backend of the ledger offers to those who publish.

use std::future::Future;
use std::pin::Pin;

pub use symbolon_election::EntryHash;
use symbolon_election::entry::entry_hash;

/// What became of one entry handed to [`Ledger::submit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// The ledger took it durably; it will settle.
    Accepted,
    /// It stands on the ledger for good, at this index.
    Settled {
        /// Its place on the ledger, from 0.
        index: u64,
    },
}

/// An entry that is on the ledger for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its place on the ledger, from 0.
    pub index: u64,
    /// Its bytes.
    pub entry: Vec<u8>,
}

impl Settled {
    /// Its name.
    pub fn hash(&self) -> EntryHash {
        entry_hash(&self.entry)
    }
}

/// Why a backend didn't do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// One entry isn't well-formed, well-signed or in time; none of the call was taken.
    #[error("entry {position} refused: {reason}")]
    Refused {
        /// Its position in the call.
        position: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// One entry comes before its time, as the ledger's clock has it; none of the call was taken.
    #[error("entry {position} comes before its time")]
    Early {
        /// Its position in the call.
        position: usize,
    },
    /// Nobody knows whether it was taken: submit again, it is idempotent.
    #[error("outcome unknown: {0}")]
    Indeterminate(String),
    /// Nothing was taken; later may be better.
    #[error("ledger unavailable: {0}")]
    Unavailable(String),
    /// No room; nothing was taken.
    #[error("ledger full")]
    Full,
    /// What is stored contradicts itself; the backend takes nothing any more.
    #[error("ledger corrupt: {0}")]
    Corrupt(String),
}

/// What the methods of [`Ledger`] return.
pub type LedgerFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, LedgerError>> + Send + 'a>>;

/// A public ledger to publish on. Object-safe: publishers hold a `dyn Ledger`.
///
/// The ledger, not the publisher's memory, says what is published: after a crash a publisher
/// reads [`settled`](Ledger::settled) and submits the rest again.
pub trait Ledger: Send + Sync {
    /// Takes entries, in this order. Idempotent by [`EntryHash`]: an entry that is already there,
    /// or stands twice in the call, is answered like the first one and not added again.
    ///
    /// On success the answer has one item an entry, and each is durable. On an error nothing of
    /// the call was taken, but for [`LedgerError::Indeterminate`].
    fn submit(&self, entries: Vec<Vec<u8>>) -> LedgerFuture<'_, Vec<Submitted>>;

    /// The entries from index `from` on that are there for good, in order, at most `limit`.
    /// Empty when there is none yet.
    fn settled(&self, from: u64, limit: usize) -> LedgerFuture<'_, Vec<Settled>>;

    /// How many entries are there for good.
    fn settled_size(&self) -> LedgerFuture<'_, u64>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trait_is_object_safe() {
        fn takes(_: Option<&dyn Ledger>) {}
        takes(None);
    }
}
