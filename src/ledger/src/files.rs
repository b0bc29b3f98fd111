//! Published files, named by their SHA-256.

use sha2::{Digest as _, Sha256};
use symbolon_election::ContentHash;

use crate::layout;
use crate::source::{FileSource, Unread};

/// The most bytes of a ledger keys file.
pub(crate) const MAX_LEDGER_KEYS: u64 = 64 * 1024;

/// Why a published file can't serve.
pub(crate) enum Unfit {
    /// It can't be had.
    Unread(Unread),
    /// It is another file than its name says; its path.
    Altered(String),
}

/// Reads a published file and compares its hash.
pub(crate) fn read(
    source: &mut impl FileSource,
    name: &ContentHash,
    limit: u64,
) -> Result<Vec<u8>, Unfit> {
    let bytes = source.file(name, limit).map_err(Unfit::Unread)?;
    match <[u8; 32]>::from(Sha256::digest(&bytes)) == *name.as_bytes() {
        true => Ok(bytes),
        false => Err(Unfit::Altered(layout::content(name.as_bytes()))),
    }
}
