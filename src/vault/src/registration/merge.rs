//! Records of one person joined: the oldest keeps its name, all roots and every row that leads here.
//!
//! It is one change, and demands every record as it was read. So does whoever does something for
//! a person by a registration ID: nothing is done for a record that is part of another by now.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;

use symbolon_crypto::random;
use symbolon_keyring::Root;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, Key};

use super::{
    Request,
    change::{Work, duplicate, knowing},
    look_up::Found,
};
use crate::{
    Error,
    core::Core,
    electorates::ElectorateName,
    issuance::Held,
    rows::{
        Knowing, Merges, OpenRecord, Record, RecordId, Table, decode_ids, encode, encode_ids, read,
    },
    seal::Keys,
};

/// The most roots of a record: each is looked for in each election.
const MOST_ROOTS: usize = 16;

/// The record that others become part of.
struct Merged {
    id: RecordId,
    record: Record,
    others: BTreeSet<RecordId>,
}

impl Core {
    /// Makes the records, and the request that led to them, one person's.
    pub(super) async fn merge(
        &self,
        work: &Work<'_>,
        request: &Request,
        records: &[RecordId],
        found: &Found,
        change: Change,
    ) -> Result<Change, Error> {
        let open = records.iter().map(|id| found.record(*id));
        let open = open.collect::<Result<Vec<_>, _>>()?;
        let merged = self.joined(&open, request)?;
        let change = open.iter().fold(change, |change, open| {
            change.at(open.id.key(), open.revision)
        });
        let (change, held) = self.tokens(work.keys, &merged.record, change).await?;
        if held == Held::SeveralOfOne {
            return Err(Reason::MergeWaits.into());
        }
        let change = self.lead_to(work.keys, &merged, change).await?;
        let change = self.move_members(&merged, change).await?;
        let change = self.count_merges(merged.others.len(), change).await?;
        let sealed = merged.record.seal(&merged.id, work.keys, &mut random::os());
        let others = merged.others.iter();
        let change = others.fold(change, |change, other| {
            work.noted(other, "merged", change.delete(other.key()))
        });
        Ok(work.audited(&merged.id, change.put(merged.id.key(), sealed)))
    }

    /// Refuses a verdict by which records would be merged that can't be.
    pub(super) fn check_merge(
        &self,
        request: &Request,
        records: &[RecordId],
        found: &Found,
    ) -> Result<(), Error> {
        let open = records.iter().map(|id| found.record(*id));
        match open.collect::<Result<Vec<_>, _>>() {
            Ok(open) => self.joined(&open, request).map(drop),
            // They aren't what the ticket was opened for any more.
            Err(_) => Ok(()),
        }
    }

    /// What all of them hold, the oldest first.
    fn joined(&self, open: &[&OpenRecord], request: &Request) -> Result<Merged, Error> {
        let mut open = open.to_vec();
        open.sort_by_key(|open| (open.record.created, open.id));
        let [first, others @ ..] = open.as_slice() else {
            return Err(Error::Row(Table::Ticket.name()));
        };
        let count: usize = open.iter().map(|open| open.record.roots.len()).sum();
        if count > MOST_ROOTS {
            return Err(impossible("too many records were merged into one already"));
        }
        let mut record = Record {
            created: first.record.created,
            roots: Vec::with_capacity(count),
            match_keys: Vec::new(),
            portals: Vec::new(),
        };
        for own in open.iter().map(|open| &open.record) {
            let before = u8::try_from(record.roots.len()).expect("roots are few");
            record.roots.extend(own.roots.iter().map(Root::duplicate));
            record
                .portals
                .extend(own.portals.iter().map(|known| Knowing {
                    portal: known.portal.clone(),
                    root: before + known.root,
                    suspended: known.suspended,
                }));
            own.match_keys.iter().for_each(|key| record.hold(key));
        }
        let current = request.stretched.iter().filter(|key| self.is_current(key));
        current.for_each(|key| record.hold(key));
        if !record.is_known_to(&request.portal) {
            record.portals.push(knowing(&request.portal));
        }
        // Whom a portal suspended under one ID is suspended under all.
        let suspended = record.portals.iter().filter(|known| known.suspended);
        let suspended: Vec<_> = suspended.map(|known| known.portal.clone()).collect();
        for known in &mut record.portals {
            known.suspended = suspended.contains(&known.portal);
        }
        self.check_one_person(&record)?;
        Ok(Merged {
            id: first.id,
            others: others.iter().map(|open| open.id).collect(),
            record,
        })
    }

    /// Two values of an attribute that never changes are two people.
    fn check_one_person(&self, record: &Record) -> Result<(), Error> {
        let mut permanent = self.schema.rules().iter().filter(|rule| rule.permanent());
        let several = permanent.any(|rule| {
            let of_it = record
                .match_keys
                .iter()
                .filter(|key| key.rule() == rule.id());
            of_it.count() > 1
        });
        match several {
            true => Err(impossible(
                "an attribute that never changes has another value",
            )),
            false => Ok(()),
        }
    }

    /// Every row that leads to any of them leads to the one.
    async fn lead_to(
        &self,
        keys: &Keys,
        merged: &Merged,
        mut change: Change,
    ) -> Result<Change, Error> {
        for (number, index) in keys.index().iter().enumerate() {
            // The first writes: its rows are all there. Of older ones, those that there are.
            let writes = number == 0;
            let leading = merged.record.leading(keys, index);
            let alone = leading.match_keys.len();
            let all = [leading.match_keys, leading.registration_ids].concat();
            let rows = self.store.get(all.clone()).await?;
            for (at, (key, row)) in all.into_iter().zip(rows).enumerate() {
                if row.is_none() && !writes {
                    continue;
                }
                let mut ids = match &row {
                    // Other people's records may stand there, too.
                    Some(row) if at < alone => decode_ids(&row.bytes)?,
                    _ => Vec::new(),
                };
                ids.retain(|id| !merged.others.contains(id));
                ids.push(merged.id);
                ids.sort_unstable();
                ids.dedup();
                change = change
                    .unchanged(key.clone(), row.as_ref())
                    .put(key, encode_ids(&ids));
            }
        }
        Ok(change)
    }

    /// Whoever was in an electorate under any of the names is in it under the one.
    async fn move_members(&self, merged: &Merged, mut change: Change) -> Result<Change, Error> {
        for (name, _) in self.all_electorates().await? {
            change = self.move_member(&name, merged, change).await?;
        }
        Ok(change)
    }

    async fn move_member(
        &self,
        name: &ElectorateName,
        merged: &Merged,
        change: Change,
    ) -> Result<Change, Error> {
        let (mut electorate, row) = self.electorate(name).await?;
        let own = electorate.member(&merged.id);
        let others: Vec<Key> = merged
            .others
            .iter()
            .map(|id| electorate.member(id))
            .collect();
        let there = self
            .store
            .get([vec![own.clone()], others.clone()].concat())
            .await?;
        let members = there.iter().flatten().count() as u64;
        if there[1..].iter().all(Option::is_none) {
            return Ok(change);
        }
        electorate.size = (electorate.size + 1).saturating_sub(members);
        let change = others.into_iter().fold(change, Change::delete);
        Ok(change
            .put(own, Vec::new())
            .at(name.key(), row.revision)
            .put(name.key(), encode(&electorate)))
    }

    async fn count_merges(&self, more: usize, change: Change) -> Result<Change, Error> {
        let found = read::<Merges>(self.store.as_ref(), Table::Meta, Merges::key()).await?;
        let before = found.as_ref().map_or(0, |(merges, _)| merges.count);
        let count = before + more as u64;
        Ok(change
            .unchanged(Merges::key(), found.as_ref().map(|(_, row)| row))
            .put(Merges::key(), encode(&Merges { count })))
    }
}

impl Record {
    /// From now on it holds this match key.
    fn hold(&mut self, key: &symbolon_identity::stretch::Stretched) {
        if !self.holds(key) {
            self.match_keys.push(duplicate(key));
        }
    }
}

/// Why a verdict `same` isn't taken.
pub(super) fn impossible(why: &str) -> Error {
    let refusal = Refusal::new(Reason::VerdictImpossible).at("same");
    refusal.because(why.to_owned()).into()
}
