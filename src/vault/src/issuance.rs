//! From a sealed request to a sealed token.
//!
//! A place has one ballot key and a ballot key one place: both rows are demanded absent in
//! the change that writes them. The same request again gives the same issuance, sealed anew.

mod held;
mod place;

#[cfg(test)]
mod tests;

pub(crate) use held::Held;

use std::sync::Arc;

use symbolon_crypto::{hpke::HpkePublicKey, labels, random};
use symbolon_election::{
    BallotKey, DeliveryKey, ElectionId, RequestPlaintext, RollIndex, TokenPlaintext, Typed, VoterId,
};
use symbolon_keyring::{
    PortalName, RegistrationId,
    keys::{ElectionKeys, RecordPlace, RowTag},
};
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, Key, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    elections::{Election, Stage},
    halts::Halt,
    rows::{RingMirror, Table},
    seal::Keys,
};

/// Bytes of a sealed request.
pub const SEALED_REQUEST: usize = RequestPlaintext::LENGTH + symbolon_crypto::hpke::OVERHEAD;
/// Bytes of a sealed token.
pub const SEALED_TOKEN: usize = TokenPlaintext::LENGTH + symbolon_crypto::hpke::OVERHEAD;

/// One place's issuance. Its row holds, sealed, `ballot key 20 ‖ roll index 4 ‖ time 8`.
pub(crate) struct Issuance {
    pub(crate) ballot_key: BallotKey,
    pub(crate) roll_index: RollIndex,
    /// Unix seconds.
    pub(crate) issued: u64,
}

/// Whether a person may vote and has asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Participation {
    /// On the roll.
    pub eligible: bool,
    /// A token was issued.
    pub issued: bool,
}

/// An opened request: who asks for what.
struct Request {
    delivery_key: DeliveryKey,
    ballot_key: BallotKey,
}

impl Issuance {
    /// What the keys of an election's issuances begin with.
    pub(crate) fn prefix(own: &ElectionKeys) -> Key {
        Table::Issuance.key(&[own.rows().key_id().as_bytes()])
    }

    /// The row of a place.
    pub(crate) fn key(own: &ElectionKeys, place: RollIndex) -> Key {
        key_of(Table::Issuance, own, &[&place.0.to_be_bytes()])
    }

    /// Opens a row at its place.
    pub(crate) fn open(own: &ElectionKeys, key: &Key, sealed: &[u8]) -> Result<Self, Error> {
        let place = RecordPlace {
            table: Table::Issuance.name(),
            row: key.name(),
        };
        let opened = own.rows().open_record(&place, sealed)?;
        let damaged = || Error::Row(Table::Issuance.name());
        let row: &[u8; 32] = opened.expose().try_into().map_err(|_| damaged())?;
        let (ballot_key, rest) = row.split_first_chunk::<20>().ok_or_else(damaged)?;
        let (roll_index, issued) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
        Ok(Self {
            ballot_key: BallotKey::from_slice(ballot_key).map_err(|_| damaged())?,
            roll_index: RollIndex(u32::from_be_bytes(*roll_index)),
            issued: u64::from_be_bytes(issued.try_into().map_err(|_| damaged())?),
        })
    }

    fn seal(&self, own: &ElectionKeys, key: &Key) -> Vec<u8> {
        let place = RecordPlace {
            table: Table::Issuance.name(),
            row: key.name(),
        };
        let index = self.roll_index.0.to_be_bytes();
        let time = self.issued.to_be_bytes();
        let row = [self.ballot_key.as_bytes().as_slice(), &index, &time].concat();
        own.rows().seal_record(&place, &row, &mut random::os())
    }
}

impl Core {
    /// Issues a token, sealed to the device that asked; bytes of one length.
    pub async fn issue_token(
        &self,
        caller: &Caller,
        portal: &PortalName,
        registration: &RegistrationId,
        election: &ElectionId,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        retried(|| self.try_issue(caller, portal, registration, election, sealed)).await
    }

    /// Whether a person is on the roll, and whether a token was issued.
    pub async fn participation(
        &self,
        caller: &Caller,
        portal: &PortalName,
        registration: &RegistrationId,
        election: &ElectionId,
    ) -> Result<Participation, Error> {
        let keys = self.keys()?;
        let election = self.public_election(election).await?;
        let own = election.keys(&keys)?;
        let asked = (portal, registration);
        let standing = retried(|| self.standing(&keys, &own, &election, asked)).await?;
        let leaf = Leaf::new(self.now(), caller, "GetParticipation", "told")
            .about(own.subject("voter", standing.voter.as_bytes()));
        self.try_commit(Change::new().audit(leaf.encode())).await?;
        Ok(Participation {
            eligible: standing.place.is_some(),
            issued: standing.issued,
        })
    }

    /// An election that the outside knows of.
    pub(crate) async fn public_election(&self, id: &ElectionId) -> Result<Arc<Election>, Error> {
        let election = self.election(id).await?;
        match election.row.stage {
            Stage::Draft => Err(Reason::UnknownElection.into()),
            _ => Ok(election),
        }
    }

    async fn try_issue(
        &self,
        caller: &Caller,
        portal: &PortalName,
        registration: &RegistrationId,
        id: &ElectionId,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let keys = self.keys()?;
        let election = self.public_election(id).await?;
        self.check_issuing(&election)?;
        let own = election.keys(&keys)?;
        let request = self.open_request(&own, id, sealed)?;
        let asked = (portal, registration);
        let standing = self.standing(&keys, &own, &election, asked).await?;
        let voter = standing.voter;
        let leaf = |outcome| {
            let subject = own.subject("voter", voter.as_bytes());
            let leaf = Leaf::new(self.now(), caller, "IssueToken", outcome);
            leaf.about(subject).encode()
        };
        let bound = match standing.place {
            _ if standing.person.record.is_suspended(portal) => Err(Reason::PersonSuspended.into()),
            Some(place) => {
                let bound = self
                    .bind(&keys, &own, &election, place, request.ballot_key)
                    .await;
                bound.map(|(mirror, change)| (place, mirror, change))
            }
            None => Err(Reason::NotEligible.into()),
        };
        let (place, mirror, change) = match bound {
            Ok(bound) => bound,
            Err(Error::Refused(refusal)) => {
                let leaf = leaf(refusal.reason().name());
                self.try_commit(Change::new().audit(leaf)).await?;
                return Err(Error::Refused(refusal));
            }
            Err(error) => return Err(error),
        };
        let change = standing
            .condition(change)
            .unchanged(RingMirror::key(), Some(&mirror))
            .audit(leaf("issued"));
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        self.seal_token(&own, &election, voter, place, &request)
    }

    fn check_issuing(&self, election: &Election) -> Result<(), Error> {
        let (manifest, now) = (election.manifest(), self.now());
        match election.row.stage {
            Stage::Cancelled => return Err(Reason::ElectionCancelled.into()),
            Stage::Closed | Stage::Certified => return Err(Reason::ElectionClosed.into()),
            Stage::Draft | Stage::Open => {}
        }
        if election.row.ended || now > manifest.closes {
            return Err(Reason::ElectionClosed.into());
        }
        if now < manifest.opens {
            return Err(Reason::NotOpen.into());
        }
        match self.halts.holds(&Halt::issuance(&election.id)) {
            true => Err(Reason::IssuanceStopped.into()),
            false => Ok(()),
        }
    }

    fn open_request(
        &self,
        own: &ElectionKeys,
        election: &ElectionId,
        sealed: &[u8],
    ) -> Result<Request, Error> {
        let refused = || Error::from(Refusal::new(Reason::RequestDoesNotOpen).at("sealedRequest"));
        if sealed.len() != SEALED_REQUEST {
            return Err(refused());
        }
        let opened = own.open_request(election, sealed).map_err(|_| refused())?;
        let request = RequestPlaintext::parse(opened.expose()).map_err(|_| refused())?;
        let ballot_key = request.ballot_key(*election, self.domain());
        let ballot_key =
            ballot_key.map_err(|_| Refusal::new(Reason::InvalidSignature).at("sealedRequest"))?;
        Ok(Request {
            delivery_key: request.delivery_key,
            ballot_key,
        })
    }

    /// A change that binds place and ballot key to each other, if they aren't yet.
    pub(crate) async fn bind(
        &self,
        keys: &Keys,
        own: &Arc<ElectionKeys>,
        election: &Election,
        place: RollIndex,
        ballot_key: BallotKey,
    ) -> Result<(Value, Change), Error> {
        let by_place = Issuance::key(own, place);
        let by_key = key_of(Table::BallotKey, own, &[ballot_key.as_bytes()]);
        let wanted = vec![RingMirror::key(), by_place.clone(), by_key.clone()];
        let found = self.store.get(wanted).await?;
        let [mirror, issued, placed] = found.as_slice() else {
            return Err(Error::Row(Table::Issuance.name()));
        };
        self.check_mirror(keys, mirror.as_ref()).await?;
        let mirror = mirror.clone().ok_or(Error::Row(Table::Meta.name()))?;
        let tag = own
            .rows()
            .blind(Table::Issuance.name(), &[&place.0.to_be_bytes()]);
        if let Some(issued) = issued {
            let there = Issuance::open(own, &by_place, &issued.bytes)?;
            return match there.ballot_key == ballot_key {
                true => Ok((mirror, Change::new())),
                false => Err(Reason::PlaceTaken.into()),
            };
        }
        if placed.is_some() {
            return Err(Reason::PlaceTaken.into());
        }
        let issuance = Issuance {
            ballot_key,
            roll_index: place,
            issued: self.now(),
        };
        // The election's row as it was read: an issuance never slips in behind its end.
        let change = Change::new()
            .at(election.key(), election.revision)
            .absent(by_place.clone())
            .put(by_place.clone(), issuance.seal(own, &by_place))
            .absent(by_key.clone())
            .put(by_key, tag.as_bytes().to_vec());
        Ok((mirror, change))
    }

    fn seal_token(
        &self,
        own: &ElectionKeys,
        election: &Election,
        voter_id: VoterId,
        roll_index: RollIndex,
        request: &Request,
    ) -> Result<Vec<u8>, Error> {
        let token = symbolon_election::VotingToken {
            election: election.id,
            voter_id,
            roll_index,
            ballot_key: request.ballot_key,
        };
        // The row says who signs. A key that isn't there yet is in the keys that are read next.
        let issuer = own.issuer_of(election.issuer()).ok_or(Error::Contention)?;
        let signature = issuer.sign(token.digest(self.domain()).as_bytes());
        let plain = TokenPlaintext {
            voter_id,
            roll_index,
            signature,
        }
        .encode();
        let device = HpkePublicKey::from_bytes(*request.delivery_key.as_bytes());
        device
            .seal(
                labels::VOTING_TOKEN,
                election.id.as_bytes(),
                &plain,
                &mut random::os(),
            )
            .map_err(|_| {
                Refusal::new(Reason::RequestDoesNotOpen)
                    .at("sealedRequest")
                    .into()
            })
    }
}

/// A row of an election's own range, blinded.
fn key_of(table: Table, own: &ElectionKeys, fields: &[&[u8]]) -> Key {
    let tag: RowTag = own.rows().blind(table.name(), fields);
    table.key(&[own.rows().key_id().as_bytes(), tag.as_bytes()])
}
