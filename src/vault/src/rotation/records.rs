//! Records, or the rows that lead to them, made anew.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use symbolon_crypto::random;
use symbolon_election::proposal::RotatedKey;
use symbolon_keyring::keys::SealingKey;
use symbolon_store::{Change, Row, Value};

use super::{Rotation, Step};
use crate::{
    Error,
    core::{Core, retried},
    rows::{Leading, Record, RecordId, RingMirror, Table, decode_ids, encode_ids},
    seal::Keys,
    sweep::blocking,
};

/// Records of one piece of work: two groups of the store.
const PIECE: usize = 128;
/// Pieces at a time: one is made while another is written.
const AT_A_TIME: usize = 2;

/// With which keys what is made anew.
#[derive(Clone)]
struct Renewal {
    key: RotatedKey,
    keys: Arc<Keys>,
    /// The mirror row of these keys' revision: every change demands it.
    mirror: Value,
}

impl Core {
    /// The next records.
    pub(super) async fn renew_records(
        &self,
        keys: &Arc<Keys>,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let records = self.next_rows(Table::Record, rotation).await?;
        if records.is_empty() {
            let next = rotation.at(Step::Tickets);
            return self.note(&next, row, Change::new()).await;
        }
        let mut next = rotation.past(&records);
        let renewal = self.renewal(rotation.key, Arc::clone(keys)).await?;
        let pieces = stream::iter(
            records
                .chunks(PIECE)
                .map(<[Row]>::to_vec)
                .collect::<Vec<_>>(),
        );
        let renewed = pieces.map(|piece| self.renew_piece(renewal.clone(), piece));
        let renewed = renewed.buffer_unordered(AT_A_TIME);
        next.renewed += renewed
            .try_fold(0, async |sum, renewed| Ok(sum + renewed))
            .await?;
        self.note(&next, row, Change::new()).await
    }

    /// How many of some records were made anew.
    async fn renew_piece(&self, renewal: Renewal, records: Vec<Row>) -> Result<u64, Error> {
        let key = renewal.key;
        let made = blocking(move || {
            let made = records.iter().map(|row| renewal.of_new_rows(row));
            made.filter_map(Result::transpose)
                .collect::<Result<Vec<_>, _>>()
        });
        let (ids, changes): (Vec<_>, Vec<_>) = made.await?.into_iter().unzip();
        let mut renewed = 0;
        for (id, outcome) in ids.iter().zip(self.store.commit(changes).await) {
            // Some of the rows may be there: a person who came meanwhile, another of the same name
            // and birth date, or work that was done before the process ended.
            let done = outcome?.is_committed() || retried(|| self.renew_record(key, id)).await?;
            renewed += u64::from(done);
        }
        Ok(renewed)
    }

    /// One record with what is there of it already; false where nothing was left to do.
    async fn renew_record(&self, key: RotatedKey, id: &RecordId) -> Result<bool, Error> {
        let renewal = self.renewal(key, self.keys()?).await?;
        let Some(value) = self.store.get_one(id.key()).await? else {
            return Ok(false);
        };
        let change = match key {
            RotatedKey::Index => self.missing_rows(&renewal, id, &value).await?,
            RotatedKey::Sealing => renewal.resealed(id, &value)?,
            // No rows lie under it.
            RotatedKey::Audit => None,
        };
        match change {
            Some(change) => self.try_commit(change).await?.ok_or(Error::Contention)?,
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Puts those rows that don't lead to the record yet.
    async fn missing_rows(
        &self,
        renewal: &Renewal,
        id: &RecordId,
        value: &Value,
    ) -> Result<Option<Change>, Error> {
        let leading = renewal.leading(id, value)?;
        let known = leading.match_keys.len();
        let all = [leading.match_keys, leading.registration_ids].concat();
        let rows = self.store.get(all.clone()).await?;
        let (mut change, mut missing) = (renewal.change(id, value), false);
        for (number, (key, row)) in all.into_iter().zip(rows).enumerate() {
            let mut ids = match &row {
                Some(row) => decode_ids(&row.bytes)?,
                None => Vec::new(),
            };
            let Err(at) = ids.binary_search(id) else {
                continue;
            };
            // A registration ID is one person's.
            if number >= known && row.is_some() {
                return Err(Error::Row(Table::Registration.name()));
            }
            ids.insert(at, *id);
            change = change.unchanged(key.clone(), row.as_ref());
            change = change.put(key, encode_ids(&ids));
            missing = true;
        }
        Ok(missing.then_some(change))
    }

    async fn renewal(&self, key: RotatedKey, keys: Arc<Keys>) -> Result<Renewal, Error> {
        let mirror = self.store.get_one(RingMirror::key()).await?;
        self.check_mirror(&keys, mirror.as_ref()).await?;
        let mirror = mirror.ok_or(Error::Row(Table::Meta.name()))?;
        Ok(Renewal { key, keys, mirror })
    }
}

impl Renewal {
    /// What makes a record's rows anew where none of them is there; none where nothing is to do.
    fn of_new_rows(&self, row: &Row) -> Result<Option<(RecordId, Change)>, Error> {
        let id = RecordId::from_value(Table::Record, row.key.name())?;
        let change = match self.key {
            RotatedKey::Sealing => self.resealed(&id, &row.value)?,
            RotatedKey::Audit => None,
            RotatedKey::Index => {
                let leading = self.leading(&id, &row.value)?;
                let rows = leading
                    .match_keys
                    .into_iter()
                    .chain(leading.registration_ids);
                Some(rows.fold(self.change(&id, &row.value), |change, key| {
                    change.absent(key.clone()).put(key, encode_ids(&[id]))
                }))
            }
        };
        Ok(change.map(|change| (id, change)))
    }

    /// A record sealed under the key that seals now; none where it is.
    fn resealed(&self, id: &RecordId, value: &Value) -> Result<Option<Change>, Error> {
        if SealingKey::key_of(&value.bytes)? == self.keys.sealing().id() {
            return Ok(None);
        }
        let record = Record::open(id, &self.keys, &value.bytes)?;
        let sealed = record.seal(id, &self.keys, &mut random::os());
        Ok(Some(self.change(id, value).put(id.key(), sealed)))
    }

    fn leading(&self, id: &RecordId, value: &Value) -> Result<Leading, Error> {
        let record = Record::open(id, &self.keys, &value.bytes)?;
        Ok(record.leading(&self.keys, self.keys.writing_index()))
    }

    /// A change that demands the record as it was read, and these keys.
    fn change(&self, id: &RecordId, value: &Value) -> Change {
        Change::new()
            .at(RingMirror::key(), self.mirror.revision)
            .at(id.key(), value.revision)
    }
}
