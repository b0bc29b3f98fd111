//! Identifiers, one type each: a voter ID can't be passed for an election ID.
//!
//! In text they are lower-case hexadecimal, parsed with or without `0x`; in JSON
//! always with `0x`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
pub use symbolon_crypto::ecdsa::Address;

use crate::Error;
use crate::json::{self, parse_0x_exact, parse_hex, to_0x};
use crate::typed::{Field, malformed};

/// The address of the key that signs ballots of one roll place in one election.
pub type BallotKey = Address;

macro_rules! bytes32 {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps 32 bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Wraps 32 bytes; another length is refused.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
                let exact = bytes.try_into().map_err(|_| Error::Length {
                    what: stringify!($name),
                    expected: 32,
                    got: bytes.len(),
                })?;
                Ok(Self(exact))
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                parse_hex(stringify!($name), text.strip_prefix("0x").unwrap_or(text)).map(Self)
            }
        }

        impl Field for $name {
            type Sol = alloy_primitives::B256;

            fn to_sol(&self) -> Self::Sol {
                self.0.into()
            }

            fn from_sol(_: &'static str, sol: Self::Sol) -> Result<Self, Error> {
                Ok(Self(sol.0))
            }

            fn to_json(&self) -> serde_json::Value {
                to_0x(self.0).into()
            }

            fn from_json(name: &'static str, value: &serde_json::Value) -> Result<Self, Error> {
                parse_0x_exact(name, value.as_str().ok_or_else(|| malformed(name))?).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                json::bytes::serialize(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                json::bytes::deserialize(deserializer).map(Self)
            }
        }
    )*};
}

bytes32! {
    /// An election: the EIP-712 digest of its manifest.
    ElectionId;
    /// A person in one election, and in no other: a pseudonym.
    VoterId;
    /// Makes two manifests of the same content two elections.
    Nonce;
    /// SHA-256 of a published file (content, ledger keys, issued list); its name.
    ContentHash;
    /// An EIP-712 digest: what is signed.
    Digest;
    /// RFC 6962 leaf hash of a ledger entry: SHA-256 of `0x00` and the entry.
    EntryHash;
    /// RFC 6962 root over a roll's leaves.
    RollRoot;
    /// Root of the log, or hash of the block, that a certification names.
    LedgerHead;
    /// SHA-256 of a tally as RFC 8785 JSON.
    TallyHash;
    /// X25519 public key to which issue requests of one election are sealed.
    RequestKey;
    /// X25519 public key to which one device wants its token sealed.
    DeliveryKey;
    /// Public key to which choices are sealed; unused where the payload is plain.
    TallyKey;
    /// One installation of a vault.
    InstallationId;
    /// One conflict of identities that waits for registrars.
    TicketId;
    /// Who waits to be erased: 32 random bytes.
    ErasureId;
}

/// A voter's place in an election's roll, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RollIndex(pub u32);

impl fmt::Display for RollIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_with_and_without_prefix() {
        let id = ElectionId::new([0xab; 32]);
        assert_eq!(id.to_string().parse::<ElectionId>().unwrap(), id);
        assert_eq!(format!("0x{id}").parse::<ElectionId>().unwrap(), id);
    }

    #[test]
    fn upper_case_and_short_ids_are_refused() {
        assert!("AB".repeat(32).parse::<VoterId>().is_err());
        assert!("ab".repeat(31).parse::<VoterId>().is_err());
        assert!("0xab".parse::<VoterId>().is_err());
    }

    #[test]
    fn json_ids_need_the_prefix() {
        let id = VoterId::new([1; 32]);
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, format!("\"0x{id}\""));
        assert_eq!(serde_json::from_str::<VoterId>(&text).unwrap(), id);
        assert!(serde_json::from_str::<VoterId>(&format!("\"{id}\"")).is_err());
    }
}
