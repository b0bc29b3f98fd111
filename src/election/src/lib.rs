//! The public vocabulary of an election: identifiers, statements, packed ledger
//! entries, published files, and the rules by which ballots count.
//!
//! Everything here is public by nature and everything is pure: no secrets, no
//! clock, no files, no network. What comes from outside is `Unverified…` or plain;
//! checking it gives a `Verified…` value, which can't be made in another way.
//!
//! Statements are EIP-712 typed data, signed with secp256k1 (see [`domain`] and
//! [`statement`]). On the ledger they are packed entries (see [`entry`]).
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod backup;
pub mod ballot;
pub mod choice;
pub mod complaint;
pub mod content;
pub mod destruction;
pub mod domain;
pub mod entry;
mod error;
pub mod ids;
pub mod issued;
pub mod issuers;
mod json;
pub mod ledger_keys;
pub mod manifest;
pub mod officers;
pub mod proposal;
pub mod receipt;
pub mod roll;
pub mod sealed;
pub mod shape;
pub mod standings;
pub mod statement;
pub mod tally;
pub mod trust;
pub mod typed;
pub mod typed_data;
pub mod verified;
pub mod words;

pub use symbolon_crypto::ecdsa::{Address, Signature};

pub use crate::backup::BackupNote;
pub use crate::ballot::{UnverifiedBallot, VerifiedBallot};
pub use crate::choice::Selections;
pub use crate::complaint::{Complaint, VerifiedComplaint};
pub use crate::content::{Content, LocalizedText, Question};
pub use crate::destruction::Destruction;
pub use crate::domain::Domain;
pub use crate::entry::{Entry, MAX_CHOICE, MAX_ENTRY};
pub use crate::error::Error;
pub use crate::ids::{
    BallotKey, ContentHash, DeliveryKey, Digest, ElectionId, EntryHash, ErasureId, InstallationId,
    LedgerHead, Nonce, RequestKey, RollIndex, RollRoot, TallyHash, TallyKey, TicketId, VoterId,
};
pub use crate::issued::IssuedList;
pub use crate::issuers::Issuers;
pub use crate::ledger_keys::LedgerKeys;
pub use crate::manifest::{Authority, Custody, UnverifiedManifest, VerifiedManifest};
pub use crate::receipt::{SignedReceipt, VerifiedReceipt};
pub use crate::sealed::{RequestPlaintext, TokenPlaintext};
pub use crate::shape::{QuestionShape, Shape};
pub use crate::standings::Standings;
pub use crate::statement::{
    Ballot, Cancelled, Certified, Close, IssueRequest, IssuerRotation, Manifest, Proposal, Receipt,
    RollStatement, Statement, Verdict, VotingToken,
};
pub use crate::tally::{Exclusion, Tally};
pub use crate::trust::TrustFile;
pub use crate::typed::Typed;
pub use crate::typed_data::SignatureFile;
pub use crate::verified::{Unverified, Verified};

/// The version tag of all constructions and files.
pub const VERSION: &str = "symbolon/v1";

#[cfg(test)]
mod tests;
