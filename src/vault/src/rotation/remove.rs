//! What lies under the old key: removed, or looked for once more.

use std::sync::Arc;

use futures_util::TryStreamExt;
use symbolon_keyring::KeyId;
use symbolon_store::{Change, KeyRange, Row, Store, Value};

use super::{
    PORTION, Rotation, Step, retiring,
    under::{INDEXED, sealed_under},
};
use crate::{
    Error,
    core::Core,
    rows::Table,
    seal::Keys,
    sweep::{pages, remove},
};

/// How many portions of them are removed before it is noted.
const PORTIONS: usize = 4;

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
        let (mut others, sealing) = (0, keys.sealing().id());
        for table in [Table::Record, Table::Ticket] {
            others += sealed_otherwise(&self.store, table, sealing).await?;
        }
        let next = match others {
            0 => rotation.at(Step::Destroy),
            _ => rotation.at(Step::Records),
        };
        self.note(&next, row, Change::new()).await
    }
}

/// How many rows of a table another key seals.
async fn sealed_otherwise(
    store: &Arc<dyn Store>,
    table: Table,
    sealing: KeyId,
) -> Result<u64, Error> {
    let count = async |mut others, page: Vec<Row>| {
        for row in &page {
            others += u64::from(sealed_under(table, row)? != sealing);
        }
        Ok(others)
    };
    pages(store, &table.prefix()).try_fold(0, count).await
}
