//! What the public ledger tells a vault that went back to an earlier state.
//!
//! Tokens that were issued after the backup are unknown to it, and their places would be given away
//! a second time. Whoever voted with one shows it: token and ballot key stand on the ledger. So each
//! election that may have gone on since then stands still, its issuing isn't ended and no decision lets
//! it go on until somebody has read the ledger back. A place that is free is bound to the key of
//! the token that was seen there: the token is the vault's own word that it had been issued.

use serde::{Deserialize, Serialize};
use symbolon_election::{ElectionId, Entry, RollIndex, Signature, Typed, VotingToken};
use symbolon_keyring::keys::ElectionKeys;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, Key, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    elections::{Election, refuse},
    halts::Halt,
    rows::{RingMirror, Table, encode, read},
};

/// An election that a vault found in a backup before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// When the vault was restored, Unix seconds.
    pub(crate) since: u64,
    /// When its ledger had been read, Unix seconds.
    pub(crate) read_back: Option<u64>,
}

impl Restored {
    /// The row of an election that is restored at a time, and where it stands.
    pub(crate) fn row(election: &ElectionId, since: u64) -> (Key, Vec<u8>) {
        let row = Self {
            since,
            read_back: None,
        };
        (key(election), encode(&row))
    }
}

fn key(election: &ElectionId) -> Key {
    Table::Meta.key(&[b"restored/", election.as_bytes()])
}

/// What became of tokens from the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadBack {
    /// Places that were free and are bound now.
    pub bound: u64,
    /// Places that had this very key already.
    pub known: u64,
    /// Places that have another key, or whose key has another place.
    pub contradicting: Vec<RollIndex>,
    /// Tokens that no key of the vault's signed, or of places that its roll doesn't have.
    pub foreign: Vec<RollIndex>,
}

/// What became of one token.
enum Outcome {
    Bound,
    Known,
    Contradicts,
    Foreign,
}

impl Core {
    /// [`Reason::ReadBackFirst`] for an election whose ledger has to be read first.
    pub(crate) async fn check_read_back(&self, election: &ElectionId) -> Result<(), Error> {
        match self.restored(election).await? {
            Some((restored, _)) if restored.read_back.is_none() => {
                Err(Reason::ReadBackFirst.into())
            }
            _ => Ok(()),
        }
    }

    /// Takes tokens that stand on the ledger of an election that was restored and stands still.
    pub async fn read_back(
        &self,
        caller: &Caller,
        id: &ElectionId,
        tokens: &[(VotingToken, Signature)],
    ) -> Result<ReadBack, Error> {
        self.check_restored(id).await?;
        let mut told = ReadBack::default();
        for (token, signature) in tokens {
            let outcome = retried(|| self.read_token(caller, id, token, signature)).await?;
            match outcome {
                Outcome::Bound => told.bound += 1,
                Outcome::Known => told.known += 1,
                Outcome::Contradicts => told.contradicting.push(token.roll_index),
                Outcome::Foreign => told.foreign.push(token.roll_index),
            }
        }
        Ok(told)
    }

    /// Takes statements that stand on the ledger of an election that was restored and stands still: whose
    /// tokens are good, and how it ended.
    pub async fn read_back_statements(
        &self,
        caller: &Caller,
        id: &ElectionId,
        entries: &[Vec<u8>],
    ) -> Result<(), Error> {
        self.check_restored(id).await?;
        for entry in entries {
            match Entry::decode(entry).map_err(refuse)? {
                Entry::Close(close) if close.statement.election == *id => {
                    retried(|| self.adopt_close(caller, entry)).await?;
                }
                Entry::Certified(certified) if certified.statement.election == *id => {
                    self.certify_election(caller, entry).await?;
                }
                Entry::IssuerRotation(rotation) if rotation.statement.election == *id => {
                    self.adopt_rotation(caller, &rotation, entry).await?;
                }
                Entry::Cancelled(cancelled) if cancelled.statement.election == *id => {
                    self.cancel_election(caller, entry).await?;
                }
                _ => {
                    return Err(Refusal::new(Reason::InvalidArgument)
                        .at("statements")
                        .into());
                }
            }
        }
        Ok(())
    }

    /// Notes that the ledger of an election was read to its end.
    pub async fn end_read_back(&self, caller: &Caller, id: &ElectionId) -> Result<(), Error> {
        retried(|| async {
            let (restored, row) = self.check_restored(id).await?;
            let election = self.public_election(id).await?;
            let subject = election
                .keys(&*self.keys()?)?
                .subject("election", id.as_bytes());
            let now = self.now();
            let read = Restored {
                read_back: Some(now),
                ..restored
            };
            let leaf = Leaf::new(now, caller, "ReadBack", "ended").about(subject);
            let change = Change::new()
                .at(key(id), row.revision)
                .put(key(id), encode(&read))
                .audit(leaf.encode());
            self.try_commit(change).await?.ok_or(Error::Contention)
        })
        .await
    }

    async fn read_token(
        &self,
        caller: &Caller,
        id: &ElectionId,
        token: &VotingToken,
        signature: &Signature,
    ) -> Result<Outcome, Error> {
        let keys = self.keys()?;
        let election = self.public_election(id).await?;
        if election.row.issued.is_some() {
            return Err(Reason::ElectionClosed.into());
        }
        let own = election.keys(&keys)?;
        if !self.is_own(&election, &own, token, signature)? {
            return Ok(Outcome::Foreign);
        }
        let bound = self
            .bind(&keys, &own, &election, token.roll_index, token.ballot_key)
            .await;
        let (mirror, change) = match bound {
            Ok((_, change)) if change.conditions().is_empty() => return Ok(Outcome::Known),
            Ok(bound) => bound,
            Err(Error::Refused(refusal)) if refusal.reason() == Reason::PlaceTaken => {
                return Ok(Outcome::Contradicts);
            }
            Err(error) => return Err(error),
        };
        let subject = own.subject("voter", token.voter_id.as_bytes());
        let leaf = Leaf::new(self.now(), caller, "ReadBack", "bound").about(subject);
        let change = change
            .unchanged(RingMirror::key(), Some(&mirror))
            .audit(leaf.encode());
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        Ok(Outcome::Bound)
    }

    /// Whether a token is one that this vault signed, for a place of the roll.
    fn is_own(
        &self,
        election: &Election,
        own: &ElectionKeys,
        token: &VotingToken,
        signature: &Signature,
    ) -> Result<bool, Error> {
        let digest = token.digest(self.domain());
        let signer = symbolon_crypto::ecdsa::recover(digest.as_bytes(), signature);
        let leaf = self.roll(election)?.leaves(token.roll_index.0, 1)?;
        // A rotation of the token key may have come after the backup; the ring has its key.
        let signed = signer.is_ok_and(|signer| {
            election.issuers().contains(&signer) || own.issuer_of(&signer).is_some()
        });
        Ok(signed && token.election == election.id && leaf == token.voter_id.as_bytes())
    }

    async fn check_restored(&self, id: &ElectionId) -> Result<(Restored, Value), Error> {
        let restored = self.restored(id).await?;
        let restored = restored.ok_or_else(|| Refusal::new(Reason::WrongState).at("election"))?;
        match self.halts.holds(&Halt::issuance(id)) {
            true => Ok(restored),
            false => Err(Reason::WrongState.into()),
        }
    }

    async fn restored(&self, id: &ElectionId) -> Result<Option<(Restored, Value)>, Error> {
        read(self.store.as_ref(), Table::Meta, key(id)).await
    }
}
