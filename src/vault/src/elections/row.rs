use serde::{Deserialize, Serialize};
use symbolon_election::ElectionId;
use symbolon_store::Key;

use super::Entitled;
use crate::rows::Table;

/// Where an election stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Filled in; the officers haven't signed yet. Nobody outside knows of it.
    Draft,
    /// Public. Tokens are issued between opens and closes.
    Open,
    /// Close is signed.
    Closed,
    /// The result is signed.
    Certified,
    /// Off.
    Cancelled,
}

impl Stage {
    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Certified => "certified",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An election's row. Statements are ledger entries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ElectionRow {
    /// Where it stands.
    pub stage: Stage,
    /// Who is entitled.
    pub entitled: Entitled,
    /// The manifest; without signatures in a draft.
    pub manifest: Vec<u8>,
    /// How many roll statements are in force; each stands in a row of its own.
    pub rolls: u32,
    /// A roll statement that waits for signatures; its leaves are written.
    pub pending_roll: Option<Vec<u8>>,
    /// The rotations of the token key, the first one first.
    pub rotations: Vec<Vec<u8>>,
    /// Nothing is issued any more.
    pub ended: bool,
    /// The issued list, once it is written.
    pub issued: Option<Issued>,
    /// The Close statement.
    pub close: Option<Vec<u8>>,
    /// The Certified statement.
    pub certified: Option<Vec<u8>>,
    /// The Cancelled statement.
    pub cancelled: Option<Vec<u8>>,
}

/// What is known of the issued list.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Issued {
    /// Its SHA-256.
    pub list: [u8; 32],
    /// How many tokens were issued.
    pub count: u64,
}

/// Where it stands in the store.
pub(super) fn key(id: &ElectionId) -> Key {
    Table::Election.key(&[id.as_bytes()])
}

/// Where the roll statement of a sequence stands.
pub(super) fn roll_key(id: &ElectionId, sequence: u32) -> Key {
    Table::RollStatement.key(&[id.as_bytes(), &sequence.to_be_bytes()])
}
