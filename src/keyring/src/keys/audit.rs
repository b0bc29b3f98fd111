//! The audit key: it signs the audit log's checkpoints and hides whom its leaves are about.

use symbolon_crypto::{Secret, ed25519::Ed25519SecretKey, kdf, labels, mac::MacKey};

use crate::{Epoch, KeyId, KeyInfo};

/// An audit key of one epoch.
pub struct AuditKey {
    id: KeyId,
    epoch: Epoch,
    checkpoints: Ed25519SecretKey,
    subjects: MacKey,
}

impl AuditKey {
    pub(crate) fn new(info: &KeyInfo, value: &Secret<32>) -> Self {
        let seed = kdf::derive(value.expose(), labels::AUDIT_CHECKPOINT, &[]);
        let subjects = kdf::derive(value.expose(), labels::AUDIT_SUBJECT_KEY, &[]);
        Self {
            id: info.id,
            epoch: info.epoch,
            checkpoints: Ed25519SecretKey::new(&seed),
            subjects: MacKey::new(&subjects),
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

    /// The key that signs checkpoints.
    pub fn checkpoints(&self) -> &Ed25519SecretKey {
        &self.checkpoints
    }

    /// The subject of an audit leaf, for what belongs to no election.
    pub fn subject(&self, kind: &str, id: &[u8]) -> Subject {
        Subject::new(&self.subjects, kind, id)
    }
}

/// Whom or what an audit leaf is about: the same for the same, and nothing that anybody else holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subject([u8; 32]);

impl Subject {
    pub(super) fn new(key: &MacKey, kind: &str, id: &[u8]) -> Self {
        // A blinded value is made to stand in the audit log.
        Self(
            key.tag(labels::AUDIT_SUBJECT, &[kind.as_bytes(), id])
                .declassify(),
        )
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
