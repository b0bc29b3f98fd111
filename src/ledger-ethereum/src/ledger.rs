//! The contract as a ledger to publish on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use symbolon_election::entry::{BALLOT, entry_hash};
use symbolon_election::{ContentHash, Entry, EntryHash};
use symbolon_ledger::{Ledger, LedgerError, LedgerFuture, Settled, Submitted};

use crate::sender::{Index, Refusal, Sender};
use crate::{Account, Chain, Config, EthereumError};

/// A ballot box that an account publishes on.
///
/// [`submit`](Ledger::submit) returns once every entry is there for good; while no node answers it
/// goes on trying. It may be dropped at any time: what was handed in goes its way. A ballot that
/// the contract passes over is answered by an error that names it, after the others were recorded;
/// the gateway checks all that the contract checks, so that is a ballot that came too late.
#[derive(Clone)]
pub struct EthereumLedger {
    sender: Arc<Mutex<Sender>>,
    index: Index,
    config: Arc<Config>,
    genesis: ContentHash,
    opened_at: u64,
}

impl EthereumLedger {
    /// Opens the ledger and reads what is settled on it.
    pub fn open(config: Config, account: Account) -> Result<Self, EthereumError> {
        let chain = Chain::open(&config)?;
        let mut sender = Sender::new(config.clone(), account, chain);
        sender.read()?;
        Ok(Self {
            index: Arc::clone(&sender.index),
            genesis: *sender.chain.genesis(),
            opened_at: sender.chain.tip().map_or(0, |tip| tip.time),
            sender: Arc::new(Mutex::new(sender)),
            config: Arc::new(config),
        })
    }

    /// The hash of the chain's genesis block, by which manifests name it.
    pub fn genesis(&self) -> &ContentHash {
        &self.genesis
    }

    /// The time of the block up to which everything was settled when the ledger was opened.
    pub fn opened_at(&self) -> u64 {
        self.opened_at
    }

    /// The statements that are there for good, whoever sent them, but for the first so many.
    pub async fn statements(&self, from: u64) -> Result<Vec<Vec<u8>>, LedgerError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let read = self.with(move |sender| {
            sender.read()?;
            Ok(sender.statements.iter().skip(from).cloned().collect())
        });
        Ok(read.await?)
    }

    /// The index of an entry that is there for good.
    pub fn index_of(&self, entry: &EntryHash) -> Option<u64> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.get(entry).copied()
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Sender) -> Result<T, EthereumError> + Send + 'static,
    ) -> Result<T, EthereumError> {
        let sender = Arc::clone(&self.sender);
        let work = move || {
            let mut sender = sender.lock().map_err(|_| EthereumError::Stopped)?;
            work(&mut sender)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or(Err(EthereumError::Stopped))
    }

    /// Everything settled, refused by the contract, or not yet.
    async fn look(&self, hashes: Arc<[EntryHash]>) -> Result<Option<Vec<u64>>, EthereumError> {
        self.with(move |sender| {
            let looked = sender.look(Instant::now());
            for (position, hash) in hashes.iter().enumerate() {
                if let Some(refusal) = sender.refused(hash) {
                    return Err(refusal.clone().at(position));
                }
            }
            let indexes = hashes.iter().map(|hash| sender.settled(hash)).collect();
            match (indexes, looked) {
                (Some(indexes), _) => Ok(Some(indexes)),
                (None, looked) => looked.map(|()| None),
            }
        })
        .await
    }

    async fn publish(&self, entries: Vec<Vec<u8>>) -> Result<Vec<u64>, EthereumError> {
        for (position, entry) in entries.iter().enumerate() {
            if let Err(error) = Entry::decode(entry) {
                let reason = error.to_string();
                return Err(EthereumError::Entry { position, reason });
            }
        }
        let hashes: Arc<[EntryHash]> = entries.iter().map(|entry| entry_hash(entry)).collect();
        let known = Arc::clone(&hashes);
        self.with(move |sender| {
            if entries.iter().any(|entry| entry.first() != Some(&BALLOT)) {
                sender.read()?;
            }
            for (position, (entry, hash)) in entries.iter().zip(&*known).enumerate() {
                if entry.first() == Some(&BALLOT) || sender.is_known(hash) {
                    continue;
                }
                match sender.try_statement(entry)? {
                    // The next block's time may be late enough, and costs little where it isn't.
                    Ok(()) | Err(Refusal::Early) => {}
                    Err(refusal) => return Err(refusal.at(position)),
                }
            }
            sender.enqueue(entries);
            Ok(())
        })
        .await?;
        loop {
            match self.look(Arc::clone(&hashes)).await {
                Ok(Some(indexes)) => return Ok(indexes),
                Ok(None) => {}
                Err(
                    error @ (EthereumError::Entry { .. }
                    | EthereumError::Early { .. }
                    | EthereumError::Reorganised(_)
                    | EthereumError::Stopped),
                ) => return Err(error),
                Err(error) => tracing::warn!(%error, "the chain is looked at again"),
            }
            tokio::time::sleep(self.config.look).await;
        }
    }
}

impl Ledger for EthereumLedger {
    fn submit(&self, entries: Vec<Vec<u8>>) -> LedgerFuture<'_, Vec<Submitted>> {
        Box::pin(async move {
            let indexes = self.publish(entries).await?;
            let settled = |index| Submitted::Settled { index };
            Ok(indexes.into_iter().map(settled).collect())
        })
    }

    fn settled(&self, from: u64, limit: usize) -> LedgerFuture<'_, Vec<Settled>> {
        Box::pin(async move {
            let read = self.with(move |sender| {
                sender.read()?;
                sender.chain.read_again(from, limit)
            });
            let entries = read.await?;
            Ok((from..)
                .zip(entries)
                .map(|(index, entry)| Settled { index, entry })
                .collect())
        })
    }

    fn settled_size(&self) -> LedgerFuture<'_, u64> {
        Box::pin(async move {
            let size = self.with(|sender| {
                sender.read()?;
                Ok(sender.chain.size())
            });
            Ok(size.await?)
        })
    }
}
