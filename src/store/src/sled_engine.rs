//! The embedded engine: one tree of sled.
//!
//! sled's own `flush` hands its writes to the kernel (`sync_file_range`), which is no promise
//! across a power failure. [`SledEngine::sync`] therefore syncs the database file itself.

use std::fs::File;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::directory::{Directory, file_error, sync_directory};
use crate::engine::{Batch, Engine, RawKey, RawRow};
use crate::overlay::is_empty;

/// sled keeps items longer than a quarter of a segment in files of their own, which nothing syncs:
/// a leaf of its tree, 16 rows and a few to merge, has to stay below that.
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;

/// sled writes a few segments when it opens.
const ROOM_TO_OPEN: u64 = 8 * SEGMENT_BYTES as u64;

/// A row written anew takes its leaf's other rows with it.
const WRITE_AMPLIFICATION: u64 = 16;

/// A database of sled, and the file that it lies in.
pub(crate) struct SledEngine {
    db: sled::Db,
    file: File,
    path: PathBuf,
    reserve: u64,
    /// Given free last.
    _directory: Directory,
}

impl SledEngine {
    /// Opens the database of `directory`; `reserve` bytes of its disk are never filled.
    pub(crate) fn open(directory: Directory, cache: u64, reserve: u64) -> Result<Self, StoreError> {
        let path = directory.database();
        check_room(directory_of(&path), ROOM_TO_OPEN)?;
        sync_existing(&path.join("db"))?;
        let db = open_database(&path, cache)?;
        let file = sync_new(&path).map_err(|error| file_error("can't sync", &path, &error))?;
        Ok(Self {
            db,
            file,
            path,
            reserve,
            _directory: directory,
        })
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .db
            .get(key)
            .map_err(translate)?
            .map(|value| value.to_vec()))
    }

    fn range(
        &self,
        bounds: (Bound<RawKey>, Bound<RawKey>),
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        if is_empty(&bounds) {
            return Ok(Vec::new());
        }
        let rows = self.db.range(bounds).take(limit);
        rows.map(|row| {
            row.map(|(key, value)| (key.to_vec(), value.to_vec()))
                .map_err(translate)
        })
        .collect()
    }

    fn room(&self, bytes: u64) -> Result<(), StoreError> {
        check_room(
            &self.path,
            self.reserve
                .saturating_add(bytes.saturating_mul(WRITE_AMPLIFICATION)),
        )
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut writes = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => writes.insert(key, value),
                None => writes.remove(key),
            }
        }
        self.db.apply_batch(writes).map_err(translate)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(translate)?;
        self.file
            .sync_data()
            .map_err(|error| file_error("can't sync", &self.path, &error))
    }

    fn close(self: Box<Self>) -> Result<(), StoreError> {
        self.sync()?;
        let Self { db, file, path, .. } = *self;
        drop(db);
        file.sync_data()
            .map_err(|error| file_error("can't sync", &path, &error))
    }

    fn abandon(self: Box<Self>) {
        // sled writes and syncs again when it is dropped.
        std::mem::forget(self);
    }
}

fn open_database(path: &Path, cache: u64) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(cache)
        .mode(sled::Mode::HighThroughput)
        .segment_size(SEGMENT_BYTES)
        .flush_every_ms(None);
    // sled panics on some damages, as an unsynced tail leaves them.
    let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
    opened
        .map_err(|_| StoreError::Corrupt("its database could not be recovered".into()))?
        .map_err(|error| match error {
            sled::Error::Io(error) => open_error(path, &error),
            other => translate(other),
        })
}

fn open_error(path: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => full(path, 0, ROOM_TO_OPEN),
        _ => file_error("can't open the database", path, error),
    }
}

fn translate(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Corruption { .. } => {
            StoreError::Corrupt("its database fails its own checks".into())
        }
        sled::Error::Io(error) => StoreError::Unavailable(error.to_string()),
        // Their texts may quote what is stored.
        sled::Error::ReportableBug(_) => {
            StoreError::Corrupt("its database contradicts itself".into())
        }
        sled::Error::CollectionNotFound(_) => StoreError::Corrupt("its tree is missing".into()),
        sled::Error::Unsupported(reason) => StoreError::Unavailable(reason),
    }
}

/// Puts on disk what an earlier process left to the kernel, before sled builds on it.
fn sync_existing(file: &Path) -> Result<(), StoreError> {
    match File::open(file) {
        Ok(open) => open
            .sync_all()
            .map_err(|error| file_error("can't sync", file, &error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(file_error("can't open", file, &error)),
    }
}

/// Puts on disk what sled's opening made and recovered, names of files included.
fn sync_new(path: &Path) -> std::io::Result<File> {
    let file = File::open(path.join("db"))?;
    file.sync_all()?;
    File::open(path.join("conf"))?.sync_all()?;
    sync_directory(path)?;
    sync_directory(directory_of(path))?;
    Ok(file)
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn check_room(path: &Path, needed: u64) -> Result<(), StoreError> {
    let disk = rustix::fs::statvfs(path)
        .map_err(|error| file_error("can't look at", path, &error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < needed {
        return Err(full(path, free, needed));
    }
    Ok(())
}

fn full(path: &Path, free: u64, needed: u64) -> StoreError {
    StoreError::Full {
        path: path.to_owned(),
        free,
        needed,
    }
}
