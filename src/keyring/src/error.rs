//! What can go wrong with a ring; no message carries a key or a passphrase.

use crate::{KeyId, KeyState, Purpose, RingSecretId, TokenError};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, a key or a sealed record.
    #[error(transparent)]
    Crypto(#[from] symbolon_crypto::Error),
    /// The bytes are something else.
    #[error("not a ring file")]
    NotARing,
    /// A later version of this software wrote it.
    #[error("the ring file has version {0}; this software reads version 1")]
    OtherVersion(u16),
    /// It isn't what this software writes.
    #[error("the ring file is damaged: {0}")]
    Malformed(&'static str),
    /// A wrong passphrase, a wrong share or an altered file: they can't be told apart.
    #[error(
        "the ring doesn't open: the passphrase is wrong, or a share, or the ring file was altered"
    )]
    DoesNotOpen,
    /// Shares where the ring wants a passphrase or a PIN, or the other way round.
    #[error("the ring is unsealed in another way")]
    OtherUnsealing,
    /// The PKCS#11 token that unseals.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No second way of unsealing waits, or another one.
    #[error("no such way of unsealing waits for its proof")]
    NoSuchWay,
    /// The bytes are something else.
    #[error("not a share of an unsealed secret")]
    NotAShare,
    /// The root key opened, and yet the content isn't what was written with it.
    #[error("the ring file was altered")]
    Altered,
    /// The ring secret at hand belongs to another ring, or to an older one.
    #[error("the ring wants the ring secret {wanted}, which isn't there")]
    OtherRingSecret {
        /// The ID of the secret that the ring names.
        wanted: RingSecretId,
    },
    /// Somebody else wrote the ring file, or an earlier change was cut short.
    #[error("the ring file isn't the one that was opened; nothing was changed, start again")]
    ChangedOnDisk,
    /// A portal's name that can't be one.
    #[error("a portal's name has 1 to 64 characters: a to z, 0 to 9, '-', '_' and '.'")]
    InvalidPortalName,
    /// Not 64 lower-case hexadecimal digits.
    #[error("a registration ID has 64 lower-case hexadecimal digits")]
    InvalidRegistrationId,
    /// A live key of the purpose is there already.
    #[error("there is a key already for {0}")]
    AlreadyThere(Purpose),
    /// An election whose keys were destroyed stays forgotten.
    #[error("{0}: forgotten, and never minted again")]
    Forgotten(Purpose),
    /// There is no key with this ID, or none of this purpose.
    #[error("no such key")]
    NoSuchKey,
    /// Keys of this purpose keep one value for life.
    #[error("{0} is never rotated")]
    NeverRotated(Purpose),
    /// The key's state doesn't allow it.
    #[error("key {id} is {state}")]
    WrongState {
        /// The key.
        id: KeyId,
        /// Its state.
        state: KeyState,
    },
    /// The record was sealed under a key that is gone or was never there.
    #[error("the record was sealed under key {0}, which this ring doesn't hold")]
    UnknownSealingKey(KeyId),
    /// The record's bytes are damaged, or they belong elsewhere.
    #[error("the sealed record doesn't open")]
    RecordDoesNotOpen,
}
