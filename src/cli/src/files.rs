//! Reading with a limit, writing in one step, and files that nobody else may read.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::error::Error;

/// Nothing that is read whole is larger.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone.
    Private,
    /// Everybody.
    Public,
}

/// Reads a whole file of sensible size.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(|e| Error::unreadable_file(path, e))?;
    let size = file.metadata().map_or(0, |m| m.len());
    if size > LARGEST {
        return Err(Error::unreadable_file(path, "larger than 64 MiB"));
    }
    // Room for the whole file: a growing buffer would leave copies behind.
    let room = usize::try_from(size).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::unreadable_file(path, e))?;
    Ok(bytes)
}

/// Reads a whole text file.
pub fn read_text(path: &Path) -> Result<Zeroizing<String>, Error> {
    let bytes = read(path)?;
    std::str::from_utf8(&bytes)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| Error::unreadable_file(path, "not UTF-8"))
}

/// Reads a JSON file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    serde_json::from_slice(&read(path)?).map_err(|e| Error::unreadable_file(path, e))
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, bytes: &[u8], access: Access) -> Result<(), Error> {
    write_steps(path, bytes, access).map_err(|e| Error::unwritable(path, e))
}

fn write_steps(path: &Path, bytes: &[u8], access: Access) -> std::io::Result<()> {
    let parent = folder_of(path);
    fs::create_dir_all(&parent)?;
    let beside = beside(path);
    // A rest of a killed run may stand in the way.
    match fs::remove_file(&beside) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = create(&beside, access)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(parent)?.sync_all()
}

/// Writes a file that must not exist yet.
pub fn write_new(path: &Path, bytes: &[u8], access: Access) -> Result<(), Error> {
    refuse_existing(path)?;
    write(path, bytes, access)
}

/// Refuses to overwrite a file that is there.
pub fn refuse_existing(path: &Path) -> Result<(), Error> {
    if path.exists() {
        return Err(Error::usage(
            format!("{} exists already", path.display()),
            "Choose another name, or move the old file away.",
        ));
    }
    Ok(())
}

/// Writes a value as indented JSON.
pub fn write_json<T: Serialize>(path: &Path, value: &T, access: Access) -> Result<(), Error> {
    let mut text =
        serde_json::to_string_pretty(value).map_err(|e| Error::unreadable_file(path, e))?;
    text.push('\n');
    write(path, text.as_bytes(), access)
}

fn create(path: &Path, access: Access) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(match access {
            Access::Private => 0o600,
            Access::Public => 0o644,
        });
    }
    options.open(path)
}

/// Opens a file for appending, made for its owner alone where it is new.
pub fn append_private(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map_err(|e| Error::unwritable(path, e))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/key");
        write(&path, b"x", Access::Private).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_existing_file_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_new(&path, b"x", Access::Private).unwrap();
        assert!(write_new(&path, b"y", Access::Private).is_err());
        assert_eq!(&*read(&path).unwrap(), b"x");
    }
}
