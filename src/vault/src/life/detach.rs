use symbolon_crypto::random;
use symbolon_keyring::{PortalName, RegistrationId};
use symbolon_service::reasons::Reason;
use symbolon_store::{Change, Key};

use super::Erasure;
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    electorates::ElectorateName,
    issuance::Held,
    rows::{OpenRecord, Record, RecordId, Table, encode},
    seal::Keys,
};

impl Core {
    /// Detaches one of a portal's people from it: no registration ID of its resolves any more, and
    /// no electorate of its holds them. The last portal's call has the record wait for officers to
    /// erase it. Refused while the person holds a token of an election that is open.
    pub async fn erase_person(
        &self,
        caller: &Caller,
        portal: &PortalName,
        registration: &RegistrationId,
    ) -> Result<(), Error> {
        retried(|| self.try_detach(caller, portal, registration)).await
    }

    async fn try_detach(
        &self,
        caller: &Caller,
        portal: &PortalName,
        registration: &RegistrationId,
    ) -> Result<(), Error> {
        let (keys, now) = (self.keys()?, self.now());
        let (mut person, change) = self.own_person(&keys, portal, registration).await?;
        let (change, held) = self.tokens(&keys, &person.record, change).await?;
        if held != Held::None {
            return Err(Reason::TokenHeld.into());
        }
        let change = self.lead_nowhere(&keys, &person, portal, change).await?;
        let change = self.leave_electorates(&person.id, portal, change).await?;
        person.record.portals.retain(|own| own.portal != *portal);
        let (outcome, change) = match person.record.portals.is_empty() {
            true => ("waits", Erasure::new(portal, now).wait(&person.id, change)),
            false => ("detached", change),
        };
        let audit = keys.audit();
        let subject = audit.subject(Table::Record.name(), person.id.as_bytes());
        let leaf = Leaf::new(now, caller, "ErasePerson", outcome).about(subject);
        let sealed = person.record.seal(&person.id, &keys, &mut random::os());
        let change = change.put(person.id.key(), sealed).audit(leaf.encode());
        self.try_commit(change).await?.ok_or(Error::Contention)
    }

    /// Removes the rows of a portal's registration IDs.
    async fn lead_nowhere(
        &self,
        keys: &Keys,
        person: &OpenRecord,
        portal: &PortalName,
        mut change: Change,
    ) -> Result<Change, Error> {
        let of_portal = person.record.portals.iter();
        let of_portal = of_portal.filter(|known| known.portal == *portal);
        let seen = Record {
            created: person.record.created,
            roots: person
                .record
                .roots
                .iter()
                .map(|root| root.duplicate())
                .collect(),
            match_keys: Vec::new(),
            portals: of_portal.cloned().collect(),
        };
        for index in keys.index() {
            let rows = seen.leading(keys, index).registration_ids;
            let found = self.store.get(rows.clone()).await?;
            for (row, found) in rows.into_iter().zip(found) {
                change = change.unchanged(row.clone(), found.as_ref()).delete(row);
            }
        }
        Ok(change)
    }

    /// Removes a person from a portal's electorates.
    async fn leave_electorates(
        &self,
        person: &RecordId,
        portal: &PortalName,
        mut change: Change,
    ) -> Result<Change, Error> {
        let all = self.all_electorates().await?.into_iter();
        let own = all.filter(|(_, row)| row.portal == portal.as_str());
        let members: Vec<(ElectorateName, Key)> =
            own.map(|(name, row)| (name, row.member(person))).collect();
        let keys = members.iter().map(|(_, key)| key.clone()).collect();
        let there = self.store.get(keys).await?;
        for ((name, member), there) in members.into_iter().zip(there) {
            let Some(there) = there else {
                continue;
            };
            let (mut electorate, row) = self.electorate(&name).await?;
            electorate.size = electorate.size.saturating_sub(1);
            change = change
                .at(member.clone(), there.revision)
                .delete(member)
                .at(name.key(), row.revision)
                .put(name.key(), encode(&electorate));
        }
        Ok(change)
    }
}
