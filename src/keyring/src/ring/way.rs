//! How a ring is unsealed, and moving from one way to another.

use std::path::Path;

use symbolon_crypto::{
    Secret, SecretString,
    digest::sha256,
    password::Costs,
    random::{self, CryptoRng},
    sharing,
};
use symbolon_election::InstallationId;

use super::{Share, Sharing, Unlock, format::Unsealing};
use crate::{Error, TokenKey, token::Token};

/// A new way of unsealing.
pub enum NewWay<'a> {
    /// By a passphrase.
    Passphrase {
        /// The passphrase.
        passphrase: &'a SecretString,
        /// What stretching it costs.
        costs: Costs,
    },
    /// By shares that are made.
    Shares {
        /// How many open the ring.
        threshold: u8,
        /// How many are made.
        shares: u8,
    },
    /// By a PKCS#11 token, which makes a key.
    Token {
        /// The library of the token's maker.
        module: &'a Path,
        /// The labels of token and key.
        place: TokenKey,
        /// The PIN.
        pin: &'a SecretString,
    },
}

/// Names a way of unsealing: another passphrase, another set of shares or another token has another name. It
/// tells nothing of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayId(pub(super) [u8; 16]);

impl WayId {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A way of unsealing that was made and that no ring has yet.
pub struct MadeWay {
    pub(super) unsealing: Unsealing,
    pub(super) unsealed: Secret<32>,
    shares: Vec<Share>,
}

impl MadeWay {
    /// Makes it: stretches the passphrase, splits a secret, or has the token make its key.
    pub fn new(
        installation: InstallationId,
        way: NewWay<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        match way {
            NewWay::Passphrase { passphrase, costs } => {
                let salt = random::bytes(rng);
                let unsealing = Unsealing::Passphrase { costs, salt };
                let unsealed = unsealing.unlock(installation, Unlock::from(passphrase))?;
                Ok(Self {
                    unsealing,
                    unsealed,
                    shares: Vec::new(),
                })
            }
            NewWay::Shares { threshold, shares } => {
                let sharing = Sharing {
                    threshold,
                    shares,
                    set: random::bytes(rng),
                };
                let unsealed = Secret::random(rng);
                let split = sharing::split(&unsealed, threshold, shares, rng)?.into_iter();
                Ok(Self {
                    unsealing: Unsealing::Shares(sharing),
                    unsealed,
                    shares: split.map(|it| sharing.label(installation, it)).collect(),
                })
            }
            NewWay::Token { module, place, pin } => {
                let unsealed = Secret::random(rng);
                let encrypted = Token::with(module, place.token(), pin, |token| {
                    token.make_key(place.key())?;
                    token.encrypt(place.key(), installation, &unsealed, rng)
                })?;
                Ok(Self {
                    unsealing: Unsealing::Token { place, encrypted },
                    unsealed,
                    shares: Vec::new(),
                })
            }
        }
    }

    /// Its name.
    pub fn id(&self) -> WayId {
        self.unsealing.id()
    }

    /// The shares, if it is by shares. They are kept nowhere else.
    pub fn take_shares(&mut self) -> Vec<Share> {
        std::mem::take(&mut self.shares)
    }
}

impl Unsealing {
    pub(super) fn sharing(&self) -> Option<Sharing> {
        match self {
            Self::Shares(sharing) => Some(*sharing),
            Self::Passphrase { .. } | Self::Token { .. } => None,
        }
    }

    pub(super) fn id(&self) -> WayId {
        let digest = sha256(&self.encode());
        let (id, _) = digest.split_first_chunk().expect("32 bytes");
        WayId(*id)
    }
}
