//! Under which key a row lies.

use symbolon_keyring::{Epoch, KeyId, keys::SealingKey};
use symbolon_store::Row;

use crate::{Error, registration::TicketRow, rows::Table};

/// The tables whose rows are found by the index key: their keys begin with its epoch.
pub(crate) const INDEXED: [Table; 3] = [Table::Index, Table::Registration, Table::TicketByKeys];

/// The epoch of the index key that a row of one of [`INDEXED`] lies under.
pub(crate) fn epoch_of(table: Table, row: &Row) -> Result<Epoch, Error> {
    let epoch = row.key.name().first_chunk();
    let epoch = epoch.ok_or(Error::Row(table.name()))?;
    Ok(Epoch(u32::from_be_bytes(*epoch)))
}

/// The key that seals a record, or the match keys of a ticket.
pub(crate) fn sealed_under(table: Table, row: &Row) -> Result<KeyId, Error> {
    Ok(match table {
        Table::Ticket => {
            let ticket: TicketRow = table.decode(&row.value.bytes)?;
            SealingKey::key_of(&ticket.match_keys)?
        }
        _ => SealingKey::key_of(&row.value.bytes)?,
    })
}
