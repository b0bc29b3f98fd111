//! Published files: contents, ledger keys and issued lists, named by their SHA-256.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use symbolon_election::{ContentHash, content::content_hash};
use symbolon_service::reasons::Reason;
use tempfile::NamedTempFile;

use crate::{Error, sweep::blocking};

/// Where a file stands.
pub(crate) fn path(folder: &Path, name: &ContentHash) -> PathBuf {
    folder.join(name.to_string())
}

/// Writes a file, synced and renamed into its place. The same bytes again change nothing.
pub(crate) async fn put(folder: &Path, bytes: Vec<u8>) -> Result<(), Error> {
    let folder = folder.to_owned();
    blocking(move || {
        let path = path(&folder, &content_hash(&bytes));
        let written = || -> io::Result<()> {
            let mut file = NamedTempFile::new_in(&folder)?;
            file.write_all(&bytes)?;
            settle(file, &path)
        };
        written().map_err(|source| Error::Published {
            path: path.clone(),
            source,
        })
    })
    .await
}

/// Gives a file that was written its name.
pub(crate) fn settle(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens a file to be read.
pub(crate) fn open(folder: &Path, name: &ContentHash) -> Result<File, Error> {
    let path = path(folder, name);
    match File::open(&path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Reason::NotFound.into()),
        Err(source) => Err(Error::Published { path, source }),
    }
}

/// Reads a small file whole.
pub(crate) async fn read(folder: &Path, name: &ContentHash) -> Result<Vec<u8>, Error> {
    let path = path(folder, name);
    blocking(move || fs::read(&path).map_err(|source| Error::Published { path, source })).await
}
