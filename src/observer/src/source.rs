//! Where a public log is read: a folder, or an address that serves the same files.

mod folder;
mod http;
mod mirrored;

use std::path::Path;

use symbolon_ledger::Unread;

pub use folder::Folder;
pub use http::Http;
pub use mirrored::Mirrored;

use crate::Error;

/// The files of one public log, by the paths of [`symbolon_ledger::layout`].
///
/// Nothing that a source gives is believed; each read names the most bytes that the file may
/// have, so that a hostile source costs no more memory than an honest one.
pub trait Source: Send {
    /// A file of at most `limit` bytes.
    fn read(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, Unread>;

    /// All files below a folder, sorted, where this source can tell; `None` where it can't.
    fn list(&mut self, folder: &str) -> Result<Option<Vec<String>>, Unread>;

    /// The source, for people.
    fn name(&self) -> String;

    /// The checkpoint that a mirror keeps from the last consistent run.
    fn kept_checkpoint(&mut self, _limit: u64) -> Option<Vec<u8>> {
        None
    }

    /// From here on reads everything anew, until [`Source::settle`]. False where there is no
    /// mirror to leave aside, or it is left aside already.
    fn bypass_mirror(&mut self) -> bool {
        false
    }

    /// What was read is consistent: a mirror may keep it.
    fn settle(&mut self) -> Result<(), Unread> {
        Ok(())
    }
}

/// Opens a folder, or an `http://` or `https://` address; with `mirror`, what is read is kept
/// there, and what never changes is read from there the next time.
pub fn open(
    source: &str,
    ca: Option<&Path>,
    mirror: Option<&Path>,
) -> Result<Box<dyn Source>, Error> {
    let remote: Box<dyn Source> = if source.starts_with("http://") || source.starts_with("https://")
    {
        Box::new(Http::new(source, ca)?)
    } else {
        Box::new(Folder::open(Path::new(source))?)
    };
    match mirror {
        None => Ok(remote),
        Some(folder) => Ok(Box::new(Mirrored::new(remote, folder)?)),
    }
}

fn missing(path: &str) -> Unread {
    Unread::Missing {
        path: path.to_owned(),
    }
}

fn unreadable(path: &str, reason: impl ToString) -> Unread {
    Unread::Unreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
