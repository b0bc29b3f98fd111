//! What lies under the old key: removed, or looked for once more.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::TryStreamExt;
use symbolon_keyring::{KeyId, keys::SealingKey};
use symbolon_store::{Change, KeyRange, Row, Store, Value};

use super::{PORTION, Rotation, Step, retiring};
use crate::{
    Error,
    core::Core,
    registration::TicketRow,
    rows::Table,
    seal::Keys,
    sweep::{pages, remove},
};

/// How many portions of them are removed before it is noted.
const PORTIONS: usize = 4;
/// The tables whose rows are found by the index key.
const INDEXED: [Table; 3] = [Table::Index, Table::Registration, Table::TicketByKeys];

impl Core {
    /// The next rows that the old index keys blinded. Nobody writes any of them now.
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
                let rows = remove(&self.store, range, PORTIONS * PORTION).await?;
                if rows.is_empty() {
                    continue;
                }
                return self.note(&rotation.past(&rows), row, Change::new()).await;
            }
        }
        let next = rotation.at(Step::Destroy);
        self.note(&next, row, Change::new()).await
    }

    /// Looks once more whether a row is sealed under another key than the one that seals.
    pub(super) async fn find_old_seals(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let mut others = 0;
        for table in [Table::Record, Table::Ticket] {
            let counts = seals(&self.store, table).await?;
            let sealing = keys.sealing().id();
            others += counts.iter().filter(|(key, _)| **key != sealing).count();
        }
        let next = match others {
            0 => rotation.at(Step::Destroy),
            _ => rotation.at(Step::Records),
        };
        self.note(&next, row, Change::new()).await
    }
}

/// How many rows of a table are sealed under each key.
async fn seals(store: &Arc<dyn Store>, table: Table) -> Result<BTreeMap<KeyId, u64>, Error> {
    let counts = pages(store, &table.prefix()).and_then(async |page| {
        let keys = page.iter().map(|row| sealed_under(table, row));
        keys.collect::<Result<Vec<_>, _>>()
    });
    let add = async |mut counts: BTreeMap<_, _>, keys: Vec<KeyId>| {
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
        Ok(counts)
    };
    counts.try_fold(BTreeMap::new(), add).await
}

fn sealed_under(table: Table, row: &Row) -> Result<KeyId, Error> {
    Ok(match table {
        Table::Ticket => {
            let ticket: TicketRow = table.decode(&row.value.bytes)?;
            SealingKey::key_of(&ticket.match_keys)?
        }
        _ => SealingKey::key_of(&row.value.bytes)?,
    })
}
