use symbolon_crypto::SecretBytes;

use super::RingFiles;
use crate::{Error, RingSecretId, SealedRing, ring::MAX_RING_FILE};

/// Ring and ring secret as they lie on disk, the one that fits the other. They go to two media.
pub struct RingCopies {
    /// The ring file's bytes.
    pub ring: SecretBytes,
    /// The ring's revision.
    pub revision: u64,
    /// The ring secret's bytes.
    pub secret: SecretBytes,
    /// Which ring secret it is.
    pub secret_id: RingSecretId,
}

impl RingFiles {
    /// Copies of both files, for a backup. Nobody may change the ring meanwhile.
    pub fn copies(&self) -> Result<RingCopies, Error> {
        let ring = symbolon_crypto::keyfile::read_bytes(&self.ring, MAX_RING_FILE)?;
        let sealed = SealedRing::from_bytes(ring.expose())?;
        let (_, secret) = self.fitting_secret(&sealed)?;
        Ok(RingCopies {
            revision: sealed.revision(),
            secret: SecretBytes::new(secret.expose().to_vec()),
            secret_id: secret.id(),
            ring,
        })
    }
}
