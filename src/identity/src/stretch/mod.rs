//! Argon2id of match keys: what makes guessing people from a stolen index expensive.
//!
//! `Argon2id(label ‖ rule ID ‖ match key, salt of the installation)`, 32 bytes, on a pool of
//! threads of its own.

mod pool;

#[cfg(test)]
mod tests;

use symbolon_crypto::password::{Costs, Hasher};
use symbolon_crypto::{Secret, labels};
use symbolon_keyring::keys::{IndexEntry, IndexKey};

use crate::match_key::MatchKey;
use crate::schema::RuleId;

pub use pool::{MAX_PLACES, MAX_THREADS, Pool};

/// What a match key is stretched with. One profile serves an installation for as long as
/// its match keys are to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Memory, passes and lanes.
    pub costs: Costs,
    /// 32 random bytes of the installation; not secret.
    pub salt: [u8; 32],
}

/// A stretched match key: what a record keeps, sealed, and what the blind index is made of.
pub struct Stretched {
    rule: RuleId,
    secret: Secret<32>,
}

impl Stretched {
    /// From a record that keeps it.
    pub fn new(rule: RuleId, secret: Secret<32>) -> Self {
        Self { rule, secret }
    }

    /// The rule that it is of.
    pub fn rule(&self) -> &RuleId {
        &self.rule
    }

    /// Where an index of `key`'s epoch has it.
    pub fn index_entry(&self, key: &IndexKey) -> IndexEntry {
        key.blind(&self.secret)
    }

    /// The stretched bytes.
    pub fn secret(&self) -> &Secret<32> {
        &self.secret
    }
}

/// Stretches one match key, here and now. A daemon uses a [`Pool`].
pub fn stretch(
    hasher: &mut Hasher,
    salt: &[u8; 32],
    key: &MatchKey,
) -> Result<Stretched, symbolon_crypto::Error> {
    let fields = [key.rule().as_bytes().as_slice(), key.expose()];
    Ok(Stretched::new(
        *key.rule(),
        hasher.hash(labels::STRETCH, &fields, salt)?,
    ))
}
