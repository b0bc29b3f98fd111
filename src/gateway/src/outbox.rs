//! The outbox: ballots on disk before a receipt leaves, and until the ledger has them.
//!
//! ```text
//! 'B' <entry hash>                                    include-by 8 ‖ receipt signature 64 ‖ entry
//! 'P' <election><roll index 4><ballot key 20><sequence 1>   the entry hash
//! 'Q' <election><roll index 4><sequence 1><entry hash>      waits for publication
//! ```
//!
//! The rows of a queue stand in the order of a batch.

use std::sync::Arc;

use symbolon_crypto::ecdsa::Signature;
use symbolon_election::{ElectionId, EntryHash, RollIndex, UnverifiedBallot};
use symbolon_store::{Change, Key, KeyRange, Outcome, Store};

use crate::Error;

const BALLOT: u8 = b'B';
const PLACE: u8 = b'P';
const QUEUE: u8 = b'Q';
/// Rows read at a time.
const PAGE: usize = 512;

/// A ballot with the promise that was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its ledger entry.
    pub entry: Vec<u8>,
    /// By when it will be on the ledger.
    pub include_by: u64,
    /// The receipt's signature.
    pub signature: Signature,
}

/// What became of a ballot that was handed in.
#[derive(Debug, PartialEq, Eq)]
pub enum Put {
    /// It is on disk now.
    New,
    /// It was there already.
    Known(Kept),
    /// Another ballot of the same key, place and sequence was there.
    SequenceTaken,
}

/// A ballot that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    key: Key,
    /// Its place of the roll.
    pub place: RollIndex,
    /// Its name.
    pub hash: EntryHash,
}

/// The outbox over a store.
#[derive(Clone)]
pub struct Outbox(Arc<dyn Store>);

impl Outbox {
    /// The outbox in this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        self.0.as_ref()
    }

    /// A ballot by its entry hash.
    pub async fn get(&self, hash: &EntryHash) -> Result<Option<Kept>, Error> {
        let value = self.0.get_one(ballot_key(hash)).await?;
        value.map(|value| decode(&value.bytes)).transpose()
    }

    /// Keeps a ballot, durably on return.
    pub async fn put(
        &self,
        hash: &EntryHash,
        ballot: &UnverifiedBallot,
        kept: &Kept,
    ) -> Result<Put, Error> {
        let place = place_key(ballot);
        let change = Change::new()
            .absent(ballot_key(hash))
            .absent(place.clone())
            .put(ballot_key(hash), encode(kept))
            .put(place, hash.as_bytes().to_vec())
            .put(queue_key(ballot, hash), Vec::new());
        match self.0.commit_one(change).await? {
            Outcome::Committed { .. } => Ok(Put::New),
            Outcome::Conflict { .. } => match self.get(hash).await? {
                Some(kept) => Ok(Put::Known(kept)),
                None => Ok(Put::SequenceTaken),
            },
        }
    }

    /// Writes a ballot's promise anew: nobody was told the earlier one.
    pub async fn promise(&self, hash: &EntryHash, kept: &Kept) -> Result<(), Error> {
        let change = Change::new().put(ballot_key(hash), encode(kept));
        self.0.commit_one(change).await?;
        Ok(())
    }

    /// What waits in an election, in the order of a batch.
    pub async fn waiting(&self, election: &ElectionId) -> Result<Vec<Waiting>, Error> {
        let all = KeyRange::prefix(&Key::new(QUEUE, &[election.as_bytes()]));
        let (mut range, mut waiting) = (all.clone(), Vec::new());
        loop {
            let rows = self.0.scan(range, PAGE).await?;
            for row in &rows {
                waiting.push(parse_queue_key(&row.key)?);
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => range = all.clone().after(last.key.clone()),
                _ => return Ok(waiting),
            }
        }
    }

    /// The entries of ballots, in their order.
    pub async fn entries(&self, waiting: &[Waiting]) -> Result<Vec<Vec<u8>>, Error> {
        let mut entries = Vec::with_capacity(waiting.len());
        for page in waiting.chunks(PAGE) {
            let keys = page.iter().map(|ballot| ballot_key(&ballot.hash)).collect();
            for value in self.0.get(keys).await? {
                entries.push(decode(&value.ok_or(Error::Row)?.bytes)?.entry);
            }
        }
        Ok(entries)
    }

    /// The ledger has these for good: they wait no longer.
    pub async fn settled(&self, waiting: &[Waiting]) -> Result<(), Error> {
        let pages = waiting.chunks(PAGE).map(|page| {
            page.iter().fold(Change::new(), |change, ballot| {
                change.delete(ballot.key.clone())
            })
        });
        for outcome in self.0.commit(pages.collect()).await {
            outcome?;
        }
        Ok(())
    }

    /// Whether a ballot still waits.
    pub async fn waits(&self, hash: &EntryHash, ballot: &UnverifiedBallot) -> Result<bool, Error> {
        Ok(self.0.get_one(queue_key(ballot, hash)).await?.is_some())
    }
}

fn ballot_key(hash: &EntryHash) -> Key {
    Key::new(BALLOT, &[hash.as_bytes()])
}

fn place_key(ballot: &UnverifiedBallot) -> Key {
    let index = ballot.roll_index.0.to_be_bytes();
    let election = ballot.election.as_bytes();
    Key::new(
        PLACE,
        &[
            election,
            &index,
            ballot.ballot_key.as_bytes(),
            &[ballot.sequence],
        ],
    )
}

fn queue_key(ballot: &UnverifiedBallot, hash: &EntryHash) -> Key {
    let index = ballot.roll_index.0.to_be_bytes();
    Key::new(
        QUEUE,
        &[
            ballot.election.as_bytes(),
            &index,
            &[ballot.sequence],
            hash.as_bytes(),
        ],
    )
}

fn parse_queue_key(key: &Key) -> Result<Waiting, Error> {
    let rest = key.name().get(32..).ok_or(Error::Row)?;
    let (index, rest) = rest.split_first_chunk::<4>().ok_or(Error::Row)?;
    let hash = rest.get(1..).ok_or(Error::Row)?;
    Ok(Waiting {
        key: key.clone(),
        place: RollIndex(u32::from_be_bytes(*index)),
        hash: EntryHash::from_slice(hash).map_err(|_| Error::Row)?,
    })
}

fn encode(kept: &Kept) -> Vec<u8> {
    [
        &kept.include_by.to_be_bytes(),
        kept.signature.as_bytes().as_slice(),
        &kept.entry,
    ]
    .concat()
}

fn decode(bytes: &[u8]) -> Result<Kept, Error> {
    let (include_by, rest) = bytes.split_first_chunk::<8>().ok_or(Error::Row)?;
    let (signature, entry) = rest.split_first_chunk::<64>().ok_or(Error::Row)?;
    Ok(Kept {
        include_by: u64::from_be_bytes(*include_by),
        signature: Signature::from_slice(signature).map_err(|_| Error::Row)?,
        entry: entry.to_vec(),
    })
}
