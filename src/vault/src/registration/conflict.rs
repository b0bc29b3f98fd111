use std::sync::atomic::{AtomicU64, Ordering};

use symbolon_crypto::random;
use symbolon_identity::resolve::Conflict;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, KeyRange, Store, Value};
use tokio::sync::OnceCell;

use super::{Request, Settled, Ticket, TicketRow, change::Work};
use crate::{
    Error,
    audit::Leaf,
    core::Core,
    rows::{RecordId, Table, encode},
};

const PAGE: usize = 256;

/// Numbers for new tickets, from 1; one that no ticket came of is not given again.
#[derive(Default)]
pub(crate) struct TicketNumbers(OnceCell<AtomicU64>);

impl TicketNumbers {
    async fn next(&self, store: &dyn Store) -> Result<Ticket, Error> {
        let next = self.0.get_or_try_init(async || {
            let last = last_ticket(store).await?;
            Ok::<_, Error>(AtomicU64::new(last + 1))
        });
        Ok(Ticket(next.await?.fetch_add(1, Ordering::Relaxed)))
    }
}

async fn last_ticket(store: &dyn Store) -> Result<u64, Error> {
    let (mut range, mut last) = (KeyRange::table(Table::Ticket as u8), 0);
    loop {
        let rows = store.scan(range, PAGE).await?;
        let Some(row) = rows.last() else {
            return Ok(last);
        };
        last = Ticket::from_name(row.key.name())?.0;
        range = KeyRange::table(Table::Ticket as u8).after(row.key.clone());
    }
}

impl Core {
    /// The ticket of this conflict: the one that stands for it already, or a new one.
    pub(super) async fn open_ticket(
        &self,
        work: &Work<'_>,
        request: &Request,
        amends: Option<RecordId>,
        conflict: Conflict<RecordId>,
        change: Change,
    ) -> Result<(Change, Ticket), Error> {
        let new = TicketRow::new(
            work.now,
            request.portal.as_str(),
            amends,
            &conflict,
            &mut random::os(),
        );
        let live = new.rows(work.keys, &request.stretched);
        // The first is of the key that writes.
        let by_keys = live[0].clone();
        let found = self.store.get(live).await?;
        let audit = work.keys.audit();
        let subject = audit.subject(Table::Ticket.name(), by_keys.name());
        let leaf = Leaf::new(work.now, work.caller, work.operation, "conflict").about(subject);
        let mut change = change.audit(leaf.encode());
        if let Some(earlier) = found.iter().flatten().next() {
            let earlier = Ticket(Table::TicketByKeys.decode(&earlier.bytes)?);
            let (mut row, value) = self.ticket_row(earlier).await?;
            if row.is_about(&conflict) {
                return Ok((change, earlier));
            }
            if row.settled.is_none() {
                row.settled = Some(Settled::Outdated(work.now));
            }
            row.seal(work.keys, earlier, &[]);
            change = change
                .at(earlier.key(), value.revision)
                .put(earlier.key(), encode(&row));
        }
        let ticket = self.tickets.next(self.store.as_ref()).await?;
        let mut row = new;
        row.seal(work.keys, ticket, &request.stretched);
        let change = change
            .unchanged(by_keys.clone(), found[0].as_ref())
            .put(by_keys, encode(&ticket.0))
            .absent(ticket.key())
            .put(ticket.key(), encode(&row));
        Ok((change, ticket))
    }

    /// At most `limit` conflicts, settled ones too, oldest first: those after a ticket; 0 is
    /// nobody's.
    pub async fn conflicts_after(
        &self,
        after: Ticket,
        limit: usize,
    ) -> Result<Vec<(Ticket, TicketRow)>, Error> {
        let range = Table::Ticket.all().after(after.key());
        let rows = self.store.scan(range, limit).await?.into_iter();
        let tickets = rows.map(|row| {
            let ticket = Ticket::from_name(row.key.name())?;
            Ok((ticket, Table::Ticket.decode(&row.value.bytes)?))
        });
        tickets.collect()
    }

    /// One conflict.
    pub async fn conflict(&self, ticket: Ticket) -> Result<TicketRow, Error> {
        Ok(self.ticket_row(ticket).await?.0)
    }

    pub(super) async fn ticket_row(&self, ticket: Ticket) -> Result<(TicketRow, Value), Error> {
        let value = self.store.get_one(ticket.key()).await?;
        let value = value.ok_or_else(|| Refusal::new(Reason::UnknownTicket).at("ticket"))?;
        Ok((Table::Ticket.decode(&value.bytes)?, value))
    }
}
