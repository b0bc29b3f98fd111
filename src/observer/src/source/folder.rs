//! A public log in a folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use symbolon_ledger::Unread;

use super::{Source, missing, unreadable};
use crate::Error;

/// How deep folders of tiles lie at most.
const MAX_DEPTH: usize = 16;
/// How many files a listing holds at most.
const MAX_FILES: usize = 5_000_000;

/// A folder that holds the log's files.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Opens a folder; it must be there.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let found = fs::metadata(root).map_err(|error| Error::Folder(root.to_owned(), error))?;
        if !found.is_dir() {
            return Err(Error::Folder(
                root.to_owned(),
                io::ErrorKind::NotADirectory.into(),
            ));
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    fn walk(&self, folder: &str, depth: usize, files: &mut Vec<String>) -> io::Result<()> {
        let mut names: Vec<_> = fs::read_dir(self.root.join(folder))?.collect::<Result<_, _>>()?;
        names.sort_by_key(fs::DirEntry::file_name);
        for entry in names {
            // Files of the log have plain names; whatever else lies there isn't the log's.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = format!("{folder}/{name}");
            let kind = fs::metadata(entry.path())?;
            if kind.is_dir() && depth < MAX_DEPTH {
                self.walk(&path, depth + 1, files)?;
            } else if kind.is_file() && files.len() == MAX_FILES {
                return Err(io::Error::other("too many files"));
            } else if kind.is_file() {
                files.push(path);
            }
        }
        Ok(())
    }
}

impl Source for Folder {
    fn read(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, Unread> {
        let file = match File::open(self.root.join(path)) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Err(missing(path)),
            Err(error) => return Err(unreadable(path, error)),
        };
        read_limited(file, limit).map_err(|error| unreadable(path, error))
    }

    fn list(&mut self, folder: &str) -> Result<Option<Vec<String>>, Unread> {
        let mut files = Vec::new();
        match self.walk(folder, 0, &mut files) {
            Ok(()) => Ok(Some(files)),
            Err(error) if is_absent(&error) => Ok(Some(files)),
            Err(error) => Err(unreadable(folder, error)),
        }
    }

    fn name(&self) -> String {
        self.root.display().to_string()
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Reads a plain file of at most `limit` bytes: no pipe that never ends, no device.
fn read_limited(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("not a plain file"));
    }
    if found.len() > limit {
        return Err(io::Error::other(format!("longer than {limit} bytes")));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(io::Error::other(format!("longer than {limit} bytes"))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_its_limit_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), [0; 10]).unwrap();
        let mut folder = Folder::open(dir.path()).unwrap();
        assert_eq!(folder.read("a", 10).unwrap().len(), 10);
        assert!(matches!(
            folder.read("a", 9),
            Err(Unread::Unreadable { .. })
        ));
        assert!(matches!(folder.read("b", 9), Err(Unread::Missing { .. })));
    }

    #[test]
    fn a_folder_lists_its_files_in_order() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("tile/0/x001")).unwrap();
        for name in ["tile/0/000", "tile/0/x001/000"] {
            fs::write(dir.path().join(name), []).unwrap();
        }
        let mut folder = Folder::open(dir.path()).unwrap();
        let files = folder.list("tile").unwrap().unwrap();
        assert_eq!(files, ["tile/0/000", "tile/0/x001/000"]);
        assert_eq!(folder.list("roll").unwrap().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        assert!(Folder::open(Path::new("/nowhere/at/all")).is_err());
    }
}
