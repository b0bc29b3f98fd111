use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::{BLOCK, Kind, MAGIC};
use crate::{Head, Row};

/// What a whole backup holds, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupSummary {
    /// How many rows.
    pub rows: u64,
    /// How many audit leaves.
    pub leaves: u64,
    /// SHA-256 over the file but its last 32 bytes, which these are.
    pub sha256: [u8; 32],
}

/// Writes a backup: all rows in the order of their keys, then all audit leaves.
pub struct BackupWriter<W> {
    out: W,
    hash: Sha256,
    kind: Kind,
    content: Vec<u8>,
    rows: u64,
    leaves: u64,
}

impl<W: Write> BackupWriter<W> {
    /// Begins the backup of a store that stands at `head`.
    ///
    /// # Errors
    /// Those of writing.
    pub fn new(out: W, head: &Head) -> io::Result<Self> {
        let mut writer = Self {
            out,
            hash: Sha256::new(),
            kind: Kind::Head,
            content: head.encode(),
            rows: 0,
            leaves: 0,
        };
        writer.write(MAGIC)?;
        writer.block()?;
        writer.kind = Kind::Rows;
        Ok(writer)
    }

    /// The next rows.
    ///
    /// # Errors
    /// Those of writing.
    pub fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            let (key, value) = (row.key.as_bytes(), &row.value.bytes);
            let key_length = u16::try_from(key.len()).map_err(io::Error::other)?;
            let value_length = u32::try_from(value.len()).map_err(io::Error::other)?;
            self.content.extend(key_length.to_be_bytes());
            self.content.extend(key);
            self.content.extend(row.value.revision.0.to_be_bytes());
            self.content.extend(value_length.to_be_bytes());
            self.content.extend(value);
            self.rows += 1;
            self.block_if_full()?;
        }
        Ok(())
    }

    /// The next audit leaves; no row comes after one.
    ///
    /// # Errors
    /// Those of writing.
    pub fn leaves(&mut self, leaves: &[Vec<u8>]) -> io::Result<()> {
        self.turn_to(Kind::Leaves)?;
        for leaf in leaves {
            let length = u32::try_from(leaf.len()).map_err(io::Error::other)?;
            self.content.extend(length.to_be_bytes());
            self.content.extend(leaf);
            self.leaves += 1;
            self.block_if_full()?;
        }
        Ok(())
    }

    /// Ends the backup; what was written to is given back, not yet synced.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<(W, BackupSummary)> {
        self.turn_to(Kind::End)?;
        self.content.extend(self.rows.to_be_bytes());
        self.content.extend(self.leaves.to_be_bytes());
        let sha256 = self.block()?;
        self.out.flush()?;
        let summary = BackupSummary {
            rows: self.rows,
            leaves: self.leaves,
            sha256,
        };
        Ok((self.out, summary))
    }

    fn turn_to(&mut self, kind: Kind) -> io::Result<()> {
        if self.kind != kind && !self.content.is_empty() {
            self.block()?;
        }
        self.kind = kind;
        Ok(())
    }

    fn block_if_full(&mut self) -> io::Result<()> {
        if self.content.len() >= BLOCK {
            self.block()?;
        }
        Ok(())
    }

    fn block(&mut self) -> io::Result<[u8; 32]> {
        let content = std::mem::take(&mut self.content);
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        self.write(&length.to_be_bytes())?;
        self.write(&[self.kind as u8])?;
        self.write(&content)?;
        let hash: [u8; 32] = self.hash.clone().finalize().into();
        self.write(&hash)?;
        self.content = content;
        self.content.clear();
        Ok(hash)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
}
