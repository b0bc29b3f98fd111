//! Where a store stands.

use std::fmt;
use std::str::FromStr;

/// The version of the rows' format that this software writes.
pub const FORMAT_VERSION: u32 = 1;

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
    pub(crate) audit_size: u64,
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
        self.audit_size
    }
}
