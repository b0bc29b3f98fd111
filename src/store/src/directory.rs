//! The store's directory: what marks it as ours, and the lock on it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::head::{FORMAT_VERSION, check_version};
use crate::{InstallationId, StoreError};

const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";
const FORMAT_NAME: &str = "symbolon-store";

/// The content of the file `format`, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Format {
    format: String,
    version: u32,
    installation: String,
}

/// What any version's `format` says.
#[derive(Deserialize)]
struct AnyFormat {
    format: String,
    version: u32,
}

/// A store's directory, locked against other processes as long as this lives.
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory, or takes an empty one.
    pub(crate) fn create(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(|error| file_error("can't make", path, &error))?;
        let mut found =
            fs::read_dir(path).map_err(|error| file_error("can't read", path, &error))?;
        if found.next().is_some() {
            return Err(StoreError::Exists(path.to_owned()));
        }
        if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
            sync_directory(parent).map_err(|error| file_error("can't sync", parent, &error))?;
        }
        Self::lock(path)
    }

    /// Takes the directory of a finished store that this version can read.
    pub(crate) fn open(path: &Path) -> Result<(Self, InstallationId), StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let installation = read_format(path)?;
        Ok((Self::lock(path)?, installation))
    }

    /// Where the database lies.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("sled")
    }

    fn lock(path: &Path) -> Result<Self, StoreError> {
        let name = path.join(LOCK_FILE);
        let error = |error: io::Error| file_error("can't lock", &name, &error);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&name);
        let lock = lock.map_err(error)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(reason)) => Err(error(reason)),
        }
    }
}

/// Marks the store in `directory` as finished: from here on it can be opened.
pub(crate) fn finish(directory: &Path, installation: InstallationId) -> Result<(), StoreError> {
    let format = Format {
        format: FORMAT_NAME.into(),
        version: FORMAT_VERSION,
        installation: installation.to_string(),
    };
    let path = directory.join(FORMAT_FILE);
    write_format(&path, &format)
        .and_then(|()| sync_directory(directory))
        .map_err(|error| file_error("can't write", &path, &error))
}

fn write_format(path: &Path, format: &Format) -> io::Result<()> {
    let mut text = serde_json::to_vec(format)?;
    text.push(b'\n');
    let mut file = File::create_new(path)?;
    file.write_all(&text)?;
    file.sync_all()
}

fn read_format(directory: &Path) -> Result<InstallationId, StoreError> {
    let not_ours = |reason: &str| StoreError::NotAStore {
        path: directory.to_owned(),
        reason: reason.to_owned(),
    };
    let text = fs::read(directory.join(FORMAT_FILE))
        .map_err(|_| not_ours("it holds no readable file `format`: it was never finished, or something else lies there"))?;
    let any: AnyFormat = serde_json::from_slice(&text)
        .map_err(|_| not_ours("its file `format` is not one of a store"))?;
    if any.format != FORMAT_NAME {
        return Err(not_ours("its file `format` names something else"));
    }
    check_version(any.version)?;
    let format: Format =
        serde_json::from_slice(&text).map_err(|_| not_ours("its file `format` is damaged"))?;
    format
        .installation
        .parse()
        .map_err(|_| not_ours("its file `format` is damaged"))
}

/// Returns once a directory's entries are on disk.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The error of a file that can't be handled.
pub(crate) fn file_error(what: &'static str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::File {
        what,
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
