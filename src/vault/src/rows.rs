//! The store's tables and what their rows hold.

mod bytes;
mod meta;
mod record;

pub use meta::{Merges, Officers, Registrars, RingMirror};
pub(crate) use record::OpenRecord;
pub use record::{Knowing, Leading, Record, RecordId};

use serde::{Serialize, de::DeserializeOwned};
use symbolon_keyring::keys::IndexEntry;
use symbolon_store::{Key, KeyRange, Store, Value};

use crate::Error;

/// A table: the first byte of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Table {
    /// What there is once: officers, the ring's revision, counters.
    Meta = b'M',
    /// Sealed records by record ID.
    Record = b'R',
    /// Record IDs by blind index.
    Index = b'I',
    /// Record IDs by blinded registration ID.
    Registration = b'L',
    /// Conflicts by ticket.
    Ticket = b'C',
    /// Tickets by the blinded match keys of the request.
    TicketByKeys = b'D',
    /// People asked about, by day, portal and blinded match keys.
    Asked = b'B',
    /// Electorates by name.
    Electorate = b'E',
    /// Members by electorate and record ID.
    Member = b'e',
    /// Elections by ID.
    Election = b'V',
    /// Roll statements in force, by election and sequence.
    RollStatement = b'v',
    /// Issuances by election and blinded place.
    Issuance = b'T',
    /// Blinded places by election and blinded ballot key.
    BallotKey = b'K',
    /// Published statements by sequence.
    Statement = b'S',
    /// What stands still, by kind and name.
    Halt = b'H',
    /// Proposals by digest.
    Proposal = b'P',
    /// People whom no portal knows any more, by record ID: officers decide to erase them.
    Erasure = b'X',
    /// What officers granted beyond a budget, by portal.
    Grant = b'G',
}

impl Table {
    /// The key of a row.
    pub fn key(self, parts: &[&[u8]]) -> Key {
        Key::new(self as u8, parts)
    }

    /// All rows.
    pub fn all(self) -> KeyRange {
        KeyRange::table(self as u8)
    }

    /// What the keys of all rows begin with.
    pub fn prefix(self) -> Key {
        self.key(&[])
    }

    /// The name that binds a sealed row to its table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Record => "record",
            Self::Index => "index",
            Self::Registration => "registration",
            Self::Ticket => "ticket",
            Self::TicketByKeys => "ticket-by-keys",
            Self::Asked => "asked",
            Self::Electorate => "electorate",
            Self::Member => "member",
            Self::Election => "election",
            Self::RollStatement => "roll-statement",
            Self::Issuance => "issuance",
            Self::BallotKey => "ballot-key",
            Self::Statement => "statement",
            Self::Halt => "halt",
            Self::Proposal => "proposal",
            Self::Grant => "grant",
            Self::Erasure => "erasure",
        }
    }

    /// The key of a row that is found by a blinded value.
    pub fn blinded(self, entry: &IndexEntry) -> Key {
        self.key(&[&entry.to_bytes()])
    }

    /// Reads a row that [`encode`] wrote.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, Error> {
        match postcard::take_from_bytes(bytes) {
            Ok((row, [])) => Ok(row),
            _ => Err(Error::Row(self.name())),
        }
    }
}

/// A row of a table as what it holds, and as it was read.
pub(crate) async fn read<T: DeserializeOwned>(
    store: &dyn Store,
    table: Table,
    key: Key,
) -> Result<Option<(T, Value)>, Error> {
    let row = store.get_one(key).await?;
    let read = row.map(|row| Ok((table.decode(&row.bytes)?, row)));
    read.transpose()
}

/// The bytes of a row that holds no secret.
pub fn encode(row: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(row).expect("rows hold nothing that can't be serialised")
}

/// The record IDs of an index row.
pub fn encode_ids(ids: &[RecordId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.as_bytes()).collect()
}

/// Reads what [`encode_ids`] wrote.
pub fn decode_ids(bytes: &[u8]) -> Result<Vec<RecordId>, Error> {
    let (ids, []) = bytes.as_chunks::<{ RecordId::LENGTH }>() else {
        return Err(Error::Row(Table::Index.name()));
    };
    Ok(ids.iter().map(|id| RecordId::new(*id)).collect())
}
