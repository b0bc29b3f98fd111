//! Which place of a roll is a person's.

use symbolon_election::{RollIndex, VoterId};
use symbolon_keyring::{PortalName, RegistrationId, keys::ElectionKeys};
use symbolon_service::reasons::Reason;
use symbolon_store::{Change, Key};

use super::Issuance;
use crate::{
    Error,
    core::Core,
    elections::Election,
    rows::{OpenRecord, Record},
    seal::Keys,
};

/// A portal's person in an election.
pub(super) struct Standing {
    pub(super) person: OpenRecord,
    pub(super) voter: VoterId,
    /// Where on the roll.
    pub(super) place: Option<RollIndex>,
    /// Whether a token was issued there.
    pub(super) issued: bool,
    /// The rows of the person's other places, which are dead.
    dead: Vec<Key>,
}

/// A place of a person, and its row.
struct Place {
    voter: VoterId,
    index: RollIndex,
    row: Key,
}

impl Standing {
    /// Demands that the person is who they were, with one place.
    pub(super) fn condition(&self, change: Change) -> Change {
        let change = change.at(self.person.id.key(), self.person.revision);
        let dead = self.dead.iter().cloned();
        dead.fold(change, Change::absent)
    }
}

impl Core {
    /// Where a portal's person stands.
    ///
    /// A merged person may be on a roll more than once. One place serves: the one that has a
    /// token, else that of the oldest root.
    pub(super) async fn standing(
        &self,
        keys: &Keys,
        own: &ElectionKeys,
        election: &Election,
        (portal, registration): (&PortalName, &RegistrationId),
    ) -> Result<Standing, Error> {
        let found = self.resolve(keys, portal, &[*registration]).await?.pop();
        let person = found.flatten().ok_or(Reason::UnknownRegistrationId)?;
        let places = self.places(own, election, &person.record)?;
        let rows = places.iter().map(|place| place.row.clone());
        let rows = self.store.get(rows.collect()).await?;
        let issued = rows.iter().position(Option::is_some);
        let serves = issued.unwrap_or(0);
        let (voter, place) = match places.get(serves) {
            Some(place) => (place.voter, Some(place.index)),
            None => (own.voter_id(person.record.root()?), None),
        };
        let others = places.into_iter().enumerate();
        let dead = others.filter(|(at, _)| *at != serves);
        Ok(Standing {
            person,
            voter,
            place,
            issued: issued.is_some(),
            dead: dead.map(|(_, place)| place.row).collect(),
        })
    }

    /// The rows of a person's places on the roll of an election that was opened.
    pub(crate) fn place_rows(
        &self,
        own: &ElectionKeys,
        election: &Election,
        record: &Record,
    ) -> Result<Vec<Key>, Error> {
        let places = self.places(own, election, record)?.into_iter();
        Ok(places.map(|place| place.row).collect())
    }

    /// All of them, that of the oldest root first.
    fn places(
        &self,
        own: &ElectionKeys,
        election: &Election,
        record: &Record,
    ) -> Result<Vec<Place>, Error> {
        let roll = self.roll(election)?;
        let mut places = Vec::new();
        for root in &record.roots {
            let voter = own.voter_id(root);
            if let Some(index) = roll.find(&voter)? {
                let row = Issuance::key(own, index);
                places.push(Place { voter, index, row });
            }
        }
        Ok(places)
    }
}
