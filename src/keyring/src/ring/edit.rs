//! A change of the ring that isn't written yet.

use std::sync::Arc;

use symbolon_crypto::random::CryptoRng;
use symbolon_election::Nonce;

use super::{MadeWay, Ring, WayId, format};
use crate::{Epoch, Error, KeyId, KeyInfo, KeyState, Purpose, key::RingKey};

/// A change of the ring. What it mints can be used once it is written, not before.
pub struct Edit {
    ring: Ring,
    destroys: bool,
}

/// A ring to be written.
pub(crate) struct Edited {
    pub(crate) ring: Ring,
    /// Whether a key is gone, so that root key and ring secret must be made anew.
    pub(crate) destroys: bool,
}

impl Edit {
    pub(crate) fn of(ring: &Ring) -> Self {
        Self {
            ring: ring.share(),
            // What opened the ring of late may be all that does from now on.
            destroys: ring.moved,
        }
    }

    /// Checks what holds of every ring, and counts the revision up.
    pub(crate) fn finish(mut self) -> Result<Edited, Error> {
        format::check(self.ring.keys.iter().map(|key| &key.info))?;
        let next = self.ring.header.revision.checked_add(1);
        self.ring.header.revision = next.ok_or(Error::Malformed("no revision is left"))?;
        self.ring.moved = false;
        Ok(Edited {
            ring: self.ring,
            destroys: self.destroys,
        })
    }

    /// Mints the first key of a purpose; it is active at once. Refused where a live one is, and for an
    /// election that was forgotten.
    pub fn mint(
        &mut self,
        purpose: Purpose,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<KeyId, Error> {
        if self.of_purpose(&purpose).any(|key| key.state.is_live()) {
            return Err(Error::AlreadyThere(purpose));
        }
        if purpose.election().is_some() && self.of_purpose(&purpose).next().is_some() {
            return Err(Error::Forgotten(purpose));
        }
        let key = self.insert(purpose, now, rng);
        key.activate(now);
        Ok(key.info.id)
    }

    /// Mints the three keys of an election.
    pub fn mint_election(
        &mut self,
        nonce: Nonce,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<(), Error> {
        for purpose in election_purposes(nonce) {
            self.mint(purpose, now, rng)?;
        }
        Ok(())
    }

    /// Mints the next epoch of a key that rotates. It is pending: read by all, written with by none.
    pub fn prepare(
        &mut self,
        purpose: Purpose,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<KeyId, Error> {
        if !purpose.rotates() {
            return Err(Error::NeverRotated(purpose));
        }
        if self
            .of_purpose(&purpose)
            .any(|key| key.state == KeyState::Pending)
        {
            return Err(Error::AlreadyThere(purpose));
        }
        if !self
            .of_purpose(&purpose)
            .any(|key| key.state == KeyState::Active)
        {
            return Err(Error::NoSuchKey);
        }
        Ok(self.insert(purpose, now, rng).info.id)
    }

    /// Lets a pending key write; the one that wrote is retiring from now on.
    pub fn activate(&mut self, id: KeyId, now: u64) -> Result<(), Error> {
        let key = self.in_state(id, |state| state == KeyState::Pending)?;
        let purpose = key.info.purpose.clone();
        let same =
            |key: &&mut RingKey| key.info.purpose == purpose && key.info.state == KeyState::Active;
        self.ring
            .keys
            .iter_mut()
            .filter(same)
            .for_each(|key| key.retire(now));
        self.in_state(id, |state| state == KeyState::Pending)?
            .activate(now);
        Ok(())
    }

    /// Destroys a key: one that is pending or retiring, or the active one of a portal or an election. The
    /// active index, sealing and audit keys stay.
    pub fn destroy(&mut self, id: KeyId, now: u64) -> Result<(), Error> {
        let permanent = self
            .ring
            .key(id)
            .is_some_and(|key| key.purpose.is_permanent());
        let ends = |state: KeyState| state.is_live() && !(permanent && state == KeyState::Active);
        self.in_state(id, ends)?.destroy(now);
        self.destroys = true;
        Ok(())
    }

    /// Forgets an election: destroys every key that it has.
    pub fn forget_election(&mut self, nonce: &Nonce, now: u64) -> Result<(), Error> {
        let own = |key: &&KeyInfo| key.purpose.election() == Some(nonce) && key.state.is_live();
        let ids: Vec<_> = self.ring.keys().filter(own).map(|key| key.id).collect();
        if ids.is_empty() {
            return Err(Error::NoSuchKey);
        }
        ids.into_iter().try_for_each(|id| self.destroy(id, now))
    }

    /// Gives the ring a second way of unsealing, in place of another that waited.
    pub fn begin_move(&mut self, way: MadeWay) -> Result<(), Error> {
        if way.id() == self.ring.header.unsealing.id() {
            return Err(Error::NoSuchWay);
        }
        self.ring.header.next = Some(way.unsealing);
        self.ring.next = Some(Arc::new(way.unsealed));
        Ok(())
    }

    /// Withdraws the second way; nothing happens where there is none.
    pub fn cancel_move(&mut self) {
        self.ring.header.next = None;
        self.ring.next = None;
    }

    /// Makes the second way the only one. Whoever asks for it has opened the ring that way
    /// ([`RingFiles::prove`](crate::RingFiles::prove)).
    pub fn finish_move(&mut self, proven: WayId) -> Result<(), Error> {
        let header = &mut self.ring.header;
        let next = header.next.take_if(|next| next.id() == proven);
        let next = next.zip(self.ring.next.take()).ok_or(Error::NoSuchWay)?;
        header.unsealing = next.0;
        self.ring.unsealed = next.1;
        self.destroys = true;
        Ok(())
    }

    fn of_purpose(&self, purpose: &Purpose) -> impl Iterator<Item = &KeyInfo> {
        self.ring.keys().filter(move |key| key.purpose == *purpose)
    }

    fn in_state(
        &mut self,
        id: KeyId,
        fits: impl Fn(KeyState) -> bool,
    ) -> Result<&mut RingKey, Error> {
        let key = self
            .ring
            .keys
            .iter_mut()
            .find(|key| key.info.id == id)
            .ok_or(Error::NoSuchKey)?;
        match key.info.state {
            state if fits(state) => Ok(key),
            state => Err(Error::WrongState { id, state }),
        }
    }

    fn insert(&mut self, purpose: Purpose, now: u64, rng: &mut impl CryptoRng) -> &mut RingKey {
        let last = self
            .of_purpose(&purpose)
            .map(|key| key.epoch.0)
            .max()
            .unwrap_or(0);
        let at = self
            .ring
            .keys
            .partition_point(|key| key.info.purpose <= purpose);
        self.ring
            .keys
            .insert(at, RingKey::mint(purpose, Epoch(last + 1), now, rng));
        &mut self.ring.keys[at]
    }
}

fn election_purposes(nonce: Nonce) -> [Purpose; 3] {
    [
        Purpose::ElectionDomain(nonce),
        Purpose::ElectionToken(nonce),
        Purpose::ElectionRequest(nonce),
    ]
}
