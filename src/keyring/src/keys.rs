//! Typed keys: one method for each thing that a key may say.

mod audit;
mod domain;
mod election;
mod index;
mod sealing;

pub use audit::{AuditKey, Subject};
pub use domain::PortalDomainKey;
pub use election::{ElectionKeys, RowKeys, RowTag};
pub use index::{IndexEntry, IndexKey};
pub use sealing::{RECORD_OVERHEAD, RecordPlace, SealingKey};

pub(crate) use election::issuer_scalar;

#[cfg(test)]
mod tests;
