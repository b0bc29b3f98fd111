//! The ring in memory: sealed, open, and being changed.

mod edit;
mod format;
mod open;
mod sealed;
mod secret;
mod share;
mod way;

pub use edit::Edit;
pub(crate) use format::MAX_FILE as MAX_RING_FILE;
pub use open::Ring;
pub use sealed::SealedRing;
pub use secret::{RingSecret, RingSecretId};
pub use share::{SHARE_BYTES, Share, Sharing};
pub use way::{MadeWay, NewWay, WayId};

use std::path::Path;

use symbolon_crypto::SecretString;

/// What somebody brings to unseal a ring.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// The passphrase; or a PIN, where a token unseals and its library is known.
    Words {
        /// The words.
        words: &'a SecretString,
        /// The library of the token's maker.
        module: Option<&'a Path>,
    },
    /// As many shares as it takes, in any order.
    Shares(&'a [Share]),
}

impl<'a> From<&'a SecretString> for Unlock<'a> {
    fn from(words: &'a SecretString) -> Self {
        Self::Words {
            words,
            module: None,
        }
    }
}

impl<'a> From<&'a [Share]> for Unlock<'a> {
    fn from(shares: &'a [Share]) -> Self {
        Self::Shares(shares)
    }
}

#[cfg(test)]
mod share_tests;
#[cfg(test)]
mod tests;
