use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use symbolon_crypto::random;
use symbolon_election::ErasureId;
use symbolon_keyring::PortalName;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, Key, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    registration::{Ticket, TicketRow},
    rows::{OpenRecord, Record, RecordId, RingMirror, Table, decode_ids, encode, encode_ids},
    seal::Keys,
    sweep::pages,
};

/// Somebody whom no portal knows any more. The row stands under the record's ID.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Erasure {
    /// What a proposal calls it.
    id: [u8; 32],
    /// The last portal.
    pub portal: String,
    /// Unix seconds.
    pub since: u64,
}

impl Erasure {
    pub(super) fn new(portal: &PortalName, now: u64) -> Self {
        Self {
            id: random::bytes(&mut random::os()),
            portal: portal.to_string(),
            since: now,
        }
    }

    /// What a proposal calls it.
    pub fn id(&self) -> ErasureId {
        ErasureId::new(self.id)
    }

    /// Where a record's stands.
    pub(crate) fn key(record: &RecordId) -> Key {
        Table::Erasure.key(&[record.as_bytes()])
    }

    pub(super) fn wait(&self, record: &RecordId, change: Change) -> Change {
        let key = Self::key(record);
        change.absent(key.clone()).put(key, encode(self))
    }
}

/// A record that is erased, and the row that it waits in.
struct Leaving {
    person: OpenRecord,
    waits: (Key, Value),
}

impl Core {
    /// Everybody who waits to be erased, longest first.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, Error> {
        let mut all: Vec<_> = self.waiting().await?.into_values().collect();
        all.sort_by_key(|(_, erasure, _)| (erasure.since, erasure.id));
        Ok(all.into_iter().map(|(_, erasure, _)| erasure).collect())
    }

    async fn waiting(&self) -> Result<BTreeMap<ErasureId, (RecordId, Erasure, Value)>, Error> {
        let rows = pages(&self.store, &Table::Erasure.prefix());
        let rows: Vec<_> = rows.try_concat().await?;
        let all = rows.into_iter().map(|row| {
            let record = RecordId::from_value(Table::Erasure, row.key.name())?;
            let erasure: Erasure = Table::Erasure.decode(&row.value.bytes)?;
            Ok((erasure.id(), (record, erasure, row.value)))
        });
        all.collect()
    }

    /// Refuses what nobody waits for.
    pub(crate) async fn check_erasures(&self, ids: &[ErasureId]) -> Result<(), Error> {
        let waiting = self.waiting().await?;
        match ids.iter().all(|id| waiting.contains_key(id)) {
            true => Ok(()),
            false => Err(Refusal::new(Reason::NotFound).at("erasures").into()),
        }
    }

    /// Erases those who still wait: whoever was registered again meanwhile stays.
    pub(crate) async fn erase(
        &self,
        caller: &Caller,
        ids: &[ErasureId],
        change: Change,
    ) -> Result<Change, Error> {
        let keys = self.keys()?;
        let mirror = self.store.get_one(RingMirror::key()).await?;
        self.check_mirror(&keys, mirror.as_ref()).await?;
        let mut change = change.unchanged(RingMirror::key(), mirror.as_ref());
        let leaving = self.leaving(&keys, ids).await?;
        for Leaving { person, waits } in &leaving {
            let audit = keys.audit();
            let subject = audit.subject(Table::Record.name(), person.id.as_bytes());
            let leaf = Leaf::new(self.now(), caller, "ErasePeople", "erased").about(subject);
            change = change
                .at(person.id.key(), person.revision)
                .delete(person.id.key())
                .at(waits.0.clone(), waits.1.revision)
                .delete(waits.0.clone())
                .audit(leaf.encode());
        }
        let change = self.leave_index(&keys, &leaving, change).await?;
        self.leave_tickets(&keys, &leaving, change).await
    }

    async fn leaving(&self, keys: &Keys, ids: &[ErasureId]) -> Result<Vec<Leaving>, Error> {
        let mut waiting = self.waiting().await?;
        let mut leaving = Vec::with_capacity(ids.len());
        for id in ids {
            let Some((record, _, row)) = waiting.remove(id) else {
                continue;
            };
            // The one or the other changed since: it is looked for again.
            let value = self.store.get_one(record.key()).await?;
            let value = value.ok_or(Error::Contention)?;
            let person = OpenRecord {
                id: record,
                record: Record::open(&record, keys, &value.bytes)?,
                revision: value.revision,
            };
            if !person.record.portals.is_empty() {
                return Err(Error::Contention);
            }
            let waits = (Erasure::key(&record), row);
            leaving.push(Leaving { person, waits });
        }
        Ok(leaving)
    }

    /// No match key leads to any of them, under any live index key.
    async fn leave_index(
        &self,
        keys: &Keys,
        leaving: &[Leaving],
        mut change: Change,
    ) -> Result<Change, Error> {
        let gone = BTreeSet::from_iter(leaving.iter().map(|leaving| leaving.person.id));
        let rows = keys.index().iter().flat_map(|index| {
            let records = leaving.iter().map(|leaving| &leaving.person.record);
            records.flat_map(|record| record.leading(keys, index).match_keys)
        });
        // Namesakes share rows.
        let rows = Vec::from_iter(BTreeSet::from_iter(rows));
        let found = self.store.get(rows.clone()).await?;
        for (row, found) in rows.into_iter().zip(found) {
            let mut ids = match &found {
                Some(found) => decode_ids(&found.bytes)?,
                None => continue,
            };
            ids.retain(|id| !gone.contains(id));
            change = change.unchanged(row.clone(), found.as_ref());
            change = match ids.is_empty() {
                true => change.delete(row),
                false => change.put(row, encode_ids(&ids)),
            };
        }
        Ok(change)
    }

    /// No ticket that may be about any of them keeps what was asked.
    async fn leave_tickets(
        &self,
        keys: &Keys,
        leaving: &[Leaving],
        mut change: Change,
    ) -> Result<Change, Error> {
        let gone = BTreeSet::from_iter(leaving.iter().map(|leaving| *leaving.person.id.as_bytes()));
        let rows = pages(&self.store, &Table::Ticket.prefix());
        let rows: Vec<_> = rows.try_concat().await?;
        for found in rows {
            let mut ticket: TicketRow = Table::Ticket.decode(&found.value.bytes)?;
            if !ticket.is_about_any(&gone) {
                continue;
            }
            let number = Ticket::from_name(found.key.name())?;
            let rows = ticket.forget(keys, number)?;
            ticket.outdate(self.now());
            change = rows.into_iter().fold(change, Change::delete);
            change = change
                .at(found.key.clone(), found.value.revision)
                .put(found.key, encode(&ticket));
        }
        Ok(change)
    }
}
