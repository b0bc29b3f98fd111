//! Where a store stands.

use std::fmt;
use std::str::FromStr;

use symbolon_tlog::Frontier;

use crate::StoreError;

/// The version of the rows' format that this software writes.
pub const FORMAT_VERSION: u32 = 3;

/// The random number that a store is given when it is made; its checkpoint file names it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstallationId([u8; 32]);

impl InstallationId {
    /// The ID made of 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallationId({self})")
    }
}

impl FromStr for InstallationId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Where a store stands: everything up to here is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub(crate) installation: InstallationId,
    pub(crate) generation: u64,
    pub(crate) audit: Frontier,
}

impl Head {
    /// The store's own random number.
    #[must_use]
    pub fn installation(&self) -> InstallationId {
        self.installation
    }

    /// The version of the rows' format.
    #[must_use]
    pub fn format_version(&self) -> u32 {
        FORMAT_VERSION
    }

    /// The number of changes made so far, which is the highest revision.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The number of leaves in the audit log.
    #[must_use]
    pub fn audit_size(&self) -> u64 {
        self.audit.size()
    }

    /// The audit log's tree, as far as its root needs it.
    #[must_use]
    pub fn audit_frontier(&self) -> &Frontier {
        &self.audit
    }

    /// A store in which nothing was ever changed.
    pub(crate) fn new(installation: InstallationId) -> Self {
        Self {
            installation,
            generation: 0,
            audit: Frontier::new(),
        }
    }

    /// Version 4 ‖ installation 32 ‖ generation 8 ‖ audit frontier.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = FORMAT_VERSION.to_be_bytes().to_vec();
        bytes.extend_from_slice(self.installation.as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.audit.to_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt("its head is not one that a store writes".into());
        let (version, rest) = bytes.split_first_chunk().ok_or_else(corrupt)?;
        check_version(u32::from_be_bytes(*version))?;
        let (installation, rest) = rest.split_first_chunk().ok_or_else(corrupt)?;
        let (generation, rest) = rest.split_first_chunk().ok_or_else(corrupt)?;
        Ok(Self {
            installation: InstallationId(*installation),
            generation: u64::from_be_bytes(*generation),
            audit: Frontier::from_bytes(rest).map_err(|_| corrupt())?,
        })
    }
}

/// Refuses a format that another version of this software writes, and one that none ever wrote.
pub(crate) fn check_version(found: u32) -> Result<(), StoreError> {
    match found {
        FORMAT_VERSION => Ok(()),
        0 => Err(StoreError::Corrupt("no store has format version 0".into())),
        found if found < FORMAT_VERSION => Err(StoreError::OlderVersion {
            found,
            supported: FORMAT_VERSION,
        }),
        found => Err(StoreError::NewerVersion {
            found,
            supported: FORMAT_VERSION,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_head_reads_back_as_it_was_written() {
        let mut head = Head::new(InstallationId::from_bytes([7; 32]));
        head.generation = 9;
        for leaf in 0..5_u8 {
            head.audit.push(symbolon_tlog::leaf_hash(&[leaf]));
        }
        assert_eq!(Head::decode(&head.encode()), Ok(head));
    }

    #[test]
    fn a_newer_and_an_older_head_are_refused_by_name() {
        let mut bytes = Head::new(InstallationId::from_bytes([7; 32])).encode();
        let supported = FORMAT_VERSION;
        let found = supported + 1;
        bytes[..4].copy_from_slice(&found.to_be_bytes());
        let newer = StoreError::NewerVersion { found, supported };
        assert_eq!(Head::decode(&bytes), Err(newer));
        let found = supported - 1;
        bytes[..4].copy_from_slice(&found.to_be_bytes());
        let older = StoreError::OlderVersion { found, supported };
        assert_eq!(Head::decode(&bytes), Err(older));
    }

    proptest! {
        #[test]
        fn bytes_that_decode_are_the_bytes_that_encode(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(head) = Head::decode(&bytes) {
                prop_assert_eq!(head.encode(), bytes);
            }
        }
    }
}
