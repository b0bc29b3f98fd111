//! The steps that a disk is asked for, and the folder that does them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};

use crate::LogError;

/// The owner's own folder within the log's.
pub(crate) const PRIVATE: &str = ".log";
/// Where files are written before they get their names.
pub(crate) const STAGING: &str = ".log/staging";
const LOCK: &str = ".log/lock";
/// From so many files on, they are synced by several threads.
const MANY: usize = 64;
const THREADS: usize = 8;

/// What the log asks of a disk. Paths are relative to the log's root.
///
/// Nothing is durable before it is synced: a file's bytes by [`Disk::sync`], its
/// name by [`Disk::sync_dir`] of the folder that holds it.
pub trait Disk: Send + Sync + 'static {
    /// A file's bytes; none if it doesn't exist.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;
    /// The names in a folder; none if it doesn't exist.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;
    /// Makes a folder whose parent exists; nothing happens if it exists.
    fn create_dir(&self, dir: &str) -> io::Result<()>;
    /// Creates or replaces a file.
    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()>;
    /// Makes files' bytes durable.
    fn sync(&self, paths: &[&str]) -> io::Result<()>;
    /// Gives a file another name, in place of what bore it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &str) -> io::Result<()>;
}

impl<D: Disk> Disk for Arc<D> {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        (**self).read(path)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        (**self).list(dir)
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        (**self).create_dir(dir)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        (**self).write(path, bytes)
    }

    fn sync(&self, paths: &[&str]) -> io::Result<()> {
        (**self).sync(paths)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        (**self).rename(from, to)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        (**self).sync_dir(dir)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        (**self).remove(path)
    }
}

/// A folder of the file system.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Held open as long as this process owns the log.
    _lock: Option<File>,
}

impl Folder {
    /// To read and nothing else.
    pub fn read_only(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            _lock: None,
        }
    }

    /// To own the log: makes the folder if need be, and refuses if another process
    /// owns it.
    pub fn own(root: impl Into<PathBuf>) -> Result<Self, LogError> {
        let root = root.into();
        let failed = |source| LogError::io(&root.display().to_string(), source);
        make_durably(&root).map_err(failed)?;
        fs::create_dir_all(root.join(PRIVATE)).map_err(failed)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join(LOCK))
            .map_err(failed)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                root,
                _lock: Some(lock),
            }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LogError::Locked(root.display().to_string())),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// The log's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn sync_one(&self, path: &str) -> io::Result<()> {
        File::open(self.root.join(path))?.sync_all()
    }
}

impl Disk for Folder {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(dir)) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        match fs::create_dir(self.root.join(dir)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        File::create(self.root.join(path))?.write_all(bytes)
    }

    fn sync(&self, paths: &[&str]) -> io::Result<()> {
        if paths.len() < MANY {
            return paths.iter().try_for_each(|path| self.sync_one(path));
        }
        // The file system groups what is synced at the same time.
        std::thread::scope(|scope| {
            let share = |paths: &[&str]| paths.iter().try_for_each(|path| self.sync_one(path));
            let shares = paths.chunks(paths.len().div_ceil(THREADS));
            let threads: Vec<_> = shares
                .map(|paths| scope.spawn(move || share(paths)))
                .collect();
            let panicked = || io::Error::other("a syncing thread panicked");
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(|_| panicked())?)
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.root.join(from), self.root.join(to))
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.sync_one(dir)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.root.join(path))
    }
}

/// Makes the log's root so that its own name survives a loss of power.
fn make_durably(root: &Path) -> io::Result<()> {
    let named = |path: &&Path| !path.as_os_str().is_empty();
    let missing = root
        .ancestors()
        .filter(named)
        .take_while(|path| !path.exists())
        .count();
    fs::create_dir_all(root)?;
    for path in root.ancestors().filter(named).take(missing.max(1)) {
        let parent = path.parent().filter(named).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_until_the_first_has_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::own(dir.path()).unwrap();
        assert!(matches!(Folder::own(dir.path()), Err(LogError::Locked(_))));
        drop(first);
        assert!(Folder::own(dir.path()).is_ok());
    }

    #[test]
    fn a_root_several_folders_deep_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b/c");
        let folder = Folder::own(&root).unwrap();
        assert_eq!(folder.root(), root);
        assert_eq!(folder.list("").unwrap(), [PRIVATE]);
    }

    #[test]
    fn many_files_are_synced_by_several_threads_and_a_missing_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::own(dir.path()).unwrap();
        let mut names: Vec<_> = (0..200).map(|n| format!("{n}")).collect();
        names
            .iter()
            .for_each(|name| folder.write(name, b"x").unwrap());
        let paths =
            |names: &[String]| folder.sync(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(paths(&names).is_ok());
        names[150] = "missing".to_owned();
        assert!(paths(&names).is_err());
    }
}
