//! The file outside of the store that shows when the store was rolled back.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use symbolon_tlog::Hash;

use crate::directory::sync_directory;
use crate::{Head, InstallationId, StoreError};

/// The file's content, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: String,
    installation: String,
    generation: u64,
    audit_size: u64,
    audit_root: String,
}

/// How far a store had come when its checkpoint file was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose store.
    pub installation: InstallationId,
    /// How many changes had been made.
    pub generation: u64,
    /// How many leaves the audit log had.
    pub audit_size: u64,
    /// The audit tree's root then.
    pub audit_root: Hash,
}

impl Checkpoint {
    /// What a checkpoint file says; none where there is no such file.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let file = CheckpointFile {
            path: path.to_owned(),
        };
        match file.read() {
            Err(StoreError::CheckpointMissing(_)) => Ok(None),
            read => read.map(Some),
        }
    }
}

/// A file that holds how far a store has come, replaced as a whole each time.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointFile {
    path: PathBuf,
}

impl CheckpointFile {
    /// The file at `path`, which lies outside of the store's `directory`.
    pub(crate) fn new(path: &Path, directory: &Path) -> Result<Self, StoreError> {
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let name = path
            .file_name()
            .ok_or_else(|| unreadable(path, "it has no file name"))?;
        let parent = parent
            .canonicalize()
            .map_err(|error| unreadable(path, error))?;
        let directory = directory
            .canonicalize()
            .map_err(|error| unreadable(directory, error))?;
        let place = parent.join(name);
        let target = place.canonicalize().unwrap_or_else(|_| place.clone());
        if place.starts_with(&directory) || target.starts_with(&directory) {
            return Err(StoreError::CheckpointInside(path.to_owned()));
        }
        Ok(Self { path: target })
    }

    /// Refuses a file that is there already.
    pub(crate) fn check_absent(&self) -> Result<(), StoreError> {
        match self.path.symlink_metadata() {
            Ok(_) => Err(StoreError::CheckpointExists(self.path.clone())),
            Err(_) => Ok(()),
        }
    }

    /// Replaces the file and returns once it is on disk.
    pub(crate) fn write(&self, head: &Head) -> Result<(), StoreError> {
        let content = Content {
            version: "symbolon/v1".into(),
            installation: head.installation().to_string(),
            generation: head.generation(),
            audit_size: head.audit_size(),
            audit_root: head.audit_frontier().root().to_string(),
        };
        let mut text =
            serde_json::to_vec_pretty(&content).map_err(|e| unreadable(&self.path, e))?;
        text.push(b'\n');
        self.replace(&text)
            .map_err(|error| unreadable(&self.path, error))
    }

    /// What the file says.
    pub(crate) fn read(&self) -> Result<Checkpoint, StoreError> {
        let text = fs::read(&self.path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::CheckpointMissing(self.path.clone()),
            _ => unreadable(&self.path, error),
        })?;
        let content: Content =
            serde_json::from_slice(&text).map_err(|error| unreadable(&self.path, error))?;
        if content.version != "symbolon/v1" {
            return Err(unreadable(&self.path, "its version is not symbolon/v1"));
        }
        let installation = content.installation.parse();
        let audit_root = content.audit_root.parse();
        Ok(Checkpoint {
            installation: installation.map_err(|error| unreadable(&self.path, error))?,
            generation: content.generation,
            audit_size: content.audit_size,
            audit_root: audit_root.map_err(|error| unreadable(&self.path, error))?,
        })
    }

    /// Refuses a store that isn't the one that the file saw, or is older.
    pub(crate) fn check(
        &self,
        head: &Head,
        root_at: impl FnOnce(u64) -> Result<Hash, StoreError>,
    ) -> Result<(), StoreError> {
        let seen = self.read()?;
        if seen.installation != head.installation() {
            return Err(StoreError::CheckpointForeign(self.path.clone()));
        }
        if head.generation() < seen.generation || head.audit_size() < seen.audit_size {
            return Err(StoreError::RolledBack {
                generation: head.generation(),
                audit_size: head.audit_size(),
                checkpoint_generation: seen.generation,
                checkpoint_audit_size: seen.audit_size,
            });
        }
        if root_at(seen.audit_size)? != seen.audit_root {
            return Err(StoreError::Diverged {
                audit_size: seen.audit_size,
            });
        }
        Ok(())
    }

    fn replace(&self, text: &[u8]) -> std::io::Result<()> {
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        let mut file = fs::File::create(&new)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        sync_directory(self.path.parent().unwrap_or(Path::new("/")))
    }
}

fn unreadable(path: &Path, reason: impl ToString) -> StoreError {
    StoreError::CheckpointUnreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
