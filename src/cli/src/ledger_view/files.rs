use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use symbolon_ledger::Unread;

use crate::{error::Error, http::Http};

/// The files of a public log.
pub(super) enum Files {
    Folder(PathBuf),
    Http(Http),
}

impl Files {
    pub(super) fn open(source: &str, ca: Option<&Path>) -> Result<Self, Error> {
        if source.starts_with("http://") || source.starts_with("https://") {
            return Http::public(source, ca).map(Self::Http);
        }
        let folder = PathBuf::from(source);
        match folder.is_dir() {
            true => Ok(Self::Folder(folder)),
            false => Err(Error::unreadable_file(
                &folder,
                "neither a folder nor a URL",
            )),
        }
    }

    pub(super) fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Unread> {
        match self {
            Self::Folder(folder) => read_file(&folder.join(path), path, limit),
            Self::Http(http) => http
                .file(&format!("/{path}"), limit)
                .map_err(|error| match error.reason() {
                    "NOT_FOUND" | "HTTP_404" | "UNKNOWN_METHOD" => missing(path),
                    _ => unreadable(path, &error),
                }),
        }
    }
}

fn read_file(file: &Path, path: &str, limit: u64) -> Result<Vec<u8>, Unread> {
    let file = File::open(file).map_err(|e| match e.kind() {
        ErrorKind::NotFound => missing(path),
        _ => unreadable(path, &e),
    })?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(path, &e))?;
    match bytes.len() as u64 > limit {
        true => Err(unreadable(path, &"too long")),
        false => Ok(bytes),
    }
}

fn missing(path: &str) -> Unread {
    Unread::Missing {
        path: path.to_owned(),
    }
}

fn unreadable(path: &str, reason: &dyn std::fmt::Display) -> Unread {
    Unread::Unreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
