use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use symbolon_crypto::{Secret, random};
use symbolon_identity::{RuleId, resolve::Conflict, stretch::Stretched};
use symbolon_keyring::keys::{IndexKey, RecordPlace};
use symbolon_store::{Change, Key, KeyRange, Store};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::Queued;
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    rows::{RecordId, Table, encode},
    seal::Keys,
};

const PAGE: usize = 256;
/// A rule's ID and a stretched match key.
const PAIR: usize = 64;

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

    pub(crate) fn from_name(name: &[u8]) -> Result<Self, Error> {
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
        let portal = queued.portal.as_str();
        let live = keys.index().iter();
        let live = live.map(|index| by_keys(index, portal, &queued.stretched));
        let live: Vec<Key> = live.collect();
        // The first is of the key that writes.
        let by_keys = live[0].clone();
        let open = self.store.get(live).await?.into_iter().flatten().next();
        let subject = keys.audit().subject(Table::Ticket.name(), by_keys.name());
        let leaf = Leaf::new(now, caller, "RegisterPerson", "conflict").about(subject);
        let change = change.audit(leaf.encode());
        if let Some(open) = open {
            let number = Table::TicketByKeys.decode(&open.bytes)?;
            return Ok((change, Ticket(number)));
        }
        let ticket = self.tickets.next(self.store.as_ref()).await?;
        let mut row = TicketRow {
            opened: now,
            kind: conflict.kind.as_str().to_owned(),
            portal: queued.portal.to_string(),
            rules: conflict.rules.iter().map(|rule| *rule.as_bytes()).collect(),
            records: conflict.records.iter().map(|id| *id.as_bytes()).collect(),
            match_keys: Vec::new(),
        };
        row.seal(keys, ticket, &queued.stretched);
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
fn by_keys(index: &IndexKey, portal: &str, stretched: &[Stretched]) -> Key {
    let entries: Vec<_> = stretched
        .iter()
        .map(|key| index.blind(key.secret()))
        .collect();
    let mut tags: Vec<&[u8]> = entries.iter().map(|entry| entry.tag().as_slice()).collect();
    tags.sort_unstable();
    let fields = [&[portal.as_bytes()], &tags[..]].concat();
    Table::TicketByKeys.blinded(&index.blind_row(Table::TicketByKeys.name(), &fields))
}

impl TicketRow {
    /// The row that finds it under an index key.
    pub(crate) fn by_keys(&self, index: &IndexKey, match_keys: &[Stretched]) -> Key {
        by_keys(index, &self.portal, match_keys)
    }

    /// Seals the request's match keys into it.
    pub(crate) fn seal(&mut self, keys: &Keys, ticket: Ticket, match_keys: &[Stretched]) {
        let mut plain = Zeroizing::new(Vec::with_capacity(PAIR * match_keys.len()));
        for key in match_keys {
            plain.extend_from_slice(key.rule().as_bytes());
            plain.extend_from_slice(key.secret().expose());
        }
        let row = ticket.0.to_be_bytes();
        self.match_keys = keys
            .sealing()
            .seal_record(&place(&row), &plain, &mut random::os());
    }

    /// The request's match keys.
    pub(crate) fn open(&self, keys: &Keys, ticket: Ticket) -> Result<Vec<Stretched>, Error> {
        let row = ticket.0.to_be_bytes();
        let opened = keys.open_record(&place(&row), &self.match_keys)?;
        let (pairs, []) = opened.expose().as_chunks::<PAIR>() else {
            return Err(Error::Row(Table::Ticket.name()));
        };
        let own = pairs.iter().map(|pair| {
            let (rule, stretched) = pair.split_first_chunk::<32>().expect("a pair is longer");
            let stretched = Secret::init_with(|place| place.copy_from_slice(stretched));
            Stretched::new(RuleId::from_bytes(*rule), stretched)
        });
        Ok(own.collect())
    }
}

fn place(row: &[u8]) -> RecordPlace<'_> {
    RecordPlace {
        table: Table::Ticket.name(),
        row,
    }
}
