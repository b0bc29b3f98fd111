//! The outbox: ballots on disk before a receipt leaves, with the promises that were made of them.
//!
//! ```text
//! 'V' <election><roll index 4><sequence 1><ballot key 20>   include-by 8 ‖ receipt signature 64 ‖ entry
//! ```
//!
//! One row a ballot, so that nothing else has to be written with it. Which of them wait is what
//! the ledger doesn't have.

use std::sync::Arc;

use symbolon_crypto::ecdsa::Signature;
use symbolon_election::{
    BallotKey, ElectionId, Entry, EntryHash, RollIndex, UnverifiedBallot, entry::entry_hash,
};
use symbolon_store::{Change, Key, KeyRange, Outcome, Store};

use crate::Error;

const BALLOT: u8 = b'V';
/// Rows read at a time.
const PAGE: usize = 512;

/// What a receipt promises, and its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promised {
    /// By when the ballot will be on the ledger.
    pub include_by: u64,
    /// The receipt's signature.
    pub signature: Signature,
}

/// A ballot with the promise that was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What was promised.
    pub promised: Promised,
    /// Its ledger entry.
    pub entry: Vec<u8>,
}

/// What became of a ballot that was handed in.
#[derive(Debug, PartialEq, Eq)]
pub enum Put {
    /// It is on disk now.
    New,
    /// It was there already, as the entry of this hash: a token that was issued again after a
    /// rotation of the token key bears another signature.
    Known(EntryHash, Promised),
    /// Another ballot of the same key, place and sequence was there.
    SequenceTaken,
}

/// A ballot's name, in the order of a batch: roll index, sequence, entry hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Its place of the roll.
    pub place: RollIndex,
    /// Its sequence.
    pub sequence: u8,
    /// Its entry's hash.
    pub hash: EntryHash,
    /// The key that signed it.
    pub key: BallotKey,
}

impl Name {
    /// The name of the ballot with this entry hash.
    pub fn new(ballot: &UnverifiedBallot, hash: EntryHash) -> Self {
        Self {
            place: ballot.roll_index,
            sequence: ballot.sequence,
            hash,
            key: ballot.ballot_key,
        }
    }
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

    /// What was promised of the ballot with this name, if it is the one that is there.
    pub async fn get(&self, election: &ElectionId, name: &Name) -> Result<Option<Promised>, Error> {
        let kept = self.row(election, name).await?;
        Ok(kept
            .filter(|kept| entry_hash(&kept.entry) == name.hash)
            .map(|kept| kept.promised))
    }

    async fn row(&self, election: &ElectionId, name: &Name) -> Result<Option<Kept>, Error> {
        let value = self.0.get_one(key(election, name)).await?;
        value.map(|value| decode(&value.bytes)).transpose()
    }

    /// Keeps a ballot, durably on return.
    pub async fn put(
        &self,
        election: &ElectionId,
        name: &Name,
        promised: &Promised,
        entry: &[u8],
    ) -> Result<Put, Error> {
        let row = key(election, name);
        let change = Change::new()
            .absent(row.clone())
            .put(row, encode(promised, entry));
        match self.0.commit_one(change).await? {
            Outcome::Committed { .. } => Ok(Put::New),
            Outcome::Conflict { .. } => {
                let kept = self.row(election, name).await?.ok_or(Error::Row)?;
                match same_ballot(&kept.entry, entry)? {
                    true => Ok(Put::Known(entry_hash(&kept.entry), kept.promised)),
                    false => Ok(Put::SequenceTaken),
                }
            }
        }
    }

    /// Writes a ballot's promise anew: nobody was told the earlier one.
    pub async fn promise(
        &self,
        election: &ElectionId,
        name: &Name,
        promised: &Promised,
        entry: &[u8],
    ) -> Result<(), Error> {
        let change = Change::new().put(key(election, name), encode(promised, entry));
        self.0.commit_one(change).await?;
        Ok(())
    }

    /// The names of an election's ballots after the last ones read, some at a time; empty at the
    /// end.
    pub async fn names(
        &self,
        election: &ElectionId,
        after: Option<&Name>,
    ) -> Result<Vec<Name>, Error> {
        let all = KeyRange::prefix(&Key::new(BALLOT, &[election.as_bytes()]));
        let range = match after {
            Some(name) => all.after(key(election, name)),
            None => all,
        };
        let rows = self.0.scan(range, PAGE).await?;
        rows.iter()
            .map(|row| {
                let entry = decode(&row.value.bytes)?.entry;
                match Entry::decode(&entry) {
                    Ok(Entry::Ballot(ballot)) => Ok(Name::new(&ballot, entry_hash(&entry))),
                    _ => Err(Error::Row),
                }
            })
            .collect()
    }

    /// The entries of ballots, in their order.
    pub async fn entries(
        &self,
        election: &ElectionId,
        names: &[Name],
    ) -> Result<Vec<Vec<u8>>, Error> {
        let mut entries = Vec::with_capacity(names.len());
        for page in names.chunks(PAGE) {
            let keys = page.iter().map(|name| key(election, name)).collect();
            for value in self.0.get(keys).await? {
                entries.push(decode(&value.ok_or(Error::Row)?.bytes)?.entry);
            }
        }
        Ok(entries)
    }
}

/// Whether two entries of one key, place and sequence are the same ballot: receipts promise a ballot,
/// whatever token it came with.
fn same_ballot(kept: &[u8], given: &[u8]) -> Result<bool, Error> {
    let ballot = |entry| match Entry::decode(entry) {
        Ok(Entry::Ballot(ballot)) => Ok(ballot.ballot()),
        _ => Err(Error::Row),
    };
    Ok(ballot(kept)? == ballot(given)?)
}

fn key(election: &ElectionId, name: &Name) -> Key {
    Key::new(
        BALLOT,
        &[
            election.as_bytes(),
            &name.place.0.to_be_bytes(),
            &[name.sequence],
            name.key.as_bytes(),
        ],
    )
}

fn encode(promised: &Promised, entry: &[u8]) -> Vec<u8> {
    [
        &promised.include_by.to_be_bytes(),
        promised.signature.as_bytes().as_slice(),
        entry,
    ]
    .concat()
}

fn decode(bytes: &[u8]) -> Result<Kept, Error> {
    let (include_by, rest) = bytes.split_first_chunk::<8>().ok_or(Error::Row)?;
    let (signature, entry) = rest.split_first_chunk::<64>().ok_or(Error::Row)?;
    Ok(Kept {
        promised: Promised {
            include_by: u64::from_be_bytes(*include_by),
            signature: Signature::from_bytes(*signature),
        },
        entry: entry.to_vec(),
    })
}
