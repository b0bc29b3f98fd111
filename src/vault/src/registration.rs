//! From a person to a registration ID.
//!
//! New and known look alike: the same look-ups, one commit with one leaf of the audit log,
//! the same answer. Requests that share a match key go one after the other, in the order
//! in which they queued.

mod change;
mod conflict;
mod look_up;

pub(crate) use conflict::TicketNumbers;
pub use conflict::{Ticket, TicketRow};

#[cfg(test)]
mod tests;

use symbolon_crypto::random;
use symbolon_identity::{
    CanonicalPerson,
    resolve::{Decision, resolve},
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
    seal::Keys,
};
use look_up::Found;

/// A request whose match keys are stretched, with its place in the queues.
pub struct Queued {
    portal: PortalName,
    stretched: Vec<Stretched>,
    turn: Turn<IndexEntry>,
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
        Ok(Queued {
            portal: portal.clone(),
            stretched,
            turn,
        })
    }

    /// The registration ID of a queued person, who is registered if nobody knows them yet.
    pub async fn register(&self, caller: &Caller, queued: Queued) -> Result<RegistrationId, Error> {
        queued.turn.come().await;
        retried(|| self.try_register(caller, &queued)).await
    }

    async fn try_register(
        &self,
        caller: &Caller,
        queued: &Queued,
    ) -> Result<RegistrationId, Error> {
        let (keys, now) = (self.keys()?, self.now());
        let domain = keys
            .portal(&queued.portal)
            .ok_or(Reason::PermissionDenied)?;
        let writing = blinded(&keys, &queued.stretched);
        let asked = Asked::new(&queued.portal, now, keys.writing_index(), &writing);
        // Who has no budget left learns nothing, not even by the time that it takes.
        let taken = match self.store.get_one(asked.key().clone()).await? {
            Some(_) => None,
            None => Some(
                self.budgets
                    .take(self.store.as_ref(), &queued.portal, &asked)
                    .await?,
            ),
        };
        let found = Found::look_up(self, &keys, &queued.stretched, &asked).await?;
        let change = found.condition(&asked);
        let (change, outcome) = match resolve(&found.findings(&self.schema), |id, rule| {
            found.holds(id, rule)
        }) {
            Decision::Known { record, attach } => {
                let record = found.record(record)?;
                let id = domain.registration_id(record.record.root()?);
                (
                    self.known(
                        &keys, caller, now, queued, record, &attach, &id, &found, change,
                    ),
                    Ok(id),
                )
            }
            Decision::New => {
                let root = symbolon_keyring::Root::random(&mut random::os());
                let id = domain.registration_id(&root);
                (
                    self.enrol(&keys, caller, now, queued, root, &id, &found, change),
                    Ok(id),
                )
            }
            Decision::Conflict(conflict) => {
                let (change, ticket) = self
                    .open_ticket(&keys, caller, now, queued, conflict, change)
                    .await?;
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

/// The stretched match keys under the index key that writes.
fn blinded(keys: &Keys, stretched: &[Stretched]) -> Vec<IndexEntry> {
    stretched
        .iter()
        .map(|key| keys.writing_index().blind(key.secret()))
        .collect()
}
