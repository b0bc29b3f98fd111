//! The public ledger, seen from both ends: the trait a writer's backend implements, and the
//! verifier that anyone runs over what the ledger shows.
//!
//! The crate holds no keys and writes nothing. A backend gives a [`Ledger`]. A reader feeds a
//! ledger's entries to a [`Verifier`], which reads what else it needs through a [`Transcript`],
//! and gives one [`Verdict`] in a [`Report`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backend;
mod batches;
mod book;
mod files;
mod findings;
mod judge;
pub mod layout;
mod parallel;
mod pins;
mod report;
mod roll;
mod source;
mod timeline;
mod verdict;
mod verifier;
mod violation;

pub use backend::{EntryHash, Ledger, LedgerError, LedgerFuture, Settled, Submitted};
pub use batches::Batches;
pub use findings::{Findings, MAX_LISTED};
pub use judge::{Judge, Judgement};
pub use pins::Pins;
pub use report::{ElectionReport, Report, Stage};
pub use source::{Chronicle, FileSource, RollSource, Transcript, Unread};
pub use timeline::{Sighting, Timeline};
pub use verdict::{Gap, Verdict};
pub use verifier::Verifier;
pub use violation::{Place, Rule, Violation};
