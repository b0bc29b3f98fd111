//! Files written aside, synced, and then given their names: all that a crash can
//! leave is a file that nobody looks for.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::LogError;
use crate::disk::{Disk, PRIVATE, STAGING};

/// A disk and what this process knows of it.
#[derive(Debug)]
pub(crate) struct Store<D> {
    pub(crate) disk: D,
    next: AtomicU64,
    /// Folders whose own names are durable.
    folders: Mutex<HashSet<String>>,
}

impl<D: Disk> Store<D> {
    /// Clears what an earlier process left half-written.
    pub(crate) fn open(disk: D) -> Result<Self, LogError> {
        let prepare = || {
            disk.create_dir(PRIVATE)?;
            disk.create_dir(STAGING)?;
            let left = disk.list(STAGING)?;
            left.iter()
                .try_for_each(|name| disk.remove(&format!("{STAGING}/{name}")))
        };
        prepare().map_err(|source| LogError::io(STAGING, source))?;
        Ok(Self {
            disk,
            next: AtomicU64::new(0),
            folders: Mutex::default(),
        })
    }

    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, LogError> {
        self.disk
            .read(path)
            .map_err(|source| LogError::io(path, source))
    }

    pub(crate) fn list(&self, dir: &str) -> Result<Vec<String>, LogError> {
        self.disk
            .list(dir)
            .map_err(|source| LogError::io(dir, source))
    }

    pub(crate) fn stage(&self) -> Staging<'_, D> {
        Staging {
            store: self,
            phases: vec![Vec::new()],
            published: false,
        }
    }

    /// Makes the folders above a file; returns those that hold a new name.
    fn make_folders(&self, path: &str, touched: &mut BTreeSet<String>) -> io::Result<()> {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        for (end, _) in path.match_indices('/') {
            let folder = &path[..end];
            if !folders.contains(folder) {
                self.disk.create_dir(folder)?;
                touched.insert(parent(folder).to_owned());
            }
        }
        touched.insert(parent(path).to_owned());
        Ok(())
    }

    fn sync_folders(&self, touched: &BTreeSet<String>) -> io::Result<()> {
        touched
            .iter()
            .try_for_each(|folder| self.disk.sync_dir(folder))
    }

    fn remember_folders(&self, path: &str) {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.extend(
            path.match_indices('/')
                .map(|(end, _)| path[..end].to_owned()),
        );
    }

    /// Removes files for good.
    pub(crate) fn remove(&self, paths: &[String]) -> Result<(), LogError> {
        let folders: BTreeSet<_> = paths.iter().map(|path| parent(path).to_owned()).collect();
        let removed = paths.iter().try_for_each(|path| self.disk.remove(path));
        removed
            .and_then(|()| self.sync_folders(&folders))
            .map_err(|source| LogError::io("removing", source))
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Files on their way to their names, in phases: what is in one phase is durable
/// under its name before the next phase begins.
pub(crate) struct Staging<'a, D: Disk> {
    store: &'a Store<D>,
    phases: Vec<Vec<(String, String)>>,
    published: bool,
}

impl<D: Disk> Staging<'_, D> {
    /// Writes a file aside. Nothing is visible yet.
    pub(crate) fn put(&mut self, path: String, bytes: &[u8]) -> Result<(), LogError> {
        let number = self.store.next.fetch_add(1, Ordering::Relaxed);
        let aside = format!("{STAGING}/{number}");
        let written = self
            .store
            .disk
            .write(&aside, bytes)
            .map_err(|source| LogError::io(&path, source));
        self.phases
            .last_mut()
            .expect("there is always a phase")
            .push((aside, path));
        written
    }

    /// What is put from here on gets its name after all before is durable.
    pub(crate) fn then(&mut self) {
        self.phases.push(Vec::new());
    }

    /// Syncs all files and gives them their names. An error leaves the outcome open.
    pub(crate) fn publish(mut self) -> Result<(), LogError> {
        self.published = true;
        let unknown = |error: io::Error| LogError::Indeterminate(error.to_string());
        let files: Vec<_> = self
            .phases
            .iter()
            .flatten()
            .map(|(aside, _)| aside.as_str())
            .collect();
        self.store.disk.sync(&files).map_err(unknown)?;
        self.phases
            .iter()
            .try_for_each(|phase| self.name(phase))
            .map_err(unknown)
    }

    fn name(&self, phase: &[(String, String)]) -> io::Result<()> {
        let mut touched = BTreeSet::new();
        for (aside, path) in phase {
            self.store.make_folders(path, &mut touched)?;
            self.store.disk.rename(aside, path)?;
        }
        self.store.sync_folders(&touched)?;
        phase
            .iter()
            .for_each(|(_, path)| self.store.remember_folders(path));
        Ok(())
    }
}

impl<D: Disk> Drop for Staging<'_, D> {
    fn drop(&mut self) {
        if !self.published {
            for (aside, _) in self.phases.iter().flatten() {
                // What stays is removed when the log is opened next.
                let _ = self.store.disk.remove(aside);
            }
        }
    }
}
