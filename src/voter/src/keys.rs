//! A device's keys of one election.

use symbolon_crypto::ecdsa::SigningKey;
use symbolon_crypto::hpke::HpkeSecretKey;
use symbolon_crypto::kdf::KdfKey;
use symbolon_crypto::labels;
use symbolon_election::{BallotKey, DeliveryKey, ElectionId};

use crate::Error;

/// Ballot key and delivery key of one election.
///
/// Each is HKDF-SHA-256 of the seed (no salt) with its own label and the election's
/// ID: the 32 bytes are the secp256k1 scalar, and the X25519 scalar.
pub struct ElectionKeys {
    election: ElectionId,
    pub(crate) ballot: SigningKey,
    pub(crate) delivery: HpkeSecretKey,
}

impl ElectionKeys {
    pub(crate) fn derive(seed: &KdfKey, election: &ElectionId) -> Result<Self, Error> {
        let context: &[&[u8]] = &[election.as_bytes()];
        let ballot = SigningKey::new(seed.derive(labels::DEVICE_BALLOT_KEY, context));
        let delivery = HpkeSecretKey::new(seed.derive(labels::DEVICE_DELIVERY_KEY, context));
        Ok(Self {
            election: *election,
            ballot: ballot.map_err(|_| Error::NoKey)?,
            delivery,
        })
    }

    /// The election they are for.
    pub fn election(&self) -> ElectionId {
        self.election
    }

    /// The address that signs this device's ballots.
    pub fn ballot_key(&self) -> BallotKey {
        self.ballot.address()
    }

    /// Where this device's token is sealed to.
    pub fn delivery_key(&self) -> DeliveryKey {
        DeliveryKey::new(*self.delivery.public_key().as_bytes())
    }

    pub(crate) fn check(&self, election: ElectionId) -> Result<(), Error> {
        match self.election == election {
            true => Ok(()),
            false => Err(Error::OtherElection),
        }
    }
}
