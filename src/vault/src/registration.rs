//! From a person to a registration ID.
//!
//! New and known look alike: the same look-ups, one commit with one leaf of the audit log,
//! the same answer. Requests that share a match key go one after the other, in the order
//! in which they queued. Corrected data of a known person go the same way.

mod change;
mod conflict;
mod look_up;
mod merge;
mod ticket;
mod verdict;

pub(crate) use conflict::TicketNumbers;
pub use ticket::{Settled, Ticket, TicketRow, Verdict};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use {merge::tests as merge_tests, verdict::tests as verdict_tests};

use symbolon_crypto::random;
use symbolon_identity::{
    CanonicalPerson, RuleId,
    resolve::{Decision, amend, resolve},
    stretch::Stretched,
};
use symbolon_keyring::{PortalName, RegistrationId, keys::IndexEntry};
use symbolon_service::{Refusal, reasons::Reason};

use crate::{
    Error,
    audit::Caller,
    budget::Asked,
    core::{Core, retried},
    gates::Turn,
    rows::RecordId,
    seal::Keys,
};
use change::Work;
use look_up::Found;

/// A request whose match keys are stretched, with its place in the queues.
pub struct Queued {
    request: Request,
    turn: Turn<IndexEntry>,
}

/// Who asks about whom.
struct Request {
    portal: PortalName,
    stretched: Vec<Stretched>,
    /// Whose corrected data they are.
    amends: Option<RegistrationId>,
}

impl Queued {
    /// The same as corrected data of whom the portal knows by this ID.
    #[must_use]
    pub fn amending(mut self, person: RegistrationId) -> Self {
        self.request.amends = Some(person);
        self
    }
}

impl Core {
    /// Stretches a person's match keys.
    pub async fn stretch(&self, person: CanonicalPerson) -> Result<Vec<Stretched>, Error> {
        // Sealed is told before anything is spent on the request.
        self.keys()?;
        Ok(self
            .pool
            .stretch(self.profile, person.into_match_keys())
            .await?)
    }

    /// The same for one row of many: it waits for its turn.
    pub async fn stretch_in_turn(&self, person: CanonicalPerson) -> Result<Vec<Stretched>, Error> {
        self.keys()?;
        let keys = person.into_match_keys();
        Ok(self.pool.stretch_in_turn(self.profile, keys).await?)
    }

    /// Queues behind every earlier request that shares a match key.
    pub fn queue(&self, portal: &PortalName, stretched: Vec<Stretched>) -> Result<Queued, Error> {
        let keys = self.keys()?;
        self.check_portal(portal)?;
        let turn = self.gates.queue(blinded(&keys, &stretched));
        let request = Request {
            portal: portal.clone(),
            stretched,
            amends: None,
        };
        Ok(Queued { request, turn })
    }

    /// The registration ID of a queued person, who is registered if nobody knows them yet.
    pub async fn register(&self, caller: &Caller, queued: Queued) -> Result<RegistrationId, Error> {
        queued.turn.come().await;
        retried(|| self.try_register(caller, &queued.request)).await
    }

    async fn try_register(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<RegistrationId, Error> {
        let (keys, now) = (self.keys()?, self.now());
        let (operation, outcome) = match request.amends {
            None => ("RegisterPerson", "registered"),
            Some(_) => ("AmendPerson", "amended"),
        };
        let work = Work {
            keys: &keys,
            caller,
            now,
            operation,
            outcome,
        };
        let domain = keys
            .portal(&request.portal)
            .ok_or(Reason::PermissionDenied)?;
        let amends = self.amended(&keys, request).await?;
        let writing = blinded(&keys, &request.stretched);
        let asked = Asked::new(&request.portal, now, keys.writing_index(), &writing);
        // Who has no budget left learns nothing, not even by the time that it takes.
        let taken = match self.store.get_one(asked.key().clone()).await? {
            Some(_) => None,
            None => Some(
                self.budgets
                    .take(self.store.as_ref(), &request.portal, &asked)
                    .await?,
            ),
        };
        let found = Found::look_up(self, &keys, &request.stretched, Some(&asked), amends).await?;
        let change = found.condition(Some(&asked));
        let (change, outcome) = match self.decide(&found, amends) {
            Decision::Known { record, attach } => {
                let record = found.record(record)?;
                let id = domain.registration_id(record.record.root_for(&request.portal)?);
                (
                    self.known(&work, request, record, &attach, &id, &found, change),
                    Ok(id),
                )
            }
            Decision::New => {
                let root = symbolon_keyring::Root::random(&mut random::os());
                let id = domain.registration_id(&root);
                (
                    self.enrol(&work, request, root, &id, &found, change),
                    Ok(id),
                )
            }
            Decision::Conflict(conflict) => {
                let opened = self.open_ticket(&work, request, amends, conflict, change);
                let (change, ticket) = opened.await?;
                (change, Err(ticket))
            }
        };
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        if let Some(taken) = taken {
            taken.keep();
        }
        outcome.map_err(|ticket: Ticket| {
            Refusal::new(Reason::IdentityConflict)
                .with("ticket", ticket.0)
                .into()
        })
    }
}

impl Core {
    /// The record whose data a request corrects.
    async fn amended(&self, keys: &Keys, request: &Request) -> Result<Option<RecordId>, Error> {
        let Some(id) = request.amends else {
            return Ok(None);
        };
        let person = self.resolve(keys, &request.portal, &[id]).await?.pop();
        let person = person.flatten();
        let person = person
            .ok_or_else(|| Refusal::new(Reason::UnknownRegistrationId).at("registrationId"))?;
        Ok(Some(person.id))
    }

    /// What a request is about, by what was found.
    fn decide(&self, found: &Found, amends: Option<RecordId>) -> Decision<RecordId> {
        let findings = found.findings(&self.schema);
        let holds = |id, rule: &RuleId| found.holds(id, rule);
        match amends {
            Some(record) => amend(&findings, record, holds),
            None => resolve(&findings, holds),
        }
    }
}

/// The stretched match keys under the index key that writes.
fn blinded(keys: &Keys, stretched: &[Stretched]) -> Vec<IndexEntry> {
    stretched
        .iter()
        .map(|key| keys.writing_index().blind(key.secret()))
        .collect()
}
