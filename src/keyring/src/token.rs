//! A key in a PKCS#11 token, which encrypts the unsealed secret of a ring: without the token and its PIN
//! nobody opens the ring.
//!
//! The key is AES-256, made in the token and never extracted. What it encrypts with AES-256-GCM, the
//! installation as associated data, lies in the ring's header.

mod module;

use std::{fmt, path::PathBuf};

use symbolon_crypto::aead;

pub(crate) use module::Token;

/// The unsealed secret, encrypted by the token: nonce, ciphertext, tag.
pub(crate) type Encrypted = [u8; 32 + aead::OVERHEAD];

/// Which key of which token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKey {
    token: String,
    key: String,
}

impl TokenKey {
    /// The labels of a token (1 to 32 bytes) and of its key (1 to 64 bytes), as PKCS#11 pads them: without
    /// blanks at the end.
    pub fn new(token: &str, key: &str) -> Result<Self, TokenError> {
        let possible = |label: &str, most| {
            (1..=most).contains(&label.len())
                && !label.contains(|c: char| c.is_control())
                && label.trim_end() == label
        };
        match possible(token, 32) && possible(key, 64) {
            true => Ok(Self {
                token: token.to_owned(),
                key: key.to_owned(),
            }),
            false => Err(TokenError::ImpossibleLabel),
        }
    }

    /// The token's label.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The key's label.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// What a token says of the tries that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// Nothing.
    Unsaid,
    /// Few.
    Few,
    /// One.
    One,
    /// None: the token is locked.
    None,
}

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsaid => "the token doesn't say how many tries are left",
            Self::Few => "the token says that few tries are left",
            Self::One => "the token says that one try is left",
            Self::None => "the token is locked",
        })
    }
}

/// Why a token doesn't do what it should. No message carries a PIN.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The configuration doesn't say which library.
    #[error(
        "keys.pkcs11_module: is missing; it names the library of the PKCS#11 token that unseals the ring"
    )]
    NoModule,
    /// There is no such library, or it isn't one for tokens.
    #[error("keys.pkcs11_module: {} can't be loaded: {reason}", path.display())]
    Module {
        /// The library.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// Labels that no token or key has.
    #[error(
        "a token's label has 1 to 32 bytes, a key's 1 to 64, without control characters and blanks at the end"
    )]
    ImpossibleLabel,
    /// No token of this label is there.
    #[error("no token labelled {0:?} is there")]
    NoToken(String),
    /// Two tokens have this label: which one is meant?
    #[error("two tokens are labelled {0:?}")]
    TwoTokens(String),
    /// The token has no such key, or several.
    #[error("the token has not exactly one AES key labelled {0:?}")]
    NoKey(String),
    /// A new ring wants a new key.
    #[error("the token has a key labelled {0:?} already; nothing was changed")]
    KeyThere(String),
    /// The PIN is wrong. It was tried once.
    #[error("the PIN is wrong; {0}")]
    WrongPin(Tries),
    /// The token takes no PIN any more.
    #[error("the token is locked: its security officer has to set a new PIN")]
    Locked,
    /// The key of this label isn't the one that encrypted.
    #[error(
        "the token's key doesn't open this ring: it is another key, or the ring file was altered"
    )]
    OtherKey,
    /// Whatever else the token's library said.
    #[error("the PKCS#11 token failed: {0}")]
    Failed(String),
}

#[cfg(test)]
mod tests;
