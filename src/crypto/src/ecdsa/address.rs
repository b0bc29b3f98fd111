//! Addresses: the last 20 bytes of the Keccak-256 of a public key, and never zero.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, digest::keccak256};

/// The address of a secp256k1 key; the zero address can't be made. Ordered by its bytes.
///
/// `Display` is lower-case hexadecimal without a prefix; serde writes `0x…` in lower case. Both read either
/// form, in one case or with an EIP-55 checksum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address([u8; 20]);

impl Address {
    /// The address with these bytes, unless it is zero.
    pub fn new(bytes: [u8; 20]) -> Result<Self, Error> {
        if bytes == [0; 20] {
            return Err(Error::ZeroAddress);
        }
        Ok(Self(bytes))
    }

    /// The address with these bytes, of which there must be 20, not all zero.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = bytes.try_into().map_err(|_| Error::Length {
            expected: 20,
            got: bytes.len(),
        })?;
        Self::new(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// `0x…` in lower case.
    pub fn to_0x(&self) -> String {
        format!("0x{self}")
    }

    /// `0x…` with the EIP-55 checksum, for people.
    pub fn checksummed(&self) -> String {
        let lower = self.to_string();
        let hash = hex::encode(keccak256(&lower));
        let cased = lower
            .chars()
            .zip(hash.chars())
            .map(|(digit, guard)| match guard {
                '8'..='f' => digit.to_ascii_uppercase(),
                _ => digit,
            });
        "0x".chars().chain(cased).collect()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| Error::InvalidAddress)?;
        let address = Self::new(bytes)?;
        let lower = digits.bytes().any(|byte| byte.is_ascii_lowercase());
        let upper = digits.bytes().any(|byte| byte.is_ascii_uppercase());
        if lower && upper && address.checksummed()[2..] != *digits {
            return Err(Error::InvalidAddress);
        }
        Ok(address)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_0x())
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
