//! Copies of store, key ring and ring secret, taken while everything goes on.
//!
//! A backup is decided by officers: a plan is a row of the store, so that a process that died takes it
//! up again, from the beginning. Nobody changes the ring while the store's snapshot is taken and the ring's
//! files are read: the three are of one moment. Rows are then read page by page; the snapshot keeps what is
//! overwritten meanwhile, and nobody waits for it longer than for a page. The note, which the audit
//! key signs, is written last: without it a backup is none.

mod files;

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};
use symbolon_election::{BackupNote, InstallationId};
use symbolon_keyring::RingCopies;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{BackupSummary, Change, Key, KeyRange, Snapshot, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    audit_log::log_key,
    config::BackupConfig,
    core::Core,
    rows::{Table, encode, read},
    seal::Keys,
    sweep::blocking,
};
pub(crate) use files::NOTE;
use files::Output;
pub(crate) use files::stamp;

/// How many rows or leaves are read at a time: writers wait that long at most.
const PAGE: usize = 256;
/// How long after a failure it is tried again.
const PATIENCE: u64 = 60;
/// How far ahead a plan may reach.
const LONGEST: u64 = 400 * 24 * 60 * 60;

/// When backups are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Hours from one to the next; 0: once only.
    pub every_hours: u16,
    /// Until when, Unix seconds.
    pub until: u64,
    /// When the next one is due, Unix seconds.
    pub due: u64,
}

impl Plan {
    /// One that begins at once.
    pub(crate) fn new(every_hours: u16, until: u64, now: u64) -> Self {
        Self {
            every_hours,
            until,
            due: now,
        }
    }

    /// Where it stands.
    pub(crate) fn key() -> Key {
        Table::Meta.key(&[b"backup"])
    }

    /// What is left of it after a backup; nothing where that was the last.
    fn after(self, now: u64) -> Option<Self> {
        let due = now + u64::from(self.every_hours) * 60 * 60;
        let next = Self { due, ..self };
        (self.every_hours > 0 && due <= self.until).then_some(next)
    }
}

/// The last backup that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// How its files' names begin.
    pub name: String,
    /// When, Unix seconds.
    pub taken: u64,
    /// How many rows the store had.
    pub rows: u64,
    /// How many leaves the audit log had.
    pub leaves: u64,
    /// SHA-256 of the store's backup.
    pub sha256: [u8; 32],
}

impl Taken {
    fn key() -> Key {
        Table::Meta.key(&[b"backup-taken"])
    }
}

/// How it stands with backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is planned.
    pub plan: Option<Plan>,
    /// Rows and audit leaves written so far of the one under way.
    pub under_way: Option<u64>,
    /// Rows and audit leaves that the one under way will have, roughly.
    pub expected: u64,
    /// The last one.
    pub taken: Option<Taken>,
    /// When the last try failed, if it did, Unix seconds.
    pub failed: Option<u64>,
}

/// Where backups go, and how the one under way does.
pub(crate) struct Backups {
    folders: Option<BackupConfig>,
    written: AtomicU64,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    under_way: bool,
    failed: Option<u64>,
}

impl Backups {
    pub(crate) fn new(folders: Option<BackupConfig>) -> Self {
        Self {
            folders,
            written: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        self.written.store(0, Ordering::Relaxed);
        self.state().under_way = true;
    }

    fn end(&self, failed: Option<u64>) {
        *self.state() = State {
            under_way: false,
            failed,
        };
    }
}

impl Core {
    /// Whether a plan can be kept here.
    pub(crate) fn check_backup_plan(&self, until: u64) -> Result<(), Error> {
        let refuse = |why: &str| {
            let refusal = Refusal::new(Reason::InvalidProposal).at("content");
            Err(Error::from(refusal.because(why.to_owned())))
        };
        if self.backups.folders.is_none() {
            return refuse("the vault's configuration has no [backup]");
        }
        match until.saturating_sub(self.now()) > LONGEST {
            true => refuse("more than 400 days ahead"),
            false => Ok(()),
        }
    }

    /// How it stands with backups.
    pub async fn backups(&self) -> Result<Standing, Error> {
        let plan = self.find_plan().await?.map(|(plan, _)| plan);
        let taken = read(self.store.as_ref(), Table::Meta, Taken::key()).await?;
        let taken: Option<Taken> = taken.map(|(taken, _)| taken);
        let state = *self.backups.state();
        let written = self.backups.written.load(Ordering::Relaxed);
        Ok(Standing {
            plan,
            under_way: state.under_way.then_some(written),
            expected: taken.as_ref().map_or(0, |last| last.rows + last.leaves),
            taken,
            failed: state.failed,
        })
    }

    /// Takes the backup that is due, if one is and the vault is unsealed.
    pub(crate) async fn back_up(&self) -> Result<(), Error> {
        let (Ok(keys), Some((plan, row))) = (self.keys(), self.find_plan().await?) else {
            return Ok(());
        };
        let failed = self.backups.state().failed;
        let early = failed.is_some_and(|at| self.now() < at + PATIENCE);
        if early || self.now() < plan.due {
            return Ok(());
        }
        self.backups.begin();
        let done = self.take_backup(&keys, plan, &row).await;
        self.backups.end(done.as_ref().err().map(|_| self.now()));
        done
    }

    async fn take_backup(&self, keys: &Keys, plan: Plan, row: &Value) -> Result<(), Error> {
        let folders = self.backups.folders.clone();
        let folders = folders.ok_or(Error::Row(Table::Meta.name()))?;
        let (now, started) = (self.now(), std::time::Instant::now());
        let (snapshot, copies) = self.one_moment().await?;
        let output = Output::new(folders, stamp(now));
        let summary = self.copy_store(&snapshot, &output).await?;
        let note = note(&snapshot, &copies, &summary, now);
        let key = log_key(keys.audit(), &snapshot.head().installation())?;
        let name = output.name().to_owned();
        blocking(move || output.finish(&copies, &note, &key)).await?;
        let taken = Taken {
            name,
            taken: now,
            rows: summary.rows,
            leaves: summary.leaves,
            sha256: summary.sha256,
        };
        let subject = keys.audit().subject("backup", &summary.sha256);
        let leaf = Leaf::new(now, &Caller::vault(), "BackUp", "taken").about(subject);
        let change = Change::new()
            .at(Plan::key(), row.revision)
            .put(Taken::key(), encode(&taken))
            .audit(leaf.counting(summary.rows).encode());
        let change = match plan.after(now) {
            Some(next) => change.put(Plan::key(), encode(&next)),
            None => change.delete(Plan::key()),
        };
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        let seconds = started.elapsed().as_secs();
        tracing::info!(rows = summary.rows, seconds, "a backup is taken");
        Ok(())
    }

    /// Store, ring and ring secret of one moment: nobody changes the ring meanwhile.
    async fn one_moment(&self) -> Result<(Snapshot, RingCopies), Error> {
        let _alone = self.seal.alone().await;
        let snapshot = self.store.snapshot().await?;
        let files = self.seal.files().clone();
        let copies = blocking(move || Ok(files.copies()?)).await?;
        match copies.revision == self.keys()?.revision() {
            true => Ok((snapshot, copies)),
            // Another process wrote it.
            false => Err(symbolon_keyring::Error::ChangedOnDisk.into()),
        }
    }

    /// Writes the snapshot's rows and leaves.
    async fn copy_store(
        &self,
        snapshot: &Snapshot,
        output: &Output,
    ) -> Result<BackupSummary, Error> {
        let mut writer = output.store(snapshot.head().clone()).await?;
        let mut next = Some(KeyRange::all());
        while let Some(range) = next {
            let rows = snapshot.rows(range.clone(), PAGE).await?;
            let full = rows.last().filter(|_| rows.len() == PAGE);
            next = full.map(|last| range.after(last.key.clone()));
            self.wrote(rows.len());
            writer = output.write(writer, move |out| out.rows(&rows)).await?;
        }
        let size = snapshot.head().audit_size();
        let mut at = 0;
        while at < size {
            let leaves = snapshot.audit_leaves(at, PAGE).await?;
            at += leaves.len() as u64;
            self.wrote(leaves.len());
            writer = output.write(writer, move |out| out.leaves(&leaves)).await?;
        }
        output.settle(writer).await
    }

    fn wrote(&self, count: usize) {
        let written = &self.backups.written;
        written.fetch_add(count as u64, Ordering::Relaxed);
    }

    async fn find_plan(&self) -> Result<Option<(Plan, Value)>, Error> {
        read(self.store.as_ref(), Table::Meta, Plan::key()).await
    }
}

fn note(
    snapshot: &Snapshot,
    copies: &RingCopies,
    summary: &BackupSummary,
    taken: u64,
) -> BackupNote {
    let head = snapshot.head();
    BackupNote {
        installation: InstallationId::new(*head.installation().as_bytes()),
        taken,
        generation: head.generation(),
        audit_size: head.audit_size(),
        audit_root: *head.audit_frontier().root().as_bytes(),
        store: summary.sha256,
        ring_revision: copies.revision,
        ring: symbolon_crypto::digest::sha256(copies.ring.expose()),
        ring_secret: *copies.secret_id.as_bytes(),
    }
}
