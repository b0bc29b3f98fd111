//! Ed25519 keys of checkpoints: of the public log, of witnesses, of the audit log.

use std::path::Path;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use crate::{Error, FileProblem, Secret, keyfile, random::CryptoRng};

/// An Ed25519 secret key. Its seed is 32 bytes; the key file holds exactly those.
pub struct Ed25519SecretKey(Box<SigningKey>);

impl Ed25519SecretKey {
    /// The key of a seed.
    pub fn new(seed: &Secret<32>) -> Self {
        Self(Box::new(SigningKey::from_bytes(seed.expose())))
    }

    /// A fresh random key.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self::new(&Secret::random(rng))
    }

    /// Reads the seed from a file that only its owner may read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self::new(&keyfile::read(path)?))
    }

    /// The seed, for whoever signs with it in a form of their own.
    pub fn expose_seed(&self) -> Secret<32> {
        Secret::init_with(|place| place.copy_from_slice(self.0.as_bytes()))
    }

    /// The public key.
    pub fn public_key(&self) -> Ed25519PublicKey {
        Ed25519PublicKey(self.0.verifying_key())
    }

    /// The signature of a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ed25519PublicKey(VerifyingKey);

impl Ed25519PublicKey {
    /// The key with these bytes. What isn't a point, or is one of low order, is refused.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Error> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Error::InvalidPublicKey)?;
        if key.is_weak() {
            return Err(Error::InvalidPublicKey);
        }
        Ok(Self(key))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Verifies a signature, strictly: one message and key have no second form of it.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), Error> {
        self.0
            .verify_strict(message, &signature.into())
            .map_err(|_| Error::InvalidSignature)
    }
}

/// Reads a public key file of 32 raw bytes.
pub fn read_public(path: &Path) -> Result<Ed25519PublicKey, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::file(path, error))?;
    let got = bytes.len() as u64;
    let bytes = bytes
        .as_slice()
        .try_into()
        .map_err(|_| Error::file(path, FileProblem::Length { expected: 32, got }))?;
    Ed25519PublicKey::from_bytes(bytes).map_err(|_| Error::file(path, FileProblem::InvalidKey))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn signing_gives_the_answer_of_rfc_8032() {
        let seed = hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
            .unwrap();
        let key = Ed25519SecretKey::new(&Secret::from_slice(&seed).unwrap());
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        assert_eq!(hex::encode(key.public_key().as_bytes()), public);
        let signature = key.sign(&[0x72]);
        assert_eq!(
            hex::encode(signature),
            concat!(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            )
        );
        key.public_key().verify(&[0x72], &signature).unwrap();
        assert!(key.public_key().verify(&[0x73], &signature).is_err());
    }

    #[test]
    fn a_point_of_low_order_is_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(matches!(
            Ed25519PublicKey::from_bytes(&identity),
            Err(Error::InvalidPublicKey)
        ));
    }
}
