use serde::{Deserialize, Serialize};
use symbolon_election::Address;
use symbolon_store::Key;

use super::Table;

/// The officers that every manifest names, and how many of them must sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Officers {
    /// Strictly ascending.
    pub addresses: Vec<Address>,
    /// From 1 to their number.
    pub threshold: u8,
}

impl Officers {
    /// Where they stand.
    pub fn key() -> Key {
        Table::Meta.key(&[b"officers"])
    }
}

/// Who settles conflicts of identities: any two of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registrars {
    /// Strictly ascending.
    pub addresses: Vec<Address>,
}

impl Registrars {
    /// Where they stand, once officers have named them.
    pub fn key() -> Key {
        Table::Meta.key(&[b"registrars"])
    }
}

/// How many records became part of others. Whoever reads people by their rows reads again where
/// it changed meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merges {
    /// Ever.
    pub count: u64,
}

impl Merges {
    /// Where it stands, once there was one.
    pub fn key() -> Key {
        Table::Meta.key(&[b"merges"])
    }
}

/// The revision of the key ring that the rows were written with. Every change of a
/// record demands it, so none slips between two revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingMirror {
    /// The ring's revision.
    pub revision: u64,
}

impl RingMirror {
    /// Where it stands.
    pub fn key() -> Key {
        Table::Meta.key(&[b"ring"])
    }
}
