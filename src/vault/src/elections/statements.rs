//! Published statements in the order of their publication.

use symbolon_service::reasons::Reason;
use symbolon_store::{Change, Key, KeyRange};

use crate::{
    Error,
    core::Core,
    rows::{Table, encode},
};

/// The most statements of an answer.
const PAGE: usize = 64;

/// Statements after a position.
pub struct Statements {
    /// Ledger entries.
    pub entries: Vec<Vec<u8>>,
    /// Where to go on.
    pub next: u64,
}

impl Core {
    /// The statements after the first `after`, a page of them.
    pub async fn statements(&self, after: u64) -> Result<Statements, Error> {
        let start = after.checked_add(1).ok_or(Reason::OutOfRange)?;
        let range = KeyRange::between(key(start), key(u64::MAX));
        let rows = self.store.scan(range, PAGE).await?;
        let next = after + rows.len() as u64;
        let entries = rows.into_iter().map(|row| row.value.bytes).collect();
        Ok(Statements { entries, next })
    }

    /// Told after each publication.
    pub fn watch_statements(&self) -> tokio::sync::watch::Receiver<u64> {
        self.elections.published.subscribe()
    }

    /// Adds statements to a change; returns how many there are then.
    pub(super) async fn append_statements(
        &self,
        change: Change,
        entries: &[&[u8]],
    ) -> Result<(Change, u64), Error> {
        let counter = Table::Meta.key(&[b"statements"]);
        let found = self.store.get_one(counter.clone()).await?;
        let last: u64 = found
            .as_ref()
            .map_or(Ok(0), |value| Table::Meta.decode(&value.bytes))?;
        let next = last + entries.len() as u64;
        let change = change
            .unchanged(counter.clone(), found.as_ref())
            .put(counter, encode(&next));
        let numbered = (last + 1..).zip(entries);
        let change = numbered.fold(change, |change, (number, entry)| {
            change.put(key(number), entry.to_vec())
        });
        Ok((change, next))
    }
}

fn key(number: u64) -> Key {
    Table::Statement.key(&[&number.to_be_bytes()])
}
