//! Conflicts' tickets made anew.

use symbolon_election::proposal::RotatedKey;
use symbolon_store::{Change, Value};

use super::{Rotation, Step};
use crate::{
    Error,
    core::Core,
    registration::{Ticket, TicketRow},
    rows::{Table, encode},
    seal::Keys,
};

impl Core {
    /// The next tickets, in one change: they are few.
    pub(super) async fn renew_tickets(
        &self,
        keys: &Keys,
        rotation: &Rotation,
        row: &Value,
    ) -> Result<(), Error> {
        let tickets = self.next_rows(Table::Ticket, rotation).await?;
        if tickets.is_empty() {
            let next = rotation.at(Step::Remove);
            return self.note(&next, row, Change::new()).await;
        }
        let mut change = Change::new();
        for found in &tickets {
            let ticket = Ticket::from_name(found.key.name())?;
            let mut own: TicketRow = Table::Ticket.decode(&found.value.bytes)?;
            let match_keys = own.open(keys, ticket)?;
            change = change.at(found.key.clone(), found.value.revision);
            change = match rotation.key {
                // Nothing leads to a ticket that nobody asks for any more.
                RotatedKey::Index if match_keys.is_empty() => change,
                RotatedKey::Index => {
                    let by_keys = own.by_keys(keys.writing_index(), &match_keys);
                    change.put(by_keys, encode(&ticket.0))
                }
                RotatedKey::Sealing => {
                    own.seal(keys, ticket, &match_keys);
                    change.put(found.key.clone(), encode(&own))
                }
                RotatedKey::Audit => change,
            };
        }
        let mut next = rotation.past(&tickets);
        next.renewed += tickets.len() as u64;
        self.note(&next, row, change).await
    }
}
