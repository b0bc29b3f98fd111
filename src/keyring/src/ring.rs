//! The ring in memory: sealed, open, and being changed.

mod edit;
mod format;
mod open;
mod sealed;
mod secret;
mod share;

pub use edit::Edit;
pub(crate) use format::MAX_FILE as MAX_RING_FILE;
pub use open::Ring;
pub use sealed::SealedRing;
pub use secret::{RingSecret, RingSecretId};
pub use share::{SHARE_BYTES, Share, Sharing};

use std::path::Path;

use symbolon_crypto::SecretString;

/// What somebody brings to unseal a ring.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// The passphrase.
    Passphrase(&'a SecretString),
    /// As many shares as it takes, in any order.
    Shares(&'a [Share]),
    /// What unlocks the PKCS#11 token.
    Token {
        /// The library of the token's maker.
        module: &'a Path,
        /// The PIN.
        pin: &'a SecretString,
    },
}

impl<'a> From<&'a SecretString> for Unlock<'a> {
    fn from(passphrase: &'a SecretString) -> Self {
        Self::Passphrase(passphrase)
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
