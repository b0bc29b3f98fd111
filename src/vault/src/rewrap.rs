//! Another way of unsealing, introduced while the vault serves.
//!
//! Officers decide on it by a proposal, whose execution is a row of the store. Then it is made: the officer whom it
//! names enters the new passphrase, one of them the PIN, or shares are made, which each holder collects. The ring is written both ways.
//! Whoever opens it the new way, here or by unsealing, ends the old one: the write that does so makes the root key
//! and the ring secret anew. Until then any officer takes it back.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use symbolon_crypto::{SecretBytes, SecretString, password::Costs, random};
use symbolon_election::{InstallationId, proposal::NewUnsealing};
use symbolon_keyring::{
    Edit, Error as RingError, MadeWay, NewWay, RingFiles, Share, TokenError, TokenKey, WayId,
};
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, Key, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    rows::{Table, read},
    unsealing::{Given, Progress},
};

/// What officers decided and nobody has proven yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewrap {
    /// The way that follows.
    pub to: NewUnsealing,
    /// When it was decided, Unix seconds.
    pub since: u64,
    /// The way that was in force then: where another one is, this has happened.
    from: [u8; 16],
}

impl Rewrap {
    pub(crate) fn new(to: NewUnsealing, from: WayId, since: u64) -> Self {
        Self {
            to,
            since,
            from: *from.as_bytes(),
        }
    }

    pub(crate) fn key() -> Key {
        Table::Meta.key(&[b"rewrap"])
    }
}

/// What is in memory of it: shares that wait for their holders, and shares handed in as the proof.
#[derive(Default)]
pub(crate) struct Handing {
    made: Mutex<Option<Made>>,
    proof: Given,
    /// One step at a time.
    step: tokio::sync::Mutex<()>,
}

struct Made {
    way: WayId,
    shares: Vec<Share>,
    collected: Vec<u8>,
}

impl Handing {
    /// Forgets all shares.
    pub(crate) fn forget(&self) {
        *self.made() = None;
        drop(self.proof.take());
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Option<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What was decided.
    pub rewrap: Rewrap,
    /// Whether the ring opens the new way, too.
    pub made: bool,
    /// Holders who have collected their share from this vault's memory.
    pub collected: Vec<String>,
    /// Whether there are shares in memory to collect.
    pub waiting: bool,
    /// Shares handed in as the proof.
    pub proof: u8,
}

impl Core {
    /// The one under way, if one is.
    pub async fn rewrap(&self) -> Result<Option<Standing>, Error> {
        let keys = self.keys()?;
        let found = read::<Rewrap>(self.store.as_ref(), Table::Meta, Rewrap::key()).await?;
        let Some((rewrap, _)) = found else {
            return Ok(None);
        };
        let made = self.seal.handing.made();
        let current = made.as_ref().filter(|it| keys.next_way() == Some(it.way));
        let numbers = current.map_or_else(Vec::new, |it| it.collected.clone());
        let named = |number: u8| holders(&rewrap.to).get(usize::from(number) - 1).cloned();
        Ok(Some(Standing {
            made: keys.next_way().is_some(),
            collected: numbers.into_iter().filter_map(named).collect(),
            waiting: current.is_some_and(|it| !it.shares.is_empty()),
            proof: self.seal.handing.proof.count(),
            rewrap,
        }))
    }

    /// Makes the way that was decided on, in place of one that was made for it before: with the new passphrase, the
    /// token's PIN, or without words the shares.
    pub async fn begin_rewrap(&self, caller: &Caller, words: SecretString) -> Result<(), Error> {
        let _one = self.seal.handing.step.lock().await;
        let (rewrap, row) = self.decided().await?;
        if words.is_empty() != matches!(rewrap.to, NewUnsealing::Shares { .. }) {
            return Err(Refusal::new(Reason::InvalidArgument)
                .at("passphrase")
                .because("stands if and only if a passphrase or a token was decided on")
                .into());
        }
        if let NewUnsealing::Passphrase { entered_by } = &rewrap.to
            && !caller.is_officer(entered_by)
        {
            self.audit(caller, "BeginRewrap", "refused").await?;
            return Err(Refusal::new(Reason::NoRewrap)
                .because("another officer enters the passphrase")
                .into());
        }
        let installation = self.keys()?.installation();
        let to = rewrap.to.clone();
        let made = self
            .seal
            .with_files(move |files| make(files, installation, &to, &words));
        let mut made = match made.await {
            Ok(made) => made,
            Err(error) => {
                self.audit(caller, "BeginRewrap", "refused").await?;
                return Err(error);
            }
        };
        let (way, shares) = (made.id(), made.take_shares());
        self.seal.handing.forget();
        self.change_ways(caller, ("BeginRewrap", "made"), &row, false, move |edit| {
            edit.begin_move(made)
        })
        .await?;
        *self.seal.handing.made() = Some(Made {
            way,
            shares,
            collected: Vec::new(),
        });
        Ok(())
    }

    /// The share of the officer who calls, as often as they ask until the new way is in force.
    pub async fn collect_share(&self, caller: &Caller) -> Result<(u8, SecretBytes), Error> {
        let _one = self.seal.handing.step.lock().await;
        let (rewrap, _) = self.decided().await?;
        let keys = self.keys()?;
        let mine = |holder: &String| caller.is_officer(holder);
        let Some(at) = holders(&rewrap.to).iter().position(mine) else {
            self.audit(caller, "CollectShare", "refused").await?;
            return Err(Refusal::new(Reason::NoRewrap)
                .because("no share is meant for this certificate")
                .into());
        };
        let (number, text) = {
            let made = self.seal.handing.made();
            let made = made.as_ref().filter(|it| keys.next_way() == Some(it.way));
            let share = made.and_then(|made| made.shares.get(at));
            let share = share.ok_or_else(|| {
                Refusal::new(Reason::NoRewrap).because(
                    "no shares wait in the vault's memory: an officer has to make them (anew)",
                )
            })?;
            (share.number(), share.encode())
        };
        // No leaf, no share.
        let outcome = format!("share {number}");
        self.audit(caller, "CollectShare", &outcome).await?;
        if let Some(made) = self.seal.handing.made().as_mut()
            && !made.collected.contains(&number)
        {
            made.collected.push(number);
        }
        Ok((number, text))
    }

    /// Shows that the new way opens the ring, and ends the old one.
    pub async fn prove_rewrap(&self, caller: &Caller, words: SecretString) -> Result<(), Error> {
        let _one = self.seal.handing.step.lock().await;
        let (_, row) = self.decided().await?;
        self.prove(caller, &row, move |files| files.prove(&words))
            .await
    }

    /// The same by one share after the other.
    pub async fn prove_share(&self, caller: &Caller, share: Share) -> Result<Progress, Error> {
        let _one = self.seal.handing.step.lock().await;
        let (_, row) = self.decided().await?;
        let proof = &self.seal.handing.proof;
        proof.expire(self.now());
        let installation = self.keys()?.installation();
        let sharing = self.seal.with_files(RingFiles::read).await?.next_sharing();
        let Some(sharing) = sharing.filter(|it| it.admits(installation, &share)) else {
            self.audit(caller, "ProveRewrap", "refused").await?;
            return Err(Refusal::new(Reason::InvalidArgument)
                .at("share")
                .because("must be one of the new shares")
                .into());
        };
        let (number, known) = (share.number(), proof.has(share.number()));
        let progress = Progress {
            given: proof.count() + u8::from(!known),
            needed: sharing.threshold,
        };
        let Progress { given, needed } = progress;
        let outcome = format!("share {number}, {given} of {needed}");
        self.audit(caller, "ProveRewrap", &outcome).await?;
        if !known {
            proof.put(share, self.now());
        }
        if given == needed {
            let shares = proof.take();
            self.prove(caller, &row, move |files| files.prove(shares.as_slice()))
                .await?;
        }
        Ok(progress)
    }

    /// Takes it back: what unseals now goes on doing so. Any one officer may.
    pub async fn cancel_rewrap(&self, caller: &Caller) -> Result<(), Error> {
        let _one = self.seal.handing.step.lock().await;
        let (_, row) = self.decided().await?;
        self.seal.handing.forget();
        self.change_ways(caller, ("CancelRewrap", "cancelled"), &row, true, |edit| {
            edit.cancel_move();
            Ok(())
        })
        .await
    }

    /// After an unsealing: ends the old way where the new one opened the ring, and takes away a new one that nobody
    /// decided on here.
    pub(crate) async fn settle_rewrap(&self) -> Result<(), Error> {
        let _one = self.seal.handing.step.lock().await;
        self.seal.handing.forget();
        let keys = self.keys()?;
        let found = read::<Rewrap>(self.store.as_ref(), Table::Meta, Rewrap::key()).await?;
        let happened = found
            .as_ref()
            .is_some_and(|(rewrap, _)| rewrap.from != *keys.way().as_bytes());
        let vault = Caller::vault();
        if keys.has_moved() || happened {
            let row = found.map(|(_, row)| row);
            let edit = |_: &mut Edit| Ok(());
            return self
                .change_ways(&vault, ("ProveRewrap", "proven"), &row, true, edit)
                .await;
        }
        if found.is_none() && keys.next_way().is_some() {
            let edit = |edit: &mut Edit| {
                edit.cancel_move();
                Ok(())
            };
            return self
                .change_ways(&vault, ("CancelRewrap", "cancelled"), &None, true, edit)
                .await;
        }
        Ok(())
    }

    async fn decided(&self) -> Result<(Rewrap, Option<Value>), Error> {
        self.keys()?;
        let found = read(self.store.as_ref(), Table::Meta, Rewrap::key()).await?;
        let (rewrap, row) = found.ok_or(Error::from(Reason::NoRewrap))?;
        Ok((rewrap, Some(row)))
    }

    async fn prove(
        &self,
        caller: &Caller,
        row: &Option<Value>,
        proof: impl FnOnce(&RingFiles) -> Result<WayId, RingError> + Send + 'static,
    ) -> Result<(), Error> {
        let proven = match self.seal.with_files(proof).await {
            Ok(proven) => proven,
            Err(error) => {
                self.audit(caller, "ProveRewrap", "refused").await?;
                return Err(error);
            }
        };
        self.change_ways(caller, ("ProveRewrap", "proven"), row, true, move |edit| {
            edit.finish_move(proven)
        })
        .await?;
        self.seal.handing.forget();
        Ok(())
    }

    /// Changes the ring, with a leaf; and ends what was decided, or demands that it stands.
    async fn change_ways(
        &self,
        caller: &Caller,
        (operation, outcome): (&'static str, &'static str),
        row: &Option<Value>,
        ends: bool,
        edit: impl FnOnce(&mut Edit) -> Result<(), RingError> + Send + 'static,
    ) -> Result<(), Error> {
        let leaf = Leaf::new(self.now(), caller, operation, outcome).encode();
        let mut change = Change::new()
            .audit(leaf)
            .unchanged(Rewrap::key(), row.as_ref());
        if ends && row.is_some() {
            change = change.delete(Rewrap::key());
        }
        let adopt = |keys: std::sync::Arc<crate::seal::Keys>| async move {
            let change = self.mirror(&keys, change).await?;
            self.try_commit(change).await?.ok_or(Error::Contention)
        };
        self.seal.update(edit, adopt).await?;
        tracing::info!(operation, outcome, "the ring's unsealing");
        Ok(())
    }
}

/// Who gets a share: the first holder the first, and so on.
fn holders(to: &NewUnsealing) -> &[String] {
    match to {
        NewUnsealing::Shares { holders, .. } => holders,
        NewUnsealing::Passphrase { .. } | NewUnsealing::Token { .. } => &[],
    }
}

fn make(
    files: &RingFiles,
    installation: InstallationId,
    to: &NewUnsealing,
    words: &SecretString,
) -> Result<MadeWay, RingError> {
    let way = match to {
        NewUnsealing::Passphrase { .. } => NewWay::Passphrase {
            passphrase: words,
            costs: Costs::PASSPHRASE,
        },
        NewUnsealing::Shares { holders, threshold } => NewWay::Shares {
            threshold: *threshold,
            shares: u8::try_from(holders.len())
                .map_err(|_| symbolon_crypto::Error::InvalidSharing)?,
        },
        NewUnsealing::Token { key, token } => NewWay::Token {
            module: files.library().ok_or(TokenError::NoModule)?,
            place: TokenKey::new(token, key)?,
            pin: words,
        },
    };
    MadeWay::new(installation, way, &mut random::os())
}

#[cfg(test)]
mod tests;
