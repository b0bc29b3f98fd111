//! A backup of a store: one snapshot in one file, every part of which is checked as it is read.
//!
//! Numbers are big-endian.
//!
//! ```text
//! "symbolon-store-backup" ‖ version 1 ‖ blocks
//! block:  length of the content 4 ‖ kind 1 ‖ content ‖ SHA-256 of the whole file before it 32
//! kinds:  0 the head, first
//!         1 rows, ascending by key, each: key length 2 ‖ key ‖ revision 8 ‖ value length 4 ‖ value
//!         2 audit leaves from the first on, after the rows, each: length 4 ‖ leaf
//!         3 number of rows 8 ‖ number of leaves 8, last
//! ```
//!
//! The last block's hash covers the whole backup, and names it.

mod reader;
mod restore;
mod writer;

pub use reader::{BackupPart, BackupReader};
pub use restore::put_in_place;
pub use writer::{BackupSummary, BackupWriter};

/// How a backup begins.
const MAGIC: &[u8] = b"symbolon-store-backup\x01";
/// Bytes of a block's hash.
const HASH: usize = 32;
/// Bytes of content after which a block is written.
const BLOCK: usize = 1 << 20;
/// The longest content: a block and the longest row after it.
const LONGEST: usize = BLOCK + crate::MAX_KEY + crate::MAX_VALUE + 64;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Kind {
    Head = 0,
    Rows = 1,
    Leaves = 2,
    End = 3,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Head, Self::Rows, Self::Leaves, Self::End]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}
