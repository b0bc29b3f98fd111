//! Electorates: named sets of people, given as registration IDs.

use serde::{Deserialize, Serialize};
use symbolon_crypto::random;
use symbolon_keyring::{PortalName, RegistrationId};
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, Key, KeyRange, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    rows::{OpenRecord, Record, RecordId, RingMirror, Table, encode},
    seal::Keys,
};

/// How many electorates are read at a time.
const PAGE: usize = 64;

/// The name of an electorate: 1 to 64 characters of a-z, 0-9, '-', '_' and '.'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectorateName(String);

/// An electorate's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Electorate {
    /// The portal that made it.
    pub portal: String,
    /// What its members' rows begin with.
    pub id: [u8; 16],
    /// How many people it holds.
    pub size: u64,
}

/// What became of one message of additions.
#[derive(Debug, PartialEq, Eq)]
pub struct Added {
    /// How many were not in it before.
    pub added: u32,
    /// Positions of IDs that the portal never got.
    pub unknown: Vec<u32>,
}

impl ElectorateName {
    /// Checks a name that a caller gave.
    pub fn parse(name: &str) -> Result<Self, Refusal> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        match (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
            true => Ok(Self(name.to_owned())),
            false => Err(Refusal::new(Reason::InvalidArgument)
                .at("electorate")
                .because("must be 1 to 64 characters of a-z, 0-9, '-', '_' and '.'")),
        }
    }

    pub(crate) fn key(&self) -> Key {
        Table::Electorate.key(&[self.0.as_bytes()])
    }
}

impl Electorate {
    /// The portal that made it.
    pub(crate) fn portal(&self) -> Result<PortalName, Error> {
        let name = self.portal.parse();
        name.map_err(|_| Error::Row(Table::Electorate.name()))
    }

    /// The row of one member.
    pub fn member(&self, record: &RecordId) -> Key {
        Table::Member.key(&[&self.id, record.as_bytes()])
    }

    /// The rows of all members.
    pub fn members(&self) -> KeyRange {
        KeyRange::prefix(&Table::Member.key(&[&self.id]))
    }
}

impl Core {
    /// Makes an empty electorate, once.
    pub async fn create_electorate(
        &self,
        caller: &Caller,
        portal: &PortalName,
        name: &ElectorateName,
    ) -> Result<(), Error> {
        let keys = self.keys()?;
        let row = Electorate {
            portal: portal.to_string(),
            id: random::bytes(&mut random::os()),
            size: 0,
        };
        let change = Change::new()
            .absent(name.key())
            .put(name.key(), encode(&row))
            .audit(
                self.electorate_leaf(&keys, caller, "CreateElectorate", name)
                    .encode(),
            );
        if self.try_commit(change).await?.is_some() {
            return Ok(());
        }
        let (there, _) = self.electorate(name).await?;
        match there.portal == row.portal {
            true => Ok(()),
            false => Err(Reason::ElectorateExists.into()),
        }
    }

    /// Adds the people with these registration IDs.
    pub async fn add_to_electorate(
        &self,
        caller: &Caller,
        portal: &PortalName,
        name: &ElectorateName,
        ids: &[RegistrationId],
    ) -> Result<Added, Error> {
        retried(|| self.try_add(caller, portal, name, ids)).await
    }

    /// At most `limit` electorates in the order of their names: those after `after`.
    pub async fn electorates_after(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(String, Electorate)>, Error> {
        let range = Table::Electorate.all();
        // Nobody's name is empty: after that come all.
        let range = range.after(Table::Electorate.key(&[after.as_bytes()]));
        let rows = self.store.scan(range, limit).await?.into_iter();
        let electorates = rows.map(|row| {
            let name = String::from_utf8(row.key.name().to_vec());
            let name = name.map_err(|_| Error::Row(Table::Electorate.name()))?;
            Ok((name, Table::Electorate.decode(&row.value.bytes)?))
        });
        electorates.collect()
    }

    /// All electorates.
    pub(crate) async fn all_electorates(&self) -> Result<Vec<(ElectorateName, Electorate)>, Error> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.electorates_after(&after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(all);
            };
            after.clone_from(last);
            for (name, row) in page {
                all.push((ElectorateName::parse(&name)?, row));
            }
        }
    }

    /// An electorate and its row's value.
    pub async fn electorate(&self, name: &ElectorateName) -> Result<(Electorate, Value), Error> {
        let value = self
            .store
            .get_one(name.key())
            .await?
            .ok_or(Reason::UnknownElectorate)?;
        Ok((Table::Electorate.decode(&value.bytes)?, value))
    }

    /// The records that a portal's registration IDs lead to, opened: a row that leads to
    /// somebody else's record is noticed by the record's own roots.
    pub(crate) async fn resolve(
        &self,
        keys: &Keys,
        portal: &PortalName,
        ids: &[RegistrationId],
    ) -> Result<Vec<Option<OpenRecord>>, Error> {
        let Some(domain) = keys.portal(portal) else {
            return Ok(ids.iter().map(|_| None).collect());
        };
        let records = self.look_up_registrations(keys, portal, ids).await?;
        let rows = records.iter().flatten().map(RecordId::key).collect();
        let rows = self.store.get(rows).await?;
        if rows.iter().any(Option::is_none) {
            return Err(self.lost(keys, portal, ids, &records).await?);
        }
        let mut rows = rows.into_iter();
        let opened = ids.iter().zip(records).map(|(id, record)| {
            let Some(record) = record else {
                return Ok(None);
            };
            let damaged = || Error::Row(Table::Registration.name());
            let row = rows.next().flatten().ok_or_else(damaged)?;
            let opened = OpenRecord {
                id: record,
                record: Record::open(&record, keys, &row.bytes)?,
                revision: row.revision,
            };
            let roots = opened.record.roots.iter();
            let mut own = roots.map(|root| domain.registration_id(root));
            match own.any(|own| own == *id) {
                true => Ok(Some(opened)),
                false => Err(damaged()),
            }
        });
        opened.collect()
    }

    /// Why a row led to no record: it ended a moment ago, or the store is damaged.
    async fn lost(
        &self,
        keys: &Keys,
        portal: &PortalName,
        ids: &[RegistrationId],
        records: &[Option<RecordId>],
    ) -> Result<Error, Error> {
        let now = self.look_up_registrations(keys, portal, ids).await?;
        Ok(match now == records {
            true => Error::Row(Table::Registration.name()),
            false => Error::Contention,
        })
    }

    async fn look_up_registrations(
        &self,
        keys: &Keys,
        portal: &PortalName,
        ids: &[RegistrationId],
    ) -> Result<Vec<Option<RecordId>>, Error> {
        let live = keys.index().len();
        let rows = ids.iter().flat_map(|id| {
            let entries = keys
                .index()
                .iter()
                .map(|key| key.blind_registration_id(portal, id));
            entries
                .map(|entry| Table::Registration.blinded(&entry))
                .collect::<Vec<_>>()
        });
        let found = self.store.get(rows.collect()).await?;
        let records = found.chunks(live).map(|under_each_key| {
            let first = under_each_key.iter().flatten().next();
            first
                .map(|value| RecordId::from_value(Table::Registration, &value.bytes))
                .transpose()
        });
        records.collect()
    }

    async fn try_add(
        &self,
        caller: &Caller,
        portal: &PortalName,
        name: &ElectorateName,
        ids: &[RegistrationId],
    ) -> Result<Added, Error> {
        let keys = self.keys()?;
        let (mut electorate, row) = self.electorate(name).await?;
        if electorate.portal != portal.as_str() {
            return Err(Reason::PermissionDenied.into());
        }
        let mirror = self.store.get_one(RingMirror::key()).await?;
        self.check_mirror(&keys, mirror.as_ref()).await?;
        let records = self.resolve(&keys, portal, ids).await?;
        let unknown = (0..).zip(&records).filter(|(_, record)| record.is_none());
        let unknown = unknown.map(|(position, _)| position).collect();
        let mut members: Vec<Key> = records
            .iter()
            .flatten()
            .map(|person| electorate.member(&person.id))
            .collect();
        members.sort_unstable();
        members.dedup();
        let there = self.store.get(members.clone()).await?;
        let new = members
            .into_iter()
            .zip(there)
            .filter(|(_, there)| there.is_none());
        let new: Vec<Key> = new.map(|(key, _)| key).collect();
        let added = u32::try_from(new.len()).expect("a message holds few IDs");
        electorate.size += u64::from(added);
        let leaf = self
            .electorate_leaf(&keys, caller, "AddToElectorate", name)
            .counting(added.into());
        let change = Change::new()
            .unchanged(RingMirror::key(), mirror.as_ref())
            .at(name.key(), row.revision)
            .put(name.key(), encode(&electorate))
            .audit(leaf.encode());
        // Nobody is added who is somebody else's record by now.
        let people = records.iter().flatten();
        let change = people.fold(change, |change, person| {
            change.at(person.id.key(), person.revision)
        });
        let change = new.into_iter().fold(change, |change, key| {
            change.absent(key.clone()).put(key, Vec::new())
        });
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        Ok(Added { added, unknown })
    }

    fn electorate_leaf(
        &self,
        keys: &Keys,
        caller: &Caller,
        operation: &'static str,
        name: &ElectorateName,
    ) -> Leaf<'static> {
        let subject = keys
            .audit()
            .subject(Table::Electorate.name(), name.0.as_bytes());
        Leaf::new(self.now(), caller, operation, "done").about(subject)
    }
}

#[cfg(test)]
mod tests;
