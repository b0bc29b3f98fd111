//! The index key: it blinds what rows are looked up by, so that the disk shows neither a match key nor an ID
//! of any domain.

use symbolon_crypto::{Label, Secret, labels, mac::MacKey};

use crate::{Epoch, KeyId, KeyInfo, PortalName, RegistrationId};

/// An index key of one epoch.
pub struct IndexKey {
    id: KeyId,
    epoch: Epoch,
    mac: MacKey,
}

impl IndexKey {
    pub(crate) fn new(info: &KeyInfo, value: &Secret<32>) -> Self {
        Self {
            id: info.id,
            epoch: info.epoch,
            mac: MacKey::new(value),
        }
    }

    /// The key's name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key's epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The blind index of a stretched match key.
    pub fn blind(&self, stretched: &Secret<32>) -> IndexEntry {
        self.entry(labels::BLIND_INDEX, &[stretched.expose()])
    }

    /// The row under which a portal's registration ID is found. Another portal's row is another one, even
    /// for the same ID.
    pub fn blind_registration_id(&self, portal: &PortalName, id: &RegistrationId) -> IndexEntry {
        self.entry(
            labels::REGISTRATION_LOOKUP,
            &[portal.as_str().as_bytes(), id.as_bytes()],
        )
    }

    /// The row of another table of the vault that is found by `fields`.
    pub fn blind_row(&self, table: &str, fields: &[&[u8]]) -> IndexEntry {
        let all: Vec<_> = [table.as_bytes()]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        self.entry(labels::ROW_LOOKUP, &all)
    }

    fn entry(&self, label: Label, fields: &[&[u8]]) -> IndexEntry {
        // A blinded value is made to lie on disk.
        IndexEntry {
            epoch: self.epoch,
            tag: self.mac.tag(label, fields).declassify(),
        }
    }
}

/// A blinded value, with the epoch of its key. It may lie on disk; it has no `Debug`, since it stands for a
/// person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexEntry {
    epoch: Epoch,
    tag: [u8; 32],
}

impl IndexEntry {
    /// The length of [`IndexEntry::to_bytes`].
    pub const LENGTH: usize = 36;

    /// The epoch of the key that blinded it.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The blinded value alone.
    pub fn tag(&self) -> &[u8; 32] {
        &self.tag
    }

    /// `epoch 4 ‖ tag 32`: all rows of one epoch lie together.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..4].copy_from_slice(&self.epoch.0.to_be_bytes());
        bytes[4..].copy_from_slice(&self.tag);
        bytes
    }

    /// Reads what [`IndexEntry::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        let (epoch, tag) = bytes.split_at(4);
        Self {
            epoch: Epoch(u32::from_be_bytes(epoch.try_into().expect("4 of 36 bytes"))),
            tag: tag.try_into().expect("32 of 36 bytes"),
        }
    }
}
