use symbolon_crypto::random;
use symbolon_identity::stretch::Stretched;
use symbolon_keyring::{RegistrationId, Root};
use symbolon_store::Change;

use super::{
    Queued,
    look_up::{Found, OpenRecord},
};
use crate::{
    audit::{Caller, Leaf},
    core::Core,
    rows::{Record, RecordId, Table, encode_ids},
    seal::Keys,
};

const OPERATION: &str = "RegisterPerson";

impl Core {
    /// A known person: new match keys and a portal that didn't know them are attached.
    #[expect(
        clippy::too_many_arguments,
        reason = "what a request found, each used once"
    )]
    pub(super) fn known(
        &self,
        keys: &Keys,
        caller: &Caller,
        now: u64,
        queued: &Queued,
        open: &OpenRecord,
        attach: &[usize],
        registration: &RegistrationId,
        found: &Found,
        change: Change,
    ) -> Change {
        let change = audited(keys, caller, now, &open.id, change);
        let attach: Vec<usize> = attach
            .iter()
            .copied()
            .filter(|at| self.is_current(&queued.stretched[*at]))
            .collect();
        let is_known = open.record.portals.contains(&queued.portal);
        if attach.is_empty() && is_known {
            return change;
        }
        let old = &open.record;
        let own = old
            .match_keys
            .iter()
            .chain(attach.iter().map(|at| &queued.stretched[*at]));
        let mut record = Record {
            created: old.created,
            roots: old.roots.iter().map(Root::duplicate).collect(),
            match_keys: own.map(duplicate).collect(),
            portals: old.portals.clone(),
        };
        if !is_known {
            record.portals.push(queued.portal.clone());
        }
        let change = change.at(open.id.key(), open.revision);
        let change = attach
            .iter()
            .fold(change, |change, at| index(change, found, *at, &open.id));
        write(keys, queued, registration, &open.id, &record, change)
    }

    /// A new person.
    #[expect(
        clippy::too_many_arguments,
        reason = "what a request found, each used once"
    )]
    pub(super) fn enrol(
        &self,
        keys: &Keys,
        caller: &Caller,
        now: u64,
        queued: &Queued,
        root: Root,
        registration: &RegistrationId,
        found: &Found,
        change: Change,
    ) -> Change {
        let id = RecordId::random(&mut random::os());
        let current: Vec<usize> = (0..queued.stretched.len())
            .filter(|at| self.is_current(&queued.stretched[*at]))
            .collect();
        let record = Record {
            created: now,
            roots: vec![root],
            match_keys: current
                .iter()
                .map(|at| duplicate(&queued.stretched[*at]))
                .collect(),
            portals: vec![queued.portal.clone()],
        };
        let change = audited(keys, caller, now, &id, change).absent(id.key());
        let outdated = (0..queued.stretched.len()).filter(|at| !current.contains(at));
        let change = outdated.fold(change, |change, at| unchanged(change, found, at));
        let change = current
            .iter()
            .fold(change, |change, at| index(change, found, *at, &id));
        write(keys, queued, registration, &id, &record, change)
    }

    /// Whether new rows are written under the key's rule.
    fn is_current(&self, key: &Stretched) -> bool {
        self.schema
            .rule(key.rule())
            .is_some_and(|rule| !rule.outdated())
    }
}

/// Puts the record and the row of its registration ID.
fn write(
    keys: &Keys,
    queued: &Queued,
    registration: &RegistrationId,
    id: &RecordId,
    record: &Record,
    change: Change,
) -> Change {
    let entry = keys
        .writing_index()
        .blind_registration_id(&queued.portal, registration);
    change
        .put(id.key(), record.seal(id, keys, &mut random::os()))
        .put(Table::Registration.blinded(&entry), id.as_bytes().to_vec())
}

/// Adds the record to a match key's row, which must be as it was found under every live key.
fn index(change: Change, found: &Found, at: usize, id: &RecordId) -> Change {
    let change = unchanged(change, found, at);
    let writing = &found.index[at].1[0];
    let mut records = writing.records.clone();
    records.push(*id);
    records.sort_unstable();
    records.dedup();
    change.put(writing.key.clone(), encode_ids(&records))
}

fn unchanged(change: Change, found: &Found, at: usize) -> Change {
    let rows = found.index[at].1.iter();
    rows.fold(change, |change, row| {
        change.unchanged(row.key.clone(), row.found.as_ref())
    })
}

fn audited(keys: &Keys, caller: &Caller, now: u64, id: &RecordId, change: Change) -> Change {
    let subject = keys.audit().subject(Table::Record.name(), id.as_bytes());
    change.audit(
        Leaf::new(now, caller, OPERATION, "registered")
            .about(subject)
            .encode(),
    )
}

fn duplicate(key: &Stretched) -> Stretched {
    Stretched::new(*key.rule(), key.secret().duplicate())
}
