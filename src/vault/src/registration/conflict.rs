use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use symbolon_crypto::random;
use symbolon_identity::{resolve::Conflict, stretch::Stretched};
use symbolon_keyring::keys::RecordPlace;
use symbolon_store::{Change, Key, KeyRange, Store};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::{Queued, blinded};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    rows::{RecordId, Table, encode},
    seal::Keys,
};

const PAGE: usize = 256;

/// The number of a conflict that waits for registrars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// A conflict's row. The request's match keys are sealed in it, for the day it is settled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TicketRow {
    /// Unix seconds.
    pub opened: u64,
    /// What contradicts what is known.
    pub kind: String,
    /// The portal that asked.
    pub portal: String,
    /// IDs of the rules that found something.
    pub rules: Vec<[u8; 32]>,
    /// The records that the request may be about.
    pub records: Vec<[u8; 16]>,
    /// Sealed: each rule ID 32 and stretched match key 32.
    pub match_keys: Vec<u8>,
}

impl Ticket {
    fn key(self) -> Key {
        Table::Ticket.key(&[&self.0.to_be_bytes()])
    }

    fn from_name(name: &[u8]) -> Result<Self, Error> {
        let number = name
            .try_into()
            .map_err(|_| Error::Row(Table::Ticket.name()))?;
        Ok(Self(u64::from_be_bytes(number)))
    }
}

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
    /// The ticket of this conflict: the one that is open for the same match keys, or a new one.
    pub(super) async fn open_ticket(
        &self,
        keys: &Keys,
        caller: &Caller,
        now: u64,
        queued: &Queued,
        conflict: Conflict<RecordId>,
        change: Change,
    ) -> Result<(Change, Ticket), Error> {
        let by_keys = by_keys(keys, queued);
        let open = self.store.get_one(by_keys.clone()).await?;
        let subject = keys.audit().subject(Table::Ticket.name(), by_keys.name());
        let leaf = Leaf::new(now, caller, "RegisterPerson", "conflict").about(subject);
        let change = change.audit(leaf.encode());
        if let Some(open) = open {
            let number = Table::TicketByKeys.decode(&open.bytes)?;
            return Ok((change, Ticket(number)));
        }
        let ticket = self.tickets.next(self.store.as_ref()).await?;
        let row = TicketRow {
            opened: now,
            kind: conflict.kind.as_str().to_owned(),
            portal: queued.portal.to_string(),
            rules: conflict.rules.iter().map(|rule| *rule.as_bytes()).collect(),
            records: conflict.records.iter().map(|id| *id.as_bytes()).collect(),
            match_keys: seal(keys, ticket, &queued.stretched),
        };
        let change = change
            .absent(by_keys.clone())
            .put(by_keys, encode(&ticket.0))
            .absent(ticket.key())
            .put(ticket.key(), encode(&row));
        Ok((change, ticket))
    }

    /// At most `limit` open conflicts, oldest first: those after a ticket; 0 is nobody's.
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
}

/// The row that finds the ticket of the same match keys from the same portal.
fn by_keys(keys: &Keys, queued: &Queued) -> Key {
    let entries = blinded(keys, &queued.stretched);
    let mut tags: Vec<&[u8]> = entries.iter().map(|entry| entry.tag().as_slice()).collect();
    tags.sort_unstable();
    let fields = [&[queued.portal.as_str().as_bytes()], &tags[..]].concat();
    Table::TicketByKeys.blinded(
        &keys
            .writing_index()
            .blind_row(Table::TicketByKeys.name(), &fields),
    )
}

fn seal(keys: &Keys, ticket: Ticket, stretched: &[Stretched]) -> Vec<u8> {
    let mut plain = Zeroizing::new(Vec::with_capacity(64 * stretched.len()));
    for key in stretched {
        plain.extend_from_slice(key.rule().as_bytes());
        plain.extend_from_slice(key.secret().expose());
    }
    let row = ticket.0.to_be_bytes();
    let place = RecordPlace {
        table: Table::Ticket.name(),
        row: &row,
    };
    keys.sealing()
        .seal_record(&place, &plain, &mut random::os())
}
