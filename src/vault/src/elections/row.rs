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
    /// The roll statements in force.
    pub rolls: Vec<Vec<u8>>,
    /// A roll statement that waits for signatures; its leaves are written.
    pub pending_roll: Option<Vec<u8>>,
    /// Nothing is issued any more.
    pub ended: bool,
    /// SHA-256 of the issued list, once it is written.
    pub issued: Option<[u8; 32]>,
    /// The Close statement.
    pub close: Option<Vec<u8>>,
    /// The Certified statement.
    pub certified: Option<Vec<u8>>,
    /// The Cancelled statement.
    pub cancelled: Option<Vec<u8>>,
}

/// Where it stands in the store.
pub(super) fn key(id: &ElectionId) -> Key {
    Table::Election.key(&[id.as_bytes()])
}
