//! What is made anew: records, the rows that lead to them, and tickets.

use std::collections::BTreeMap;

use symbolon_crypto::random;
use symbolon_election::proposal::RotatedKey;
use symbolon_keyring::keys::SealingKey;
use symbolon_store::{Change, Key, KeyRange, Row, Value};

use super::{PAGE, PAGES, Rotation, Step, retiring};
use crate::{
    Error,
    core::{Core, retried},
    registration::{Ticket, TicketRow},
    rows::{Record, RecordId, RingMirror, Table, decode_ids, encode, encode_ids},
    seal::Keys,
};

/// How many rows one change removes.
const REMOVED: usize = 16;
/// The tables whose rows are found by the index key.
const INDEXED: [Table; 3] = [Table::Index, Table::Registration, Table::TicketByKeys];

impl Core {
    /// The next pages of records.
    pub(super) async fn renew_records(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let mirror = self.mirror_of(keys).await?;
        let mut next = rotation.clone();
        for _ in 0..PAGES {
            let page = self.page(Table::Record, &next).await?;
            let Some(last) = page.last() else {
                next = next.at(Step::Tickets);
                break;
            };
            next = further(&next, &last.key, page.len());
            next.renewed += self.renew_page(keys, &mirror, rotation.key, &page).await?;
        }
        self.note(&next, row, Change::new()).await
    }

    /// How many of a page's records were made anew.
    async fn renew_page(
        &self,
        keys: &Keys,
        mirror: &Value,
        key: RotatedKey,
        page: &[Row],
    ) -> Result<u64, Error> {
        let (mut ids, mut changes) = (Vec::new(), Vec::new());
        for found in page {
            let id = RecordId::from_value(Table::Record, found.key.name())?;
            if let Some(change) = self.renewed(keys, mirror, key, &id, &found.value).await? {
                changes.push(change);
                ids.push(id);
            }
        }
        let outcomes = self.store.commit(changes).await;
        for (id, outcome) in ids.iter().zip(outcomes) {
            // Two of a page may lead from the same hint; a person may have come meanwhile.
            if !outcome?.is_committed() {
                retried(|| self.renew_record(key, id)).await?;
            }
        }
        Ok(ids.len() as u64)
    }

    async fn renew_record(&self, key: RotatedKey, id: &RecordId) -> Result<(), Error> {
        let keys = self.keys()?;
        let mirror = self.mirror_of(&keys).await?;
        let Some(value) = self.store.get_one(id.key()).await? else {
            return Ok(());
        };
        match self.renewed(&keys, &mirror, key, id, &value).await? {
            Some(change) => self.try_commit(change).await?.ok_or(Error::Contention),
            None => Ok(()),
        }
    }

    /// A change that makes a record's rows anew; none where they are.
    async fn renewed(
        &self,
        keys: &Keys,
        mirror: &Value,
        key: RotatedKey,
        id: &RecordId,
        value: &Value,
    ) -> Result<Option<Change>, Error> {
        if key == RotatedKey::Sealing && SealingKey::key_of(&value.bytes)? == keys.sealing().id() {
            return Ok(None);
        }
        let record = Record::open(id, keys, &value.bytes)?;
        let change = Change::new()
            .at(RingMirror::key(), mirror.revision)
            .at(id.key(), value.revision);
        if key == RotatedKey::Sealing {
            let sealed = record.seal(id, keys, &mut random::os());
            return Ok(Some(change.put(id.key(), sealed)));
        }
        let index = keys.writing_index();
        let entries = record
            .match_keys
            .iter()
            .map(|key| index.blind(key.secret()));
        let found = entries.map(|entry| Table::Index.blinded(&entry));
        let portals = record.portals.iter().filter_map(|name| keys.portal(name));
        let own = portals.flat_map(|domain| {
            let ids = record.roots.iter().map(|root| domain.registration_id(root));
            let entries = ids.map(|id| index.blind_registration_id(domain.portal(), &id));
            entries
                .map(|entry| Table::Registration.blinded(&entry))
                .collect::<Vec<_>>()
        });
        let (found, own): (Vec<Key>, Vec<Key>) = (found.collect(), own.collect());
        let rows = self
            .store
            .get([found.clone(), own.clone()].concat())
            .await?;
        let (led, registered) = rows.split_at(found.len());
        let mut change = change;
        for (key, row) in found.into_iter().zip(led) {
            let mut ids = match row {
                Some(row) => decode_ids(&row.bytes)?,
                None => Vec::new(),
            };
            if let Err(at) = ids.binary_search(id) {
                ids.insert(at, *id);
                change = change.unchanged(key.clone(), row.as_ref());
                change = change.put(key, encode_ids(&ids));
            }
        }
        for (key, row) in own.into_iter().zip(registered) {
            if row.is_none() {
                change = change.absent(key.clone()).put(key, id.as_bytes().to_vec());
            }
        }
        Ok(Some(change))
    }

    /// All tickets: they are few.
    pub(super) async fn renew_tickets(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let page = self.page(Table::Ticket, rotation).await?;
        let Some(last) = page.last() else {
            return self
                .note(&rotation.at(Step::Remove), row, Change::new())
                .await;
        };
        let next = further(rotation, &last.key, page.len());
        let mut change = Change::new();
        for found in &page {
            let ticket = Ticket::from_name(found.key.name())?;
            let mut own: TicketRow = Table::Ticket.decode(&found.value.bytes)?;
            let match_keys = own.open(keys, ticket)?;
            change = change.at(found.key.clone(), found.value.revision);
            change = match rotation.key {
                RotatedKey::Index => {
                    let by_keys = own.by_keys(keys.writing_index(), &match_keys);
                    change.put(by_keys, encode(&ticket.0))
                }
                RotatedKey::Sealing => {
                    own.seal(keys, ticket, &match_keys);
                    change.put(found.key.clone(), encode(&own))
                }
            };
        }
        let renewed = next.renewed + page.len() as u64;
        self.note(&Rotation { renewed, ..next }, row, change).await
    }

    /// The next rows that the old index keys blinded.
    pub(super) async fn remove_index_rows(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        for old in retiring(keys, rotation.key) {
            let epoch = old.epoch.0.to_be_bytes();
            for table in INDEXED {
                let range = KeyRange::prefix(&table.key(&[&epoch]));
                let page = self.store.scan(range, PAGE * REMOVED).await?;
                if page.is_empty() {
                    continue;
                }
                let changes = page.chunks(REMOVED).map(|some| {
                    some.iter().fold(Change::new(), |change, found| {
                        change
                            .at(found.key.clone(), found.value.revision)
                            .delete(found.key.clone())
                    })
                });
                for outcome in self.store.commit(changes.collect()).await {
                    outcome?;
                }
                let done = rotation.done + page.len() as u64;
                let next = Rotation {
                    done,
                    ..rotation.clone()
                };
                return self.note(&next, row, Change::new()).await;
            }
        }
        self.note(&rotation.at(Step::Destroy), row, Change::new())
            .await
    }

    /// Looks once more whether a row is sealed under another key than the one that seals.
    pub(super) async fn find_old_seals(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let mut counts = BTreeMap::new();
        let mut looked = 0;
        for table in [Table::Record, Table::Ticket] {
            let mut range = table.all();
            loop {
                let page = self.store.scan(range, 16 * PAGE).await?;
                let Some(last) = page.last() else { break };
                range = table.all().after(last.key.clone());
                looked += page.len() as u64;
                for found in &page {
                    *counts.entry(sealed_under(table, found)?).or_insert(0_u64) += 1;
                }
            }
        }
        counts.remove(&keys.sealing().id());
        let next = match counts.is_empty() {
            true => rotation.at(Step::Destroy),
            false => rotation.at(Step::Records),
        };
        tracing::debug!(looked, "rows were looked at for old seals");
        self.note(&next, row, Change::new()).await
    }

    /// The mirror row of these keys' revision: what is made anew with them demands it.
    async fn mirror_of(&self, keys: &Keys) -> Result<Value, Error> {
        let mirror = self.store.get_one(RingMirror::key()).await?;
        Self::check_mirror(keys, mirror.as_ref())?;
        mirror.ok_or(Error::Row(Table::Meta.name()))
    }

    async fn page(&self, table: Table, rotation: &Rotation) -> Result<Vec<Row>, Error> {
        let range = match &rotation.cursor {
            Some(name) => table.all().after(table.key(&[name])),
            None => table.all(),
        };
        Ok(self.store.scan(range, PAGE).await?)
    }
}

fn further(rotation: &Rotation, last: &Key, rows: usize) -> Rotation {
    Rotation {
        done: rotation.done + rows as u64,
        cursor: Some(last.name().to_vec()),
        ..rotation.clone()
    }
}

fn sealed_under(table: Table, row: &Row) -> Result<symbolon_keyring::KeyId, Error> {
    Ok(match table {
        Table::Ticket => {
            let ticket: TicketRow = table.decode(&row.value.bytes)?;
            SealingKey::key_of(&ticket.match_keys)?
        }
        _ => SealingKey::key_of(&row.value.bytes)?,
    })
}
