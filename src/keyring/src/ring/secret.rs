//! The ring secret: 32 bytes on another medium than the ring.

use std::fmt;

use symbolon_crypto::{Secret, kdf, labels, random::CryptoRng};

/// The ring secret.
pub struct RingSecret(Secret<32>);

impl RingSecret {
    /// A fresh one.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// The ring secret with this value, from its file.
    pub fn new(value: Secret<32>) -> Self {
        Self(value)
    }

    /// Its name, by which a ring tells which secret it wants.
    pub fn id(&self) -> RingSecretId {
        RingSecretId(*kdf::derive::<16>(self.0.expose(), labels::RING_SECRET_ID, &[]).expose())
    }

    /// The bytes, for its file and for the ring's key.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// The name of a ring secret. It tells nothing about the secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RingSecretId(pub(super) [u8; 16]);

impl RingSecretId {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for RingSecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RingSecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RingSecretId({self})")
    }
}
