//! What a verifier reads besides the entries themselves.

use symbolon_election::{ContentHash, ElectionId, LedgerHead, LedgerKeys, VoterId};

use crate::timeline::Timeline;

/// Why a published file can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It isn't there.
    #[error("{path} is missing")]
    Missing {
        /// Its path.
        path: String,
    },
    /// It is there, and can't be read.
    #[error("{path} can't be read: {reason}")]
    Unreadable {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Where a roll's leaves are read. Nothing it gives is trusted: the verifier compares the root.
pub trait RollSource {
    /// At most `count` leaves of an election's roll from place `from` on, in order, and at least
    /// one. Where the roll ends before `from` it is missing.
    fn leaves(
        &mut self,
        election: &ElectionId,
        from: u32,
        count: u32,
    ) -> Result<Vec<VoterId>, Unread>;
}

/// Where published files are read by their SHA-256, which the verifier compares.
pub trait FileSource {
    /// The file, if it has at most `limit` bytes.
    fn file(&mut self, sha256: &ContentHash, limit: u64) -> Result<Vec<u8>, Unread>;
}

/// What a ledger tells of itself beyond its entries.
///
/// A log's size counts its entries; a chain's is the number of its last block.
pub trait Chronicle {
    /// The times of its entries, as the listed cosigners of a log saw them.
    fn timeline(&mut self, keys: &LedgerKeys) -> Timeline;

    /// The times that a chain's blocks give its entries; none where this is no chain, or one of
    /// another genesis block.
    fn blocks(&mut self, _genesis: &ContentHash) -> Option<Timeline> {
        None
    }

    /// The ledger's root, or the block's hash, at a size that was there.
    fn head(&mut self, size: u64) -> Option<LedgerHead>;

    /// The ledger's size when so many entries were read.
    fn size(&mut self, entries: u64) -> u64 {
        entries
    }

    /// How many entries a ledger of a size has; none where it isn't that large yet.
    fn entries(&mut self, size: u64) -> Option<u64> {
        Some(size)
    }
}

/// All that a verifier reads of one ledger.
pub trait Transcript: RollSource + FileSource + Chronicle {}

impl<T: RollSource + FileSource + Chronicle> Transcript for T {}
