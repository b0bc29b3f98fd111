//! What becomes of a person after registering: suspended by a portal, detached from it, erased.
//!
//! Each portal speaks for the people that it registered. One that suspends a person, or has
//! nothing to do with them any more, says nothing for the others. Once no portal knows a person,
//! officers decide to erase the record: by then it does nothing, and until then it is what tells
//! that somebody who registers again is the same.

mod detach;
mod erase;
mod suspend;

#[cfg(test)]
pub(crate) mod tests;

pub use erase::Erasure;

use symbolon_keyring::{PortalName, RegistrationId};
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::Change;

use crate::{
    Error,
    core::Core,
    rows::{OpenRecord, RingMirror},
    seal::Keys,
};

impl Core {
    /// A portal's person, in a change that demands the record as it was read and these keys.
    async fn own_person(
        &self,
        keys: &Keys,
        portal: &PortalName,
        registration: &RegistrationId,
    ) -> Result<(OpenRecord, Change), Error> {
        let mirror = self.store.get_one(RingMirror::key()).await?;
        self.check_mirror(keys, mirror.as_ref()).await?;
        let person = self.resolve(keys, portal, &[*registration]).await?.pop();
        let person = person.flatten();
        let person = person
            .ok_or_else(|| Refusal::new(Reason::UnknownRegistrationId).at("registrationId"))?;
        let change = Change::new()
            .unchanged(RingMirror::key(), mirror.as_ref())
            .at(person.id.key(), person.revision);
        Ok((person, change))
    }
}
