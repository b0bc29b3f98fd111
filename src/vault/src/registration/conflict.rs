use serde::{Deserialize, Serialize};
use symbolon_crypto::random;
use symbolon_identity::{resolve::Conflict, stretch::Stretched};
use symbolon_keyring::keys::RecordPlace;
use symbolon_store::{Change, Key, KeyRange};
use zeroize::Zeroizing;

use super::{Queued, blinded};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    rows::{RecordId, Table, encode},
    seal::Keys,
};

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

    fn counter() -> Key {
        Table::Meta.key(&[b"tickets"])
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
        let values = self
            .store
            .get(vec![by_keys.clone(), Ticket::counter()])
            .await?;
        let [open, counter] = values.as_slice() else {
            return Err(Error::Row(Table::Ticket.name()));
        };
        let subject = keys.audit().subject(Table::Ticket.name(), by_keys.name());
        let leaf = Leaf::new(now, caller, "RegisterPerson", "conflict").about(subject);
        let change = change.audit(leaf.encode());
        if let Some(open) = open {
            let number = Table::TicketByKeys.decode(&open.bytes)?;
            return Ok((change, Ticket(number)));
        }
        let last = counter
            .as_ref()
            .map_or(Ok(0), |value| Table::Meta.decode::<u64>(&value.bytes))?;
        let ticket = Ticket(last + 1);
        let row = TicketRow {
            opened: now,
            kind: conflict.kind.as_str().to_owned(),
            portal: queued.portal.to_string(),
            rules: conflict.rules.iter().map(|rule| *rule.as_bytes()).collect(),
            records: conflict.records.iter().map(|id| *id.as_bytes()).collect(),
            match_keys: seal(keys, ticket, &queued.stretched),
        };
        let change = change
            .unchanged(Ticket::counter(), counter.as_ref())
            .put(Ticket::counter(), encode(&ticket.0))
            .absent(by_keys.clone())
            .put(by_keys, encode(&ticket.0))
            .put(ticket.key(), encode(&row));
        Ok((change, ticket))
    }

    /// The open conflicts, oldest first.
    pub async fn conflicts(&self) -> Result<Vec<(Ticket, TicketRow)>, Error> {
        const PAGE: usize = 256;
        let (mut range, mut tickets) = (KeyRange::table(Table::Ticket as u8), Vec::new());
        loop {
            let rows = self.store.scan(range, PAGE).await?;
            for row in &rows {
                let number = row
                    .key
                    .name()
                    .try_into()
                    .map_err(|_| Error::Row(Table::Ticket.name()))?;
                let ticket = Ticket(u64::from_be_bytes(number));
                tickets.push((ticket, Table::Ticket.decode(&row.value.bytes)?));
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => {
                    range = KeyRange::table(Table::Ticket as u8).after(last.key.clone());
                }
                _ => return Ok(tickets),
            }
        }
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
