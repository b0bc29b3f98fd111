//! A source whose files are kept in a folder as they are read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use symbolon_ledger::{Unread, layout};

use super::{Folder, Source, unreadable};
use crate::Error;

/// A source and its mirror. Files that never change are read from the mirror once they are
/// there; the others, the checkpoint above all, replace the mirror's only after everything was
/// found consistent. Any static web server can serve the mirror on.
pub struct Mirrored {
    remote: Box<dyn Source>,
    kept: Folder,
    root: PathBuf,
    /// Whether the mirror's files are left aside and everything comes from the source.
    fresh: bool,
    /// Files that may change, as read; written by [`Source::settle`].
    pending: BTreeMap<String, Vec<u8>>,
}

impl Mirrored {
    /// Keeps what `remote` gives in a folder, which is made if it isn't there.
    pub fn new(remote: Box<dyn Source>, root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(|error| Error::Folder(root.to_owned(), error))?;
        let kept = Folder::open(root)?;
        let pending = BTreeMap::new();
        Ok(Self {
            remote,
            kept,
            root: root.to_owned(),
            fresh: false,
            pending,
        })
    }

    fn keep(&self, path: &str, bytes: &[u8]) -> Result<(), Unread> {
        write(&self.root.join(path), bytes)
            .map_err(|error| unreadable(path, format!("can't be kept in the mirror: {error}")))
    }
}

impl Source for Mirrored {
    fn read(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, Unread> {
        if !never_changes(path) {
            let bytes = self.remote.read(path, limit)?;
            self.pending.insert(path.to_owned(), bytes.clone());
            return Ok(bytes);
        }
        let kept = self.kept.read(path, limit);
        if let (Ok(bytes), false) = (&kept, self.fresh) {
            return Ok(bytes.clone());
        }
        let bytes = self.remote.read(path, limit)?;
        if kept.is_err() {
            self.keep(path, &bytes)?;
        } else {
            self.pending.insert(path.to_owned(), bytes.clone());
        }
        Ok(bytes)
    }

    fn list(&mut self, folder: &str) -> Result<Option<Vec<String>>, Unread> {
        self.remote.list(folder)
    }

    fn name(&self) -> String {
        self.remote.name()
    }

    fn kept_checkpoint(&mut self, limit: u64) -> Option<Vec<u8>> {
        self.kept.read(layout::CHECKPOINT, limit).ok()
    }

    fn bypass_mirror(&mut self) -> bool {
        !std::mem::replace(&mut self.fresh, true)
    }

    fn settle(&mut self) -> Result<(), Unread> {
        self.fresh = false;
        let mut pending = std::mem::take(&mut self.pending);
        // The checkpoint comes last: whatever it covers is there by then.
        let checkpoint = pending.remove_entry(layout::CHECKPOINT);
        for (path, bytes) in pending.into_iter().chain(checkpoint) {
            self.keep(&path, &bytes)?;
        }
        Ok(())
    }
}

/// Whether a file is final once it is there: full tiles, and what is named by its hash.
fn never_changes(path: &str) -> bool {
    let folder = path.split('/').next().unwrap_or_default();
    let tiles = folder == layout::TILE || folder == layout::ROLL;
    folder == layout::CONTENT || (tiles && !path.contains(".p/"))
}

/// Writes a file whole or not at all.
fn write(target: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let partial = target.with_file_name(name);
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrored() -> (tempfile::TempDir, tempfile::TempDir, Mirrored) {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(&from.path().join("checkpoint"), b"one").unwrap();
        write(&from.path().join("tile/0/000"), b"tile").unwrap();
        let remote = Box::new(Folder::open(from.path()).unwrap());
        let mirrored = Mirrored::new(remote, to.path()).unwrap();
        (from, to, mirrored)
    }

    #[test]
    fn the_checkpoint_is_kept_only_when_all_is_consistent() {
        let (_from, to, mut source) = mirrored();
        assert_eq!(source.read("checkpoint", 10).unwrap(), b"one");
        assert!(!to.path().join("checkpoint").exists());
        source.settle().unwrap();
        assert_eq!(fs::read(to.path().join("checkpoint")).unwrap(), b"one");
    }

    #[test]
    fn a_full_tile_is_read_once() {
        let (from, _to, mut source) = mirrored();
        assert_eq!(source.read("tile/0/000", 10).unwrap(), b"tile");
        write(&from.path().join("tile/0/000"), b"lies").unwrap();
        assert_eq!(source.read("tile/0/000", 10).unwrap(), b"tile");
        assert!(source.bypass_mirror());
        assert_eq!(source.read("tile/0/000", 10).unwrap(), b"lies");
    }
}
