//! Signatures in the 64-byte form of EIP-2098: `r`, then `s` with the parity in its top bit.

use std::{fmt, str::FromStr};

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Error;

/// Half of the order of secp256k1, rounded down: the greatest low s.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];
const PARITY: u8 = 0x80;

/// A signature as it is written down: `r 32 ‖ parity and s 32`. Whether it is one shows when it is recovered.
///
/// Text is 128 hexadecimal digits; serde writes `0x…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// The signature with these bytes.
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The signature with these bytes, of which there must be 64.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::Length {
            expected: 64,
            got: bytes.len(),
        })
    }

    /// From a wallet's form, `r 32 ‖ s 32 ‖ v` with v 27 or 28 (or 0 or 1). A high s is refused.
    pub fn from_rsv(bytes: &[u8; 65]) -> Result<Self, Error> {
        let parity = match bytes[64] {
            0 | 27 => 0,
            1 | 28 => PARITY,
            _ => return Err(Error::InvalidSignature),
        };
        if bytes[32..64] > HALF_ORDER[..] {
            return Err(Error::HighS);
        }
        let mut compact = [0; 64];
        compact.copy_from_slice(&bytes[..64]);
        compact[32] |= parity;
        Ok(Self(compact))
    }

    /// The wallet's form, `r 32 ‖ s 32 ‖ v` with v 27 or 28.
    pub fn to_rsv(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&self.0);
        bytes[32] &= !PARITY;
        bytes[64] = 27 + (self.0[32] >> 7);
        bytes
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// `0x…` in lower case.
    pub fn to_0x(&self) -> String {
        format!("0x{self}")
    }

    pub(super) fn from_recoverable(signed: &RecoverableSignature) -> Self {
        let (parity, mut compact) = signed.serialize_compact();
        if parity == RecoveryId::One {
            compact[32] |= PARITY;
        }
        Self(compact)
    }

    pub(super) fn to_recoverable(self) -> Result<RecoverableSignature, Error> {
        let mut compact = self.0;
        let parity = compact[32] >> 7;
        compact[32] &= !PARITY;
        if compact[32..] > HALF_ORDER[..] {
            return Err(Error::HighS);
        }
        RecoverableSignature::from_compact(&compact, RecoveryId::from_u8_masked(parity))
            .map_err(|_| Error::InvalidSignature)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = Error;

    /// Reads 64 bytes, or a wallet's 65.
    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let bytes = hex::decode(digits).map_err(|_| Error::InvalidHex { expected: 64 })?;
        match <[u8; 65]>::try_from(bytes.as_slice()) {
            Ok(wallet) => Self::from_rsv(&wallet),
            Err(_) => Self::from_slice(&bytes),
        }
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_0x())
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
