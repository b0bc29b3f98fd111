//! Unsealing by several officers: shares are kept until there are enough of them, and not for long.

use std::sync::{Mutex, PoisonError};

use symbolon_election::InstallationId;
use symbolon_keyring::{Error as RingError, Share, Sharing};
use symbolon_service::{Refusal, reasons::Reason};

use crate::{Error, audit::Caller, core::Core};

/// How many seconds after the first one the shares are forgotten.
pub const PATIENCE: u64 = 10 * 60;

/// How far the unsealing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many different shares were handed in.
    pub given: u8,
    /// How many it takes.
    pub needed: u8,
}

/// The shares handed in so far. Dropping them wipes them.
#[derive(Default)]
pub(crate) struct Given(Mutex<Option<Attempt>>);

struct Attempt {
    since: u64,
    shares: Vec<Share>,
}

impl Given {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u8 {
        let attempt = self.lock();
        let count = attempt.as_ref().map_or(0, |attempt| attempt.shares.len());
        u8::try_from(count).expect("a number each, of one byte")
    }

    pub(crate) fn has(&self, number: u8) -> bool {
        let attempt = self.lock();
        let mut shares = attempt.iter().flat_map(|attempt| &attempt.shares);
        shares.any(|share| share.number() == number)
    }

    pub(crate) fn put(&self, share: Share, now: u64) {
        let mut attempt = self.lock();
        let attempt = attempt.get_or_insert_with(|| Attempt {
            since: now,
            shares: Vec::new(),
        });
        attempt.shares.push(share);
    }

    /// Whether all of them are of one set.
    fn are_of(&self, installation: InstallationId, sharing: &Sharing) -> bool {
        let attempt = self.lock();
        let mut shares = attempt.iter().flat_map(|attempt| &attempt.shares);
        shares.all(|share| sharing.admits(installation, share))
    }

    /// All of them, and none is left.
    pub(crate) fn take(&self) -> Vec<Share> {
        self.lock().take().map_or_else(Vec::new, |it| it.shares)
    }

    /// Wipes those whose time is over; whether there were any. A clock put back is no reason to keep them.
    pub(crate) fn expire(&self, now: u64) -> bool {
        let over = |attempt: &mut Attempt| {
            !(attempt.since..attempt.since.saturating_add(PATIENCE)).contains(&now)
        };
        self.lock().take_if(over).is_some()
    }
}

impl Core {
    /// Takes one officer's share, and unseals once there are enough.
    ///
    /// A share's label is checked at once. Of its value nothing is told until there are enough: then they open
    /// the ring together, or all are forgotten and nobody learns whose was wrong.
    pub async fn hand_in(&self, caller: &Caller, share: Share) -> Result<Progress, Error> {
        let progress = {
            let _alone = self.seal.alone().await;
            self.take_share(caller, share).await?
        };
        if progress.given == progress.needed {
            self.opened().await?;
        }
        Ok(progress)
    }

    async fn take_share(&self, caller: &Caller, share: Share) -> Result<Progress, Error> {
        self.check_sealed()?;
        self.expire_shares().await?;
        let sharing = self.fitting_sharing(caller, &share).await?;
        let number = share.number();
        // Whatever its value is: to compare it with the first one's would tell about that.
        let known = self.seal.given.has(number);
        let progress = Progress {
            given: self.seal.given.count() + u8::from(!known),
            needed: sharing.threshold,
        };
        let Progress { given, needed } = progress;
        let again = if known { " again" } else { "" };
        let outcome = format!("share {number}{again}, {given} of {needed}");
        // No leaf, no share.
        self.audit(caller, "HandInShare", &outcome).await?;
        if !known {
            self.seal.given.put(share, self.now());
        }
        if given == needed {
            let shares = self.seal.given.take();
            let open = move |files: &symbolon_keyring::RingFiles| files.unseal(shares.as_slice());
            self.open_ring(caller, open).await?;
        }
        Ok(progress)
    }

    /// The ring's sharing, if the share is one of it by its label.
    async fn fitting_sharing(&self, caller: &Caller, share: &Share) -> Result<Sharing, Error> {
        let (installation, sharings) = self.seal.sharings().await?;
        let fitting = sharings.iter().find(|it| it.admits(installation, share));
        let told = match fitting {
            Some(sharing) if self.seal.given.are_of(installation, sharing) => return Ok(*sharing),
            Some(_) => "must be of the same set as those handed in before",
            None => "must be a share of this installation's key ring",
        };
        let refused = match sharings.is_empty() {
            true => RingError::OtherUnsealing.into(),
            false => Refusal::new(Reason::InvalidArgument)
                .at("share")
                .because(told)
                .into(),
        };
        self.audit(caller, "HandInShare", "refused").await?;
        Err(refused)
    }

    /// Forgets the shares handed in so far: the officers start again.
    pub async fn cancel_unsealing(&self, caller: &Caller) -> Result<(), Error> {
        let _alone = self.seal.alone().await;
        self.check_sealed()?;
        drop(self.seal.given.take());
        self.audit(caller, "CancelUnsealing", "cancelled").await
    }

    /// Forgets shares that have been kept for [`PATIENCE`].
    pub async fn expire_shares(&self) -> Result<(), Error> {
        match self.seal.given.expire(self.now()) {
            true => {
                self.audit(&Caller::vault(), "CancelUnsealing", "expired")
                    .await
            }
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
