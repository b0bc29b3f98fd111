use std::collections::{BTreeMap, BTreeSet};

use symbolon_identity::{RuleId, Schema, resolve::Finding, stretch::Stretched};
use symbolon_store::{Change, Key, Value};

use crate::{
    Error,
    budget::Asked,
    core::Core,
    rows::{OpenRecord, Record, RecordId, RingMirror, Table, decode_ids},
    seal::Keys,
};

/// An index row: where it stands, what was found there.
pub(super) struct IndexRow {
    pub(super) key: Key,
    pub(super) found: Option<Value>,
    pub(super) records: Vec<RecordId>,
}

/// Everything that the store says about a request, of one moment.
pub(super) struct Found {
    mirror: Option<Value>,
    asked: Option<Value>,
    /// Per match key the rule, and its row under each live index key, the one that writes first.
    pub(super) index: Vec<(RuleId, Vec<IndexRow>)>,
    records: BTreeMap<RecordId, OpenRecord>,
}

impl Found {
    /// Looks a request's match keys up; `also` is a record that it names beside them.
    pub(super) async fn look_up(
        core: &Core,
        keys: &Keys,
        stretched: &[Stretched],
        asked: Option<&Asked>,
        also: Option<RecordId>,
    ) -> Result<Self, Error> {
        let entries = |key: &Stretched| -> Vec<Key> {
            let live = keys.index().iter();
            live.map(|index| Table::Index.blinded(&index.blind(key.secret())))
                .collect()
        };
        let rows: Vec<(RuleId, Vec<Key>)> = stretched
            .iter()
            .map(|key| (*key.rule(), entries(key)))
            .collect();
        let all = rows.iter().flat_map(|(_, keys)| keys.iter().cloned());
        let asked = asked.map(|asked| asked.key().clone());
        let wanted = [RingMirror::key()].into_iter().chain(asked.clone());
        let mut values = core
            .store
            .get(wanted.chain(all).collect())
            .await?
            .into_iter();
        let mirror = values.next().flatten();
        let asked = asked.and_then(|_| values.next().flatten());
        core.check_mirror(keys, mirror.as_ref()).await?;
        let index = rows.into_iter().map(|(rule, keys)| {
            let rows = keys
                .into_iter()
                .map(|key| index_row(key, values.next().flatten()));
            Ok((rule, rows.collect::<Result<Vec<_>, Error>>()?))
        });
        let index = index.collect::<Result<Vec<_>, Error>>()?;
        let records = open(core, keys, &index, also).await?;
        check_index(stretched, &index, &records)?;
        Ok(Self {
            mirror,
            asked,
            index,
            records,
        })
    }

    /// A change that demands the ring's revision, and marks the request as asked.
    pub(super) fn condition(&self, asked: Option<&Asked>) -> Change {
        let change = Change::new().unchanged(RingMirror::key(), self.mirror.as_ref());
        match (&self.asked, asked) {
            (Some(_), _) | (_, None) => change,
            (None, Some(asked)) => change
                .absent(asked.key().clone())
                .put(asked.key().clone(), Vec::new()),
        }
    }

    pub(super) fn findings<'a>(&self, schema: &'a Schema) -> Vec<Finding<'a, RecordId>> {
        let found = self.index.iter().filter_map(|(rule, rows)| {
            let records = rows.iter().flat_map(|row| row.records.iter().copied());
            let records = Vec::from_iter(BTreeSet::from_iter(records));
            Some(Finding {
                rule: schema.rule(rule)?,
                records,
            })
        });
        found.collect()
    }

    pub(super) fn holds(&self, id: RecordId, rule: &RuleId) -> bool {
        self.records
            .get(&id)
            .is_some_and(|open| open.record.holds_rule(rule))
    }

    pub(super) fn record(&self, id: RecordId) -> Result<&OpenRecord, Error> {
        self.records
            .get(&id)
            .ok_or(Error::Row(Table::Record.name()))
    }
}

fn index_row(key: Key, found: Option<Value>) -> Result<IndexRow, Error> {
    let records = match &found {
        Some(value) => decode_ids(&value.bytes)?,
        None => Vec::new(),
    };
    Ok(IndexRow {
        key,
        found,
        records,
    })
}

/// A row that leads to a record without its match key was moved or altered.
fn check_index(
    stretched: &[Stretched],
    index: &[(RuleId, Vec<IndexRow>)],
    records: &BTreeMap<RecordId, OpenRecord>,
) -> Result<(), Error> {
    for (key, (_, rows)) in stretched.iter().zip(index) {
        for id in rows.iter().flat_map(|row| &row.records) {
            if !records.get(id).is_some_and(|open| open.record.holds(key)) {
                return Err(Error::Row(Table::Index.name()));
            }
        }
    }
    Ok(())
}

async fn open(
    core: &Core,
    keys: &Keys,
    index: &[(RuleId, Vec<IndexRow>)],
    also: Option<RecordId>,
) -> Result<BTreeMap<RecordId, OpenRecord>, Error> {
    let rows = index.iter().flat_map(|(_, rows)| rows);
    let found = rows.flat_map(|row| row.records.iter().copied());
    let ids = BTreeSet::from_iter(found.chain(also));
    let values = core
        .store
        .get(ids.iter().map(RecordId::key).collect())
        .await?;
    let opened = ids.into_iter().zip(values).map(|(id, value)| {
        // The index row was read a moment before: the record may be gone by now.
        let value = value.ok_or(Error::Contention)?;
        let record = Record::open(&id, keys, &value.bytes)?;
        Ok((
            id,
            OpenRecord {
                id,
                record,
                revision: value.revision,
            },
        ))
    });
    opened.collect()
}
