//! A backup's files: each appears whole, under its name.

use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use symbolon_crypto::keyfile;
use symbolon_election::{BackupNote, words::utc};
use symbolon_keyring::RingCopies;
use symbolon_store::{BackupSummary, BackupWriter, Head};
use symbolon_tlog::{LogKey, Note};
use tempfile::NamedTempFile;

use crate::{Error, config::BackupConfig, sweep::blocking};

/// How the name of a store's backup ends.
const STORE: &str = "store";
/// How the name of a note ends, which lies beside the store's backup.
pub(crate) const NOTE: &str = "note";
/// How the name of a key ring's copy ends.
const RING: &str = "ring";
/// How the name of a ring secret's copy ends.
const RING_SECRET: &str = "ring-secret";

/// The store's backup on its way.
pub(super) type Writer = BackupWriter<BufWriter<NamedTempFile>>;

/// Where one backup goes.
#[derive(Clone)]
pub(super) struct Output {
    folders: BackupConfig,
    name: String,
}

impl Output {
    pub(super) fn new(folders: BackupConfig, name: String) -> Self {
        Self { folders, name }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Begins the store's backup, under a name of its own until it is whole.
    pub(super) async fn store(&self, head: Head) -> Result<Writer, Error> {
        let folders = self.folders.clone();
        let path = self.path(&self.folders.store, STORE);
        blocking(move || {
            let begun = || {
                for folder in [&folders.store, &folders.ring, &folders.ring_secret] {
                    fs::create_dir_all(folder)?;
                }
                let file = NamedTempFile::new_in(&folders.store)?;
                BackupWriter::new(BufWriter::new(file), &head)
            };
            begun().map_err(|source| Error::Backup { path, source })
        })
        .await
    }

    /// Writes more of it, off the connection's worker.
    pub(super) async fn write(
        &self,
        mut writer: Writer,
        write: impl FnOnce(&mut Writer) -> io::Result<()> + Send + 'static,
    ) -> Result<Writer, Error> {
        let path = self.path(&self.folders.store, STORE);
        blocking(move || match write(&mut writer) {
            Ok(()) => Ok(writer),
            Err(source) => Err(Error::Backup { path, source }),
        })
        .await
    }

    /// Syncs the store's backup and gives it its name.
    pub(super) async fn settle(&self, writer: Writer) -> Result<BackupSummary, Error> {
        let path = self.path(&self.folders.store, STORE);
        blocking(move || {
            let settled = || {
                let (out, summary) = writer.finish()?;
                let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist_noclobber(&path)?;
                sync_folder(&path)?;
                Ok(summary)
            };
            settled().map_err(|source| Error::Backup {
                path: path.clone(),
                source,
            })
        })
        .await
    }

    /// Writes ring and ring secret, and last the note; where that fails nothing of the backup stays.
    pub(super) fn finish(
        &self,
        copies: &RingCopies,
        note: &BackupNote,
        key: &LogKey,
    ) -> Result<(), Error> {
        self.write_rest(copies, note, key).inspect_err(|_| {
            let BackupConfig {
                store,
                ring,
                ring_secret,
            } = &self.folders;
            let names = [
                (store, NOTE),
                (ring_secret, RING_SECRET),
                (ring, RING),
                (store, STORE),
            ];
            for (folder, ending) in names {
                // It may not be there, and the error that led here is the one to tell.
                let _ = fs::remove_file(self.path(folder, ending));
            }
        })
    }

    fn write_rest(
        &self,
        copies: &RingCopies,
        note: &BackupNote,
        key: &LogKey,
    ) -> Result<(), Error> {
        let BackupConfig {
            store,
            ring,
            ring_secret,
        } = &self.folders;
        let new = |path: PathBuf, bytes: &[u8]| {
            keyfile::write_new(&path, bytes).map_err(symbolon_keyring::Error::from)
        };
        new(self.path(ring, RING), copies.ring.expose())?;
        let secret = self.path(ring_secret, RING_SECRET);
        new(secret, copies.secret.expose())?;
        let text = note.to_text();
        let mut signed = Note::new(text.clone()).map_err(|_| Error::Row("backup"))?;
        let signature = key.sign(&text);
        signed.add(signature).map_err(|_| Error::Row("backup"))?;
        new(self.path(store, NOTE), signed.to_text().as_bytes())?;
        Ok(())
    }

    fn path(&self, folder: &Path, ending: &str) -> PathBuf {
        folder.join(format!("{}.{ending}", self.name))
    }
}

/// A time as the name of a backup: `20270115-080000`.
pub(crate) fn stamp(now: u64) -> String {
    let digits: String = utc(now).chars().filter(char::is_ascii_digit).collect();
    match digits.split_at_checked(8) {
        Some((day, time)) if digits.len() == 14 => format!("{day}-{time}"),
        _ => digits,
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
