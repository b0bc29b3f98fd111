//! The log as a ledger to publish on.

use std::sync::{Arc, Mutex, MutexGuard};

use symbolon_ledger::{Ledger, LedgerError, LedgerFuture, Settled, Submitted};
use symbolon_tlog::{Hash, SignedCheckpoint};

use crate::LogError;
use crate::disk::{Disk, Folder};
use crate::files::Files;
use crate::log::{Log, Shown};
use crate::reader::LogReader;

/// Unix seconds, from whoever owns a clock.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Where an entry stands: its index, and the proof that a checkpoint covers it.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// The entry's index.
    pub index: u64,
    /// From the leaf up.
    pub proof: Vec<Hash>,
    /// The checkpoint that the proof leads to.
    pub checkpoint: SignedCheckpoint,
}

/// A log shared by the tasks of its process. What it acknowledges is on disk and
/// covered by a checkpoint: all that it takes settles at once. Who reads doesn't wait for who
/// writes.
pub struct LogLedger<D: Disk = Folder> {
    log: Arc<Mutex<Log<D>>>,
    shown: Shown,
    reader: LogReader<Arc<D>>,
    files: Files<D>,
    clock: Clock,
}

impl<D: Disk> Clone for LogLedger<D> {
    fn clone(&self) -> Self {
        let (log, reader) = (self.log.clone(), self.reader.clone());
        Self {
            log,
            shown: self.shown.clone(),
            reader,
            files: self.files.clone(),
            clock: self.clock.clone(),
        }
    }
}

impl<D: Disk> LogLedger<D> {
    /// Shares a log.
    pub fn new(log: Log<D>, clock: Clock) -> Self {
        let (reader, files) = (log.reader(), log.files());
        Self {
            shown: log.shown(),
            log: Arc::new(Mutex::new(log)),
            reader,
            files,
            clock,
        }
    }

    /// To read what is published.
    pub fn reader(&self) -> &LogReader<Arc<D>> {
        &self.reader
    }

    /// To publish rolls and content.
    pub fn files(&self) -> &Files<D> {
        &self.files
    }

    /// The latest checkpoint.
    pub fn checkpoint(&self) -> SignedCheckpoint {
        self.shown.read().head.clone()
    }

    /// Where an entry stands, by its leaf hash; none if it isn't there. Proved to the first
    /// checkpoint that covers it, whose earliest cosignatures give the entry its time.
    pub async fn inclusion(&self, entry_hash: Hash) -> Result<Option<Inclusion>, LogError> {
        let (index, size, latest) = {
            let view = self.shown.read();
            let Some(index) = view.index.get(&entry_hash).copied() else {
                return Ok(None);
            };
            (index, view.first_size_beyond(index), view.head.clone())
        };
        self.blocking(move |this| {
            let checkpoint = match size == latest.checkpoint().size() {
                true => latest,
                false => this.reader.checkpoint_at(size)?,
            };
            let proof = this
                .reader
                .inclusion_proof(index, checkpoint.checkpoint().size())?;
            Ok(Some(Inclusion {
                index,
                proof,
                checkpoint,
            }))
        })
        .await
    }

    /// Whether an entry is there, by its leaf hash.
    pub fn has(&self, entry: &Hash) -> bool {
        self.shown.read().index.contains_key(entry)
    }

    /// Cosigns the latest checkpoint again: until now nothing was added.
    pub async fn heartbeat(&self) -> Result<(), LogError> {
        self.blocking(|this| this.lock()?.heartbeat((this.clock)()))
            .await
    }

    /// Adds a witness's line to the checkpoint of a size.
    pub async fn add_cosignature(&self, size: u64, line: String) -> Result<bool, LogError> {
        self.blocking(move |this| this.lock()?.add_cosignature(size, &line))
            .await
    }

    fn lock(&self) -> Result<MutexGuard<'_, Log<D>>, LogError> {
        self.log.lock().map_err(|_| LogError::Stopped)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(this))
            .await
            .unwrap_or(Err(LogError::Stopped))
    }
}

impl<D: Disk> Ledger for LogLedger<D> {
    fn submit(&self, entries: Vec<Vec<u8>>) -> LedgerFuture<'_, Vec<Submitted>> {
        Box::pin(async move {
            let appended = self.blocking(move |this| {
                let now = (this.clock)();
                this.lock()?.append_batch(&entries, now)
            });
            let indices = appended.await.map_err(LedgerError::from)?;
            Ok(indices
                .into_iter()
                .map(|index| Submitted::Settled { index })
                .collect())
        })
    }

    fn settled(&self, from: u64, limit: usize) -> LedgerFuture<'_, Vec<Settled>> {
        Box::pin(async move {
            let size = self.checkpoint().checkpoint().size();
            let read = self.blocking(move |this| this.reader.entries(from, limit, size));
            let entries = read.await.map_err(LedgerError::from)?;
            Ok((from..)
                .zip(entries)
                .map(|(index, entry)| Settled { index, entry })
                .collect())
        })
    }

    fn settled_size(&self) -> LedgerFuture<'_, u64> {
        Box::pin(async move { Ok(self.checkpoint().checkpoint().size()) })
    }
}

#[cfg(test)]
mod tests;
