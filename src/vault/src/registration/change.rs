use symbolon_crypto::random;
use symbolon_identity::stretch::Stretched;
use symbolon_keyring::{PortalName, RegistrationId, Root};
use symbolon_store::Change;

use super::{Request, look_up::Found};
use crate::{
    audit::{Caller, Leaf},
    core::Core,
    life::Erasure,
    rows::{Knowing, OpenRecord, Record, RecordId, Table, encode_ids},
    seal::Keys,
};

/// What records are changed with, and what the leaf says it was.
pub(super) struct Work<'a> {
    pub(super) keys: &'a Keys,
    pub(super) caller: &'a Caller,
    pub(super) now: u64,
    pub(super) operation: &'static str,
    /// What became of the person, where nothing stood against it.
    pub(super) outcome: &'static str,
}

impl Core {
    /// A known person: new match keys and a portal that didn't know them are attached.
    #[expect(
        clippy::too_many_arguments,
        reason = "what a request found, each used once"
    )]
    pub(super) fn known(
        &self,
        work: &Work<'_>,
        request: &Request,
        open: &OpenRecord,
        attach: &[usize],
        registration: &RegistrationId,
        found: &Found,
        change: Change,
    ) -> Change {
        let change = work.audited(&open.id, change);
        let attach: Vec<usize> = attach
            .iter()
            .copied()
            .filter(|at| self.is_current(&request.stretched[*at]))
            .collect();
        let is_known = open.record.is_known_to(&request.portal);
        if attach.is_empty() && is_known {
            return change;
        }
        let old = &open.record;
        let own = old
            .match_keys
            .iter()
            .chain(attach.iter().map(|at| &request.stretched[*at]));
        let mut record = Record {
            created: old.created,
            roots: old.roots.iter().map(Root::duplicate).collect(),
            match_keys: own.map(duplicate).collect(),
            portals: old.portals.clone(),
        };
        if !is_known {
            record.portals.push(knowing(&request.portal));
        }
        // Whoever is registered again isn't to be erased any more.
        let change = match is_known {
            true => change,
            false => change.delete(Erasure::key(&open.id)),
        };
        let change = change.at(open.id.key(), open.revision);
        let change = attach
            .iter()
            .fold(change, |change, at| index(change, found, *at, &open.id));
        write(work.keys, request, registration, &open.id, &record, change)
    }

    /// A new person.
    pub(super) fn enrol(
        &self,
        work: &Work<'_>,
        request: &Request,
        root: Root,
        registration: &RegistrationId,
        found: &Found,
        change: Change,
    ) -> Change {
        let id = RecordId::random(&mut random::os());
        let current: Vec<usize> = (0..request.stretched.len())
            .filter(|at| self.is_current(&request.stretched[*at]))
            .collect();
        let record = Record {
            created: work.now,
            roots: vec![root],
            match_keys: current
                .iter()
                .map(|at| duplicate(&request.stretched[*at]))
                .collect(),
            portals: vec![knowing(&request.portal)],
        };
        let change = work.audited(&id, change).absent(id.key());
        let outdated = (0..request.stretched.len()).filter(|at| !current.contains(at));
        let change = outdated.fold(change, |change, at| unchanged(change, found, at));
        let change = current
            .iter()
            .fold(change, |change, at| index(change, found, *at, &id));
        write(work.keys, request, registration, &id, &record, change)
    }

    /// Whether new rows are written under the key's rule.
    pub(super) fn is_current(&self, key: &Stretched) -> bool {
        self.schema
            .rule(key.rule())
            .is_some_and(|rule| !rule.outdated())
    }
}

impl Work<'_> {
    pub(super) fn audited(&self, id: &RecordId, change: Change) -> Change {
        self.noted(id, self.outcome, change)
    }

    /// With a leaf about a record.
    pub(super) fn noted(&self, id: &RecordId, outcome: &'static str, change: Change) -> Change {
        let audit = self.keys.audit();
        let subject = audit.subject(Table::Record.name(), id.as_bytes());
        let leaf = Leaf::new(self.now, self.caller, self.operation, outcome);
        change.audit(leaf.about(subject).encode())
    }
}

/// A portal that is given the ID of the oldest root.
pub(super) fn knowing(portal: &PortalName) -> Knowing {
    Knowing {
        portal: portal.clone(),
        root: 0,
        suspended: false,
    }
}

/// Puts the record and the row of its registration ID.
fn write(
    keys: &Keys,
    request: &Request,
    registration: &RegistrationId,
    id: &RecordId,
    record: &Record,
    change: Change,
) -> Change {
    let entry = keys
        .writing_index()
        .blind_registration_id(&request.portal, registration);
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

pub(super) fn duplicate(key: &Stretched) -> Stretched {
    Stretched::new(*key.rule(), key.secret().duplicate())
}
