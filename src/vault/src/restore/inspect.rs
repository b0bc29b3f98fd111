//! A backup read to its end before anything is made of it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use symbolon_election::{BackupNote, ElectionId};
use symbolon_keyring::{Epoch, KeyId, Purpose, SealedRing};
use symbolon_store::{BackupPart, BackupSummary, Checkpoint, Head, Row};
use symbolon_tlog::Hash;

use super::{RestoreError, open};
use crate::{
    Error,
    elections::{ElectionRow, Stage},
    roll,
    rotation::under::{INDEXED, epoch_of, sealed_under},
    rows::{Officers, RingMirror, Table},
};

/// What a backup holds, as far as it matters before it is restored.
pub(super) struct Inspected {
    pub(super) head: Head,
    pub(super) summary: BackupSummary,
    pub(super) officers: Officers,
    /// Elections that may have issued tokens since then.
    pub(super) unfinished: Vec<ElectionId>,
    /// The audit tree's root where the checkpoint file saw it.
    pub(super) root_at_checkpoint: Option<Hash>,
    mirror: RingMirror,
    /// Rows by the epoch of the index key that they lie under.
    epochs: BTreeMap<Epoch, u64>,
    /// Rows by the key that seals them.
    seals: BTreeMap<KeyId, u64>,
}

/// What is gathered row by row.
#[derive(Default)]
struct Gathered {
    officers: Option<Officers>,
    mirror: Option<RingMirror>,
    unfinished: Vec<ElectionId>,
    epochs: BTreeMap<Epoch, u64>,
    seals: BTreeMap<KeyId, u64>,
}

/// Reads a store's backup to its end and compares it with its note.
pub(super) fn inspect(
    path: &Path,
    note: &BackupNote,
    seen: Option<&Checkpoint>,
) -> Result<Inspected, RestoreError> {
    let mut reader = open(path)?;
    if let Some(seen) = seen {
        if seen.installation.as_bytes() != note.installation.as_bytes() {
            return Err(RestoreError::Mismatch(
                "checkpoint file and backup are of two vaults".into(),
            ));
        }
        reader.note_root_at(seen.audit_size);
    }
    let mut gathered = Gathered::default();
    let summary = loop {
        match reader.read()? {
            BackupPart::Rows(rows) => rows.iter().try_for_each(|row| gathered.take(row))?,
            BackupPart::Leaves(_) => {}
            BackupPart::End(summary) => break summary,
        }
    };
    let head = reader.head();
    let root = head.audit_frontier().root();
    let own = (note.generation, note.audit_size, &note.audit_root);
    let found = (head.generation(), head.audit_size(), root.as_bytes());
    let installation = head.installation().as_bytes() == note.installation.as_bytes();
    if summary.sha256 != note.store || own != found || !installation {
        return Err(RestoreError::file(
            path,
            "it is not the backup that its note tells of",
        ));
    }
    let damaged = || Error::Row(Table::Meta.name());
    Ok(Inspected {
        root_at_checkpoint: reader.root_noted(),
        head: reader.head().clone(),
        summary,
        officers: gathered.officers.ok_or_else(damaged)?,
        mirror: gathered.mirror.ok_or_else(damaged)?,
        unfinished: gathered.unfinished,
        epochs: gathered.epochs,
        seals: gathered.seals,
    })
}

impl Gathered {
    fn take(&mut self, row: &Row) -> Result<(), Error> {
        let bytes = &row.value.bytes;
        if row.key == Officers::key() {
            self.officers = Some(Table::Meta.decode(bytes)?);
        } else if row.key == RingMirror::key() {
            self.mirror = Some(Table::Meta.decode(bytes)?);
        } else if let Some(table) = of_one(row, INDEXED) {
            *self.epochs.entry(epoch_of(table, row)?).or_default() += 1;
        } else if let Some(table) = of_one(row, [Table::Record, Table::Ticket]) {
            *self.seals.entry(sealed_under(table, row)?).or_default() += 1;
        } else if row.key.table() == Table::Election as u8 {
            let damaged = |_| Error::Row(Table::Election.name());
            let election: ElectionRow = Table::Election.decode(bytes)?;
            // A draft may have been opened since then.
            if matches!(election.stage, Stage::Draft | Stage::Open) {
                let id = ElectionId::from_slice(row.key.name()).map_err(damaged)?;
                self.unfinished.push(id);
            }
        }
        Ok(())
    }
}

/// The one of some tables that a row is of.
fn of_one<const N: usize>(row: &Row, tables: [Table; N]) -> Option<Table> {
    let own = |table: &Table| *table as u8 == row.key.table();
    tables.into_iter().find(own)
}

impl Inspected {
    /// Whether the ring isn't older than the store, and has the keys that the rows lie under.
    pub(super) fn check_ring(&self, ring: &SealedRing) -> Result<(), RestoreError> {
        if self.mirror.revision > ring.revision() {
            return Err(Error::OlderRing {
                ring: ring.revision(),
                store: self.mirror.revision,
            }
            .into());
        }
        let live = || ring.keys().filter(|key| key.state.is_live());
        for (epoch, rows) in &self.epochs {
            let mut index = live().filter(|key| key.purpose == Purpose::Index);
            if !index.any(|key| key.epoch == *epoch) {
                let key = format!("index key of epoch {epoch}");
                return Err(RestoreError::Destroyed { key, rows: *rows });
            }
        }
        for (id, rows) in &self.seals {
            if !live().any(|key| key.id == *id) {
                let key = "sealing key".to_owned();
                return Err(RestoreError::Destroyed { key, rows: *rows });
            }
        }
        Ok(())
    }

    /// The folders of unfinished elections that the vault's rolls lack.
    pub(super) fn missing_rolls(&self, rolls: &Path) -> Vec<PathBuf> {
        let folders = self
            .unfinished
            .iter()
            .map(|election| roll::folder(rolls, election));
        folders.filter(|path| !path.exists()).collect()
    }
}
