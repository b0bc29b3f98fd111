//! Files that hold secrets: raw bytes of an exact length that only their owner may read.
//!
//! An error names the file and what is wrong with it, never what is in it.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{Error, FileProblem, Secret, SecretBytes, SecretString};

/// The most bytes of a passphrase file.
pub const MAX_PASSPHRASE: u64 = 4096;
const OWNER_ONLY: u32 = 0o600;

/// Reads a secret of exactly `N` bytes.
pub fn read<const N: usize>(path: &Path) -> Result<Secret<N>, Error> {
    located(path, || {
        let (mut file, metadata) = open(path)?;
        let (expected, got) = (N as u64, metadata.len());
        if got != expected {
            return Err(FileProblem::Length { expected, got });
        }
        let secret = Secret::try_init_with(|place| file.read_exact(place))?;
        match file.read(&mut [0])? {
            0 => Ok(secret),
            more => Err(FileProblem::Length {
                expected,
                got: got + more as u64,
            }),
        }
    })
}

/// Reads a secret of at most `most` bytes: a private key in PEM, a key store.
pub fn read_bytes(path: &Path, most: u64) -> Result<SecretBytes, Error> {
    located(path, || {
        read_at_most(path, most).map(|mut bytes| SecretBytes::new(std::mem::take(&mut *bytes)))
    })
}

/// Reads a passphrase: UTF-8 text, without the line end that an editor puts behind it.
pub fn read_passphrase(path: &Path) -> Result<SecretString, Error> {
    located(path, || {
        let mut bytes = read_at_most(path, MAX_PASSPHRASE)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.is_empty() {
            return Err(FileProblem::Empty);
        }
        let text = str::from_utf8(&bytes).map_err(|_| FileProblem::NotText)?;
        Ok(SecretString::new(text.to_owned()))
    })
}

/// Writes a new file that only its owner may read and write, and syncs it and its folder. A file that is
/// there already is left alone, and refused.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    located(path, || {
        let file = create(path, OWNER_ONLY)?;
        fill(file, bytes).inspect_err(|_| drop(fs::remove_file(path)))?;
        sync_folder_of(path)
    })
}

/// Puts `bytes` in the place of the file's content, all or nothing: a synced file beside it is renamed over
/// it, and the folder synced. `mode` holds the permission bits.
pub fn replace_atomically(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    located(path, || {
        let beside = beside(path)?;
        remove_if_there(&beside)?;
        let file = create(&beside, mode)?;
        fill(file, bytes)
            .and_then(|()| fs::rename(&beside, path))
            .inspect_err(|_| drop(fs::remove_file(&beside)))?;
        sync_folder_of(path)
    })
}

/// Removes a file, if it is there, and syncs its folder.
pub fn remove(path: &Path) -> Result<(), Error> {
    located(path, || {
        remove_if_there(path)?;
        sync_folder_of(path)
    })
}

/// Renames a file over another (whose content is gone then) and syncs the folder of each.
pub fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    located(from, || {
        fs::rename(from, to)?;
        sync_folder_of(from)?;
        sync_folder_of(to)
    })
}

/// Where [`replace_atomically`] writes before it renames. What a crash left there is never read.
pub fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".new");
    Ok(path.with_file_name(hidden))
}

fn located<T>(path: &Path, work: impl FnOnce() -> Result<T, FileProblem>) -> Result<T, Error> {
    work().map_err(|problem| Error::file(path, problem))
}

/// Opens without waiting (a pipe could make us wait) and checks what was opened, not what the name says.
fn open(path: &Path) -> Result<(File, Metadata), FileProblem> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let metadata = file.metadata()?;
    let mode = metadata.mode() & 0o7777;
    let user = rustix::process::geteuid().as_raw();
    if !metadata.is_file() {
        return Err(FileProblem::NotAFile);
    }
    if mode & 0o077 != 0 {
        return Err(FileProblem::TooOpen { mode });
    }
    if metadata.uid() != user {
        return Err(FileProblem::ForeignOwner {
            owner: metadata.uid(),
            user,
        });
    }
    Ok((file, metadata))
}

fn read_at_most(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, FileProblem> {
    let (file, metadata) = open(path)?;
    if metadata.len() > most {
        return Err(FileProblem::TooLong { most });
    }
    let expected = metadata.len();
    // Room for all of it from the start, so that no half-filled buffer is left behind unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected as usize + 1));
    let got = file.take(expected + 1).read_to_end(&mut bytes)? as u64;
    match got == expected {
        true => Ok(bytes),
        false => Err(FileProblem::Length { expected, got }),
    }
}

fn create(path: &Path, mode: u32) -> Result<File, FileProblem> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    Ok(file)
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn sync_folder_of(path: &Path) -> Result<(), FileProblem> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests;
