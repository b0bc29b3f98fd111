//! secp256k1 as Ethereum uses it: deterministic low-s signatures of 32-byte digests, addresses instead of
//! public keys.

mod address;
mod signature;

pub use address::Address;
pub use signature::Signature;

use secp256k1::{Message, PublicKey, SecretKey, ecdsa::RecoverableSignature};

use crate::{Error, Secret, random::CryptoRng};

/// A secret key that signs, with its address.
pub struct SigningKey {
    secret: Secret<32>,
    address: Address,
}

impl SigningKey {
    /// The key with these bytes. Zero, and what isn't below the order of the curve, is refused.
    pub fn new(secret: Secret<32>) -> Result<Self, Error> {
        let mut scalar = scalar(&secret)?;
        let address = address_of(&PublicKey::from_secret_key(&scalar));
        scalar.non_secure_erase();
        Ok(Self {
            secret,
            address: address?,
        })
    }

    /// A fresh random key.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        loop {
            if let Ok(key) = Self::new(Secret::random(rng)) {
                return key;
            }
        }
    }

    /// The address of the key.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The secret, for whoever writes it to a key file.
    pub fn expose_secret(&self) -> &Secret<32> {
        &self.secret
    }

    /// The signature of a digest: RFC 6979, low s.
    pub fn sign(&self, digest: &[u8; 32]) -> Signature {
        let mut scalar = scalar(&self.secret).expect("checked when the key was made");
        let signed =
            RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(*digest), &scalar);
        scalar.non_secure_erase();
        Signature::from_recoverable(&signed)
    }
}

fn scalar(secret: &Secret<32>) -> Result<SecretKey, Error> {
    SecretKey::from_secret_bytes(*secret.expose()).map_err(|_| Error::InvalidScalar)
}

/// Who signed the digest. Refuses a high s, what isn't a signature, and the zero address.
pub fn recover(digest: &[u8; 32], signature: &Signature) -> Result<Address, Error> {
    let key = signature
        .to_recoverable()?
        .recover_ecdsa(Message::from_digest(*digest))
        .map_err(|_| Error::InvalidSignature)?;
    address_of(&key)
}

fn address_of(key: &PublicKey) -> Result<Address, Error> {
    let hash = crate::digest::keccak256(&key.serialize_uncompressed()[1..]);
    Address::from_slice(&hash[12..])
}

#[cfg(test)]
mod tests;
