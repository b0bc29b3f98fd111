//! Roots, from which all pseudonyms of a person are made, and the pseudonyms that portals know.

use std::{fmt, str::FromStr};

use symbolon_crypto::{Secret, random::CryptoRng};

use crate::Error;

/// A person's root: 256 random bits that never leave the sealed record.
pub struct Root(Secret<32>);

impl Root {
    /// A new root, for a new person.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// The root with these bytes, from an opened record.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self(Secret::from_slice(bytes)?))
    }

    /// The bytes, for the record that is about to be sealed.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// A second copy.
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }
}

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Root {}

/// A person's pseudonym in one portal's domain. It has no `Debug`: logs must not hold it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationId([u8; 32]);

impl RegistrationId {
    /// The registration ID with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The registration ID with these bytes, of which there must be 32.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| Error::InvalidRegistrationId)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for RegistrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for RegistrationId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(Error::InvalidRegistrationId);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| Error::InvalidRegistrationId)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_id_reads_back() {
        let id = RegistrationId::new([0xab; 32]);
        assert!(id.to_string().parse::<RegistrationId>().unwrap() == id);
        assert!(format!("0x{id}").parse::<RegistrationId>().unwrap() == id);
        assert!("AB".repeat(32).parse::<RegistrationId>().is_err());
        assert!("ab".repeat(31).parse::<RegistrationId>().is_err());
    }
}
