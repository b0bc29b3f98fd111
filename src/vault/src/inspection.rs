//! Whether everybody can be found: every record opened, every row that leads to one followed.

use std::{collections::BTreeMap, fmt, sync::Arc};

use futures_util::TryStreamExt;
use symbolon_keyring::{Epoch, KeyId, Ring};
use symbolon_store::{Key, Row, Store};

use crate::{
    Error,
    rotation::under::{epoch_of, sealed_under},
    rows::{Record, RecordId, Table, decode_ids},
    seal::Keys,
    sweep::pages,
};

/// What was found in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// People's records.
    pub records: u64,
    /// How many of them each key seals.
    pub sealed: BTreeMap<KeyId, u64>,
    /// Rows that lead to them, by epoch of the index key.
    pub leading: BTreeMap<Epoch, u64>,
    /// Records that don't open.
    pub unopened: u64,
    /// Records that one of their match keys or registration IDs doesn't lead to.
    pub unfound: u64,
    /// Rows that lead to no record.
    pub stray: u64,
}

impl Inspection {
    /// Looks at every record and every row that leads to one.
    pub async fn of(store: &Arc<dyn Store>, ring: Ring) -> Result<Self, Error> {
        Self::with(store, Arc::new(Keys::of(ring))).await
    }

    /// The same where the keys are in use.
    pub(crate) async fn with(store: &Arc<dyn Store>, keys: Arc<Keys>) -> Result<Self, Error> {
        let mut all = Self::default();
        let mut records = pages(store, &Table::Record.prefix());
        while let Some(page) = records.try_next().await? {
            all.look_at_records(store, &keys, page).await?;
        }
        for table in [Table::Index, Table::Registration] {
            let mut rows = pages(store, &table.prefix());
            while let Some(page) = rows.try_next().await? {
                all.look_at_leading(store, table, page).await?;
            }
        }
        let mut members = pages(store, &Table::Member.prefix());
        while let Some(page) = members.try_next().await? {
            all.look_at_members(store, page).await?;
        }
        Ok(all)
    }

    /// Whether nothing is amiss.
    pub fn is_sound(&self) -> bool {
        self.unopened + self.unfound + self.stray == 0
    }

    async fn look_at_records(
        &mut self,
        store: &Arc<dyn Store>,
        keys: &Arc<Keys>,
        page: Vec<Row>,
    ) -> Result<(), Error> {
        for row in &page {
            self.records += 1;
            let key = sealed_under(Table::Record, row)?;
            *self.sealed.entry(key).or_default() += 1;
            let id = RecordId::from_value(Table::Record, row.key.name())?;
            let Ok(record) = Record::open(&id, keys, &row.value.bytes) else {
                self.unopened += 1;
                continue;
            };
            self.unfound += u64::from(!is_found(store, keys, &id, &record).await?);
        }
        Ok(())
    }

    async fn look_at_leading(
        &mut self,
        store: &Arc<dyn Store>,
        table: Table,
        page: Vec<Row>,
    ) -> Result<(), Error> {
        let mut records = Vec::new();
        for row in &page {
            *self.leading.entry(epoch_of(table, row)?).or_default() += 1;
            let ids = decode_ids(&row.value.bytes)?;
            records.extend(ids.iter().map(RecordId::key));
        }
        self.look_for(store, records).await
    }

    async fn look_at_members(
        &mut self,
        store: &Arc<dyn Store>,
        page: Vec<Row>,
    ) -> Result<(), Error> {
        let records = page.iter().map(|row| {
            let id = row.key.name().last_chunk();
            let id = id.ok_or(Error::Row(Table::Member.name()))?;
            Ok(RecordId::new(*id).key())
        });
        let records = records.collect::<Result<_, Error>>()?;
        self.look_for(store, records).await
    }

    async fn look_for(&mut self, store: &Arc<dyn Store>, records: Vec<Key>) -> Result<(), Error> {
        let found = store.get(records).await?;
        self.stray += found.iter().filter(|record| record.is_none()).count() as u64;
        Ok(())
    }
}

/// Whether each match key and each registration ID leads to a record, under some live index key.
async fn is_found(
    store: &Arc<dyn Store>,
    keys: &Keys,
    id: &RecordId,
    record: &Record,
) -> Result<bool, Error> {
    let mut found = Vec::new();
    for index in keys.index() {
        let leading = record.leading(keys, index);
        let rows = store
            .get([leading.match_keys, leading.registration_ids].concat())
            .await?;
        found.resize(rows.len(), false);
        for (found, row) in found.iter_mut().zip(rows) {
            let ids = row.map(|row| decode_ids(&row.bytes)).transpose()?;
            *found |= ids.is_some_and(|ids| ids.contains(id));
        }
    }
    Ok(found.into_iter().all(|found| found))
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: u64 = self.leading.values().sum();
        write!(f, "{} people, found by {rows} rows", self.records)?;
        if !self.is_sound() {
            write!(
                f,
                "; {} of the records don't open, {} aren't found, {} rows lead nowhere",
                self.unopened, self.unfound, self.stray
            )?;
        }
        for (key, records) in &self.sealed {
            write!(f, "\n  sealed under key {key}: {records}")?;
        }
        for (epoch, rows) in &self.leading {
            write!(f, "\n  rows of index epoch {epoch}: {rows}")?;
        }
        Ok(())
    }
}
