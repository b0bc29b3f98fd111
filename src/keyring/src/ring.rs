//! The ring in memory: sealed, open, and being changed.

mod edit;
mod format;
mod open;
mod sealed;
mod secret;

pub use edit::Edit;
pub(crate) use format::MAX_FILE as MAX_RING_FILE;
pub use open::Ring;
pub use sealed::SealedRing;
pub use secret::{RingSecret, RingSecretId};

#[cfg(test)]
mod tests;
