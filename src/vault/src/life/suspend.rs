use symbolon_crypto::random;
use symbolon_keyring::{PortalName, RegistrationId};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    rows::Table,
};

impl Core {
    /// From now on a portal doesn't speak for one of its people: no token through it, no place on
    /// rolls that are made later. Tokens that were issued stay. The same again changes nothing.
    pub async fn suspend_person(
        &self,
        caller: &Caller,
        portal: &PortalName,
        registration: &RegistrationId,
    ) -> Result<(), Error> {
        retried(|| self.set_suspended(caller, portal, registration, true)).await
    }

    /// The portal speaks for them again.
    pub async fn resume_person(
        &self,
        caller: &Caller,
        portal: &PortalName,
        registration: &RegistrationId,
    ) -> Result<(), Error> {
        retried(|| self.set_suspended(caller, portal, registration, false)).await
    }

    async fn set_suspended(
        &self,
        caller: &Caller,
        portal: &PortalName,
        registration: &RegistrationId,
        suspended: bool,
    ) -> Result<(), Error> {
        let keys = self.keys()?;
        let (mut person, change) = self.own_person(&keys, portal, registration).await?;
        let (operation, outcome) = match suspended {
            true => ("SuspendPerson", "suspended"),
            false => ("ResumePerson", "resumed"),
        };
        let audit = keys.audit();
        let subject = audit.subject(Table::Record.name(), person.id.as_bytes());
        let leaf = Leaf::new(self.now(), caller, operation, outcome).about(subject);
        let mut change = change.audit(leaf.encode());
        if person.record.is_suspended(portal) != suspended {
            let own = person.record.portals.iter_mut();
            own.filter(|known| known.portal == *portal)
                .for_each(|known| known.suspended = suspended);
            let sealed = person.record.seal(&person.id, &keys, &mut random::os());
            change = change.put(person.id.key(), sealed);
        }
        self.try_commit(change).await?.ok_or(Error::Contention)
    }
}
