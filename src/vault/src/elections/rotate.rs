//! Another token key for an election that is open.
//!
//! The next key is minted while the officers sign, and signs nothing. It signs from the change on that
//! makes their statement public: the election's row says who does, whatever state the ring has the key
//! in. What the ring says follows, and the key that signed before is destroyed there; a process that
//! dies in between does it when the vault is unsealed again.

use symbolon_crypto::random;
use symbolon_election::{ElectionId, Entry, IssuerRotation, Issuers, Unverified, Verified};
use symbolon_keyring::{Edit, KeyState, Purpose};
use symbolon_service::reasons::Reason;
use symbolon_store::Change;

use super::{
    Election, Stage,
    open::{decode, wrong_entry},
    refuse,
};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    rows::RingMirror,
};

impl Core {
    /// The rotation of an election's token key, for the officers to sign. Mints the next key where none
    /// waits; with `anew` also where one does, which is destroyed: it may be in a thief's hands too.
    pub async fn prepare_rotation(
        &self,
        caller: &Caller,
        id: &ElectionId,
        anew: bool,
    ) -> Result<Vec<u8>, Error> {
        let _one = self.elections.rotating.lock().await;
        let election = self.election(id).await?;
        self.check_rotating(&election)?;
        self.settle_issuer(&election).await?;
        let keys = self.keys()?;
        let own = election.keys(&keys)?;
        let next = match own.next_issuer() {
            Some(next) if !anew => next.address(),
            _ => {
                self.mint_issuer(caller, &election).await?;
                let own = election.keys(&*self.keys()?)?;
                own.next_issuer().ok_or(Error::Contention)?.address()
            }
        };
        let statement = IssuerRotation {
            election: *id,
            current: *election.issuer(),
            next,
        };
        Ok(Entry::IssuerRotation(Unverified {
            statement,
            signatures: Vec::new(),
        })
        .encode())
    }

    /// Takes the signed rotation: it is public from here on, and its next key signs.
    pub async fn rotate_issuer(&self, caller: &Caller, rotation: &[u8]) -> Result<(), Error> {
        let Entry::IssuerRotation(signed) = decode(rotation)? else {
            return Err(wrong_entry("rotation"));
        };
        let id = signed.statement.election;
        let _one = self.elections.rotating.lock().await;
        retried(|| async {
            let election = self.election(&id).await?;
            if !election.rotated_by(&signed.statement) {
                self.check_rotating(&election)?;
            }
            self.try_rotate(caller, signed.clone(), rotation).await
        })
        .await?;
        self.settle_issuer(&*self.election(&id).await?).await
    }

    /// Takes a rotation that stands on the ledger, whatever the time is.
    pub(crate) async fn adopt_rotation(
        &self,
        caller: &Caller,
        signed: &Unverified<IssuerRotation>,
        rotation: &[u8],
    ) -> Result<(), Error> {
        let _one = self.elections.rotating.lock().await;
        retried(|| self.try_rotate(caller, signed.clone(), rotation)).await?;
        let election = self.election(&signed.statement.election).await?;
        self.settle_issuer(&election).await
    }

    /// Brings the ring up to the rows: activates token keys that sign already and destroys those
    /// that signed before.
    pub(crate) async fn settle_issuers(&self) -> Result<(), Error> {
        let _one = self.elections.rotating.lock().await;
        let mut after = None;
        loop {
            let page = self.elections_after(after.as_ref(), super::PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(*last);
            for (id, row) in &page {
                if !row.rotations.is_empty() {
                    self.settle_issuer(&*self.election(id).await?).await?;
                }
            }
        }
    }

    async fn try_rotate(
        &self,
        caller: &Caller,
        signed: Unverified<IssuerRotation>,
        entry: &[u8],
    ) -> Result<(), Error> {
        let election = self.election(&signed.statement.election).await?;
        let verified = self.verified_rotation(&election, signed)?;
        if election.rotated_by(verified.statement()) {
            return Ok(());
        }
        let mut issuers = self.issuers(&election)?;
        issuers.rotate(&verified).map_err(refuse)?;
        let keys = self.keys()?;
        let mirror = self.store.get_one(RingMirror::key()).await?;
        Core::check_mirror(&keys, mirror.as_ref())?;
        let own = election.keys(&keys)?;
        // It waits, or signed already before the vault went back to a backup.
        if own.issuer_of(&verified.statement().next).is_none() {
            return Err(Reason::StatementDiffers.into());
        }
        let mut row = election.row.clone();
        row.rotations.push(entry.to_vec());
        let change = Change::new().unchanged(RingMirror::key(), mirror.as_ref());
        self.publish(caller, "RotateIssuer", &election, &row, &[entry], change)
            .await
    }

    fn verified_rotation(
        &self,
        election: &Election,
        signed: Unverified<IssuerRotation>,
    ) -> Result<Verified<IssuerRotation>, Error> {
        let manifest = match election.row.stage {
            Stage::Draft => return Err(Reason::WrongState.into()),
            _ => election.verified(self)?,
        };
        signed.verify(&manifest).map_err(refuse)
    }

    fn issuers(&self, election: &Election) -> Result<Issuers, Error> {
        let rotations = election.row.rotations.iter().map(Vec::as_slice);
        Issuers::after(&election.verified(self)?, rotations).map_err(refuse)
    }

    fn check_rotating(&self, election: &Election) -> Result<(), Error> {
        let ended = election.row.ended || self.now() > election.manifest().closes;
        match election.row.stage {
            Stage::Draft => Err(Reason::WrongState.into()),
            Stage::Cancelled => Err(Reason::ElectionCancelled.into()),
            Stage::Open if !ended => Ok(()),
            Stage::Open | Stage::Closed | Stage::Certified => Err(Reason::ElectionClosed.into()),
        }
    }

    /// Mints the key that waits, in place of one that waited.
    async fn mint_issuer(&self, caller: &Caller, election: &Election) -> Result<(), Error> {
        // A store without room says so before the ring is changed.
        self.audit(caller, "PrepareRotation", "begun").await?;
        let purpose = Purpose::ElectionToken(election.manifest().nonce);
        let keys = self.keys()?;
        let waiting = keys
            .info(&purpose, KeyState::Pending)
            .map(|waiting| waiting.id);
        let now = self.now();
        let mint = move |edit: &mut Edit| {
            if let Some(waiting) = waiting {
                edit.destroy(waiting, now)?;
            }
            edit.prepare(purpose, now, &mut random::os()).map(drop)
        };
        self.edit_ring(election, caller, ("PrepareRotation", "minted"), mint)
            .await
    }

    async fn settle_issuer(&self, election: &Election) -> Result<(), Error> {
        let keys = self.keys()?;
        // Forgotten elections have no keys.
        let Ok(own) = election.keys(&keys) else {
            return Ok(());
        };
        let waits = own.next_issuer().map(|key| key.address());
        if waits != Some(*election.issuer()) {
            return Ok(());
        }
        let purpose = Purpose::ElectionToken(election.manifest().nonce);
        let id = |state| keys.info(&purpose, state).map(|key| key.id);
        let (Some(next), Some(before)) = (id(KeyState::Pending), id(KeyState::Active)) else {
            return Ok(());
        };
        let now = self.now();
        let settle = move |edit: &mut Edit| {
            edit.activate(next, now)?;
            // Its address is enough to know its tokens by.
            edit.destroy(before, now)
        };
        let what = ("RotateIssuer", "destroyed");
        self.edit_ring(election, &Caller::vault(), what, settle)
            .await?;
        tracing::info!(election = %election.id, "another key signs tokens; the one before is destroyed");
        Ok(())
    }

    /// Changes the ring for an election, audited.
    async fn edit_ring(
        &self,
        election: &Election,
        caller: &Caller,
        (operation, outcome): (&str, &str),
        edit: impl FnOnce(&mut Edit) -> Result<(), symbolon_keyring::Error> + Send + 'static,
    ) -> Result<(), Error> {
        let now = self.now();
        let adopt = |keys: std::sync::Arc<crate::seal::Keys>| async move {
            let subject = election.keys(&keys)?;
            let subject = subject.subject("election", election.id.as_bytes());
            let leaf = Leaf::new(now, caller, operation, outcome).about(subject);
            let change = Change::new().audit(leaf.encode());
            let change = self.mirror(&keys, change).await?;
            self.try_commit(change).await?.ok_or(Error::Contention)
        };
        self.seal.update(edit, adopt).await?;
        Ok(())
    }
}

impl Election {
    /// Whether this very rotation was taken before.
    fn rotated_by(&self, rotation: &IssuerRotation) -> bool {
        let wanted = [rotation.current, rotation.next];
        self.issuers.windows(2).any(|pair| pair == wanted)
    }
}

#[cfg(test)]
mod tests;
