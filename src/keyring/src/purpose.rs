//! What a key is for, and how it is named.

use std::{fmt, str::FromStr};

use symbolon_crypto::random::{self, CryptoRng};
use symbolon_election::Nonce;

use crate::Error;

/// What a key is for. An election's keys carry the nonce of its manifest: they are older than the election's
/// ID, which is a digest over some of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Purpose {
    /// Blinds look-up rows.
    Index,
    /// Seals records.
    Sealing,
    /// Makes the registration IDs of one portal.
    PortalDomain(PortalName),
    /// Signs the audit log's checkpoints and hides its subjects.
    Audit,
    /// Makes the voter IDs of one election, and hides its rows.
    ElectionDomain(Nonce),
    /// Signs the tokens of one election.
    ElectionToken(Nonce),
    /// Opens the issue requests of one election.
    ElectionRequest(Nonce),
}

impl Purpose {
    /// Whether the key is replaced by a next epoch now and then. Domains and request keys keep one value for
    /// life: identifiers depend on them.
    pub fn rotates(&self) -> bool {
        matches!(
            self,
            Self::Index | Self::Sealing | Self::Audit | Self::ElectionToken(_)
        )
    }

    /// Whether every ring holds exactly one active key of it.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::Index | Self::Sealing | Self::Audit)
    }

    /// The election that the key belongs to.
    pub fn election(&self) -> Option<&Nonce> {
        match self {
            Self::ElectionDomain(nonce)
            | Self::ElectionToken(nonce)
            | Self::ElectionRequest(nonce) => Some(nonce),
            _ => None,
        }
    }

    /// The purpose as the ring file writes it.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Index => vec![0],
            Self::Sealing => vec![1],
            Self::PortalDomain(PortalName(name)) => {
                let length =
                    u8::try_from(name.len()).expect("a portal's name has at most 64 bytes");
                [&[2, length], name.as_bytes()].concat()
            }
            Self::Audit => vec![3],
            Self::ElectionDomain(nonce) => [&[4], &nonce.as_bytes()[..]].concat(),
            Self::ElectionToken(nonce) => [&[5], &nonce.as_bytes()[..]].concat(),
            Self::ElectionRequest(nonce) => [&[6], &nonce.as_bytes()[..]].concat(),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index => f.write_str("index"),
            Self::Sealing => f.write_str("sealing"),
            Self::PortalDomain(portal) => write!(f, "domain of portal {portal}"),
            Self::Audit => f.write_str("audit"),
            Self::ElectionDomain(nonce) => write!(f, "domain of election with nonce {nonce}"),
            Self::ElectionToken(nonce) => write!(f, "token key of election with nonce {nonce}"),
            Self::ElectionRequest(nonce) => write!(f, "request key of election with nonce {nonce}"),
        }
    }
}

/// A portal's name, as in its certificate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PortalName(String);

impl PortalName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PortalName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(Error::InvalidPortalName);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for PortalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The version of a key among those of its purpose, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Epoch(pub u32);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a key: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// The key named by these bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) fn random(rng: &mut impl CryptoRng) -> Self {
        Self(random::bytes(rng))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portal_s_name_is_plain() {
        for name in ["city", "city-portal.2", &"a".repeat(64)] {
            assert_eq!(name.parse::<PortalName>().unwrap().as_str(), name);
        }
        for name in ["", "City", "a b", "é", "a/b", &"a".repeat(65)] {
            assert!(
                matches!(name.parse::<PortalName>(), Err(Error::InvalidPortalName)),
                "{name}"
            );
        }
    }
}
