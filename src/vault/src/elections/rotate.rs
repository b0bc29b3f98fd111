//! Another token key for an election that is open.
//!
//! The next key is minted while the officers sign, and signs nothing. It signs from the change on that
//! makes their statement public: the election's row says who does, whatever state the ring has the key
//! in. What the ring says follows, and the key that signed before is destroyed there; a process that
//! dies in between does it when the vault is unsealed again.

use symbolon_crypto::random;
use symbolon_election::{ElectionId, Entry, IssuerRotation, Issuers, Unverified, Verified};
use symbolon_keyring::{Edit, KeyInfo, KeyState, Purpose};
use symbolon_service::reasons::Reason;
use symbolon_store::{Change, Key, KeyRange};

use super::{
    Election, Stage,
    open::{decode, wrong_entry},
    refuse,
};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    rows::{RingMirror, Table, encode, read},
};

/// Where it is noted, by election, since when token keys are to be destroyed: no crash leaves one, or
/// its certificate out.
const ENDING: &[u8] = b"ending token key";

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
        self.settle_issuer(id).await?;
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
        self.settle_issuer(&id).await
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
        self.settle_issuer(&signed.statement.election).await
    }

    /// Brings the ring up to the rows after a process that died in between.
    pub(crate) async fn settle_issuers(&self) -> Result<(), Error> {
        let _one = self.elections.rotating.lock().await;
        let noted = KeyRange::prefix(&Table::Meta.key(&[ENDING]));
        for row in self.store.scan(noted, super::PAGE).await? {
            let id = row.key.name().last_chunk::<32>();
            let id = id.ok_or(Error::Row(Table::Meta.name()))?;
            self.settle_issuer(&ElectionId::new(*id)).await?;
        }
        Ok(())
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
        self.check_mirror(&keys, mirror.as_ref()).await?;
        let own = election.keys(&keys)?;
        // It waits, or signed already before the vault went back to a backup.
        if own.issuer_of(&verified.statement().next).is_none() {
            return Err(Reason::StatementDiffers.into());
        }
        let mut row = election.row.clone();
        row.rotations.push(entry.to_vec());
        let change = Change::new()
            .unchanged(RingMirror::key(), mirror.as_ref())
            .put(ending_key(&election.id), encode(&self.now()));
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
        let (keys, now) = (self.keys()?, self.now());
        if let Some(waiting) = keys.info(&purpose, KeyState::Pending) {
            let ending = ending_key(&election.id);
            let note = Change::new().put(ending.clone(), encode(&now));
            self.try_commit(note).await?.ok_or(Error::Contention)?;
            let leaf = Leaf::new(now, caller, "PrepareRotation", "destroyed");
            let leaf = leaf.about(election.subject(&keys));
            let end = Change::new().delete(ending);
            self.destroy(&keys, |key| key.id == waiting.id, 0, leaf, end)
                .await?;
        }
        let mint = move |edit: &mut Edit| edit.prepare(purpose, now, &mut random::os()).map(drop);
        self.edit_ring(election, caller, ("PrepareRotation", "minted"), mint)
            .await
    }

    /// Ends what was noted: the key that signs is active in the ring, those that signed before or waited
    /// in vain are destroyed and certified.
    async fn settle_issuer(&self, id: &ElectionId) -> Result<(), Error> {
        let noted = read::<u64>(self.store.as_ref(), Table::Meta, ending_key(id));
        let Some((since, _)) = noted.await? else {
            return Ok(());
        };
        let election = self.election(id).await?;
        let purpose = Purpose::ElectionToken(election.manifest().nonce);
        self.activate_issuer(&election, &purpose).await?;
        let keys = self.keys()?;
        let ended = |key: &KeyInfo| {
            let gone = key.destroyed.is_some_and(|at| at >= since);
            key.purpose == purpose && (key.state == KeyState::Retiring || gone)
        };
        let end = Change::new().delete(ending_key(id));
        if !keys.all().any(ended) {
            return self.try_commit(end).await?.ok_or(Error::Contention);
        }
        let leaf = Leaf::new(self.now(), &Caller::vault(), "RotateIssuer", "destroyed");
        let leaf = leaf.about(election.subject(&keys));
        self.destroy(&keys, ended, 0, leaf, end).await?;
        tracing::info!(election = %id, "another key signs tokens; the one before is destroyed");
        Ok(())
    }

    async fn activate_issuer(&self, election: &Election, purpose: &Purpose) -> Result<(), Error> {
        let keys = self.keys()?;
        // Forgotten elections have no keys.
        let own = keys.election(&election.manifest().nonce);
        let waits = own.and_then(|own| Some(own.next_issuer()?.address()));
        let next = keys.info(purpose, KeyState::Pending);
        match next.filter(|_| waits == Some(*election.issuer())) {
            Some(next) => {
                let (next, now) = (next.id, self.now());
                let activate = move |edit: &mut Edit| edit.activate(next, now);
                let what = ("RotateIssuer", "activated");
                self.edit_ring(election, &Caller::vault(), what, activate)
                    .await
            }
            None => Ok(()),
        }
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
            let leaf = Leaf::new(now, caller, operation, outcome).about(election.subject(&keys));
            let change = Change::new().audit(leaf.encode());
            let change = self.mirror(&keys, change).await?;
            self.try_commit(change).await?.ok_or(Error::Contention)
        };
        self.seal.update(edit, adopt).await?;
        Ok(())
    }
}

fn ending_key(election: &ElectionId) -> Key {
    Table::Meta.key(&[ENDING, election.as_bytes()])
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
