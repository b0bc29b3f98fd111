//! One key of the ring.

use std::{fmt, sync::Arc};

use symbolon_crypto::{Secret, ecdsa::SigningKey, random::CryptoRng};

use crate::{Epoch, KeyId, Purpose, keys};

/// Where a key stands in its life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyState {
    /// Every process reads it, none writes with it yet.
    Pending,
    /// It writes and reads.
    Active,
    /// It reads what it once wrote, until nothing of that is left.
    Retiring,
    /// Its value is gone; the entry stays as its memory.
    Destroyed,
}

impl KeyState {
    /// Whether the key still has a value.
    pub fn is_live(self) -> bool {
        self != Self::Destroyed
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Destroyed => "destroyed",
        })
    }
}

/// What may be shown of a key. Times are Unix seconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyInfo {
    /// Its name.
    pub id: KeyId,
    /// What it is for.
    pub purpose: Purpose,
    /// Its version among those of its purpose.
    pub epoch: Epoch,
    /// Where it stands.
    pub state: KeyState,
    /// When it was made.
    pub minted: u64,
    /// When it began to write.
    pub activated: Option<u64>,
    /// When it ceased to write.
    pub retired: Option<u64>,
    /// When its value was destroyed.
    pub destroyed: Option<u64>,
}

impl KeyInfo {
    /// Whether the times are those that the state needs.
    pub(crate) fn is_consistent(&self) -> bool {
        let times = (
            self.activated.is_some(),
            self.retired.is_some(),
            self.destroyed.is_some(),
        );
        match self.state {
            KeyState::Pending => times == (false, false, false),
            KeyState::Active => times == (true, false, false),
            KeyState::Retiring => times == (true, true, false),
            KeyState::Destroyed => times.2 && (times.0 || !times.1),
        }
    }
}

/// A key with its value; none once it is destroyed. Copies share the value, which is wiped with the last.
#[derive(Clone)]
pub(crate) struct RingKey {
    pub(crate) info: KeyInfo,
    pub(crate) value: Option<Arc<Secret<32>>>,
}

impl RingKey {
    /// A pending key with a fresh value that fits its purpose.
    pub(crate) fn mint(purpose: Purpose, epoch: Epoch, now: u64, rng: &mut impl CryptoRng) -> Self {
        let value = fresh(&purpose, rng);
        let info = KeyInfo {
            id: KeyId::random(rng),
            purpose,
            epoch,
            state: KeyState::Pending,
            minted: now,
            activated: None,
            retired: None,
            destroyed: None,
        };
        Self {
            info,
            value: Some(Arc::new(value)),
        }
    }

    pub(crate) fn activate(&mut self, now: u64) {
        self.info.state = KeyState::Active;
        self.info.activated = Some(now);
    }

    pub(crate) fn retire(&mut self, now: u64) {
        self.info.state = KeyState::Retiring;
        self.info.retired = Some(now);
    }

    pub(crate) fn destroy(&mut self, now: u64) {
        self.info.state = KeyState::Destroyed;
        self.info.destroyed = Some(now);
        self.value = None;
    }
}

/// A token key must give a scalar of secp256k1, which all but 2⁻¹²⁸ of the values do.
fn fresh(purpose: &Purpose, rng: &mut impl CryptoRng) -> Secret<32> {
    loop {
        let value = Secret::random(rng);
        let fits = match purpose {
            Purpose::ElectionToken(_) => SigningKey::new(keys::issuer_scalar(&value)).is_ok(),
            _ => true,
        };
        if fits {
            return value;
        }
    }
}
