use std::io::{self, Read};

use sha2::{Digest, Sha256};
use symbolon_tlog::{Frontier, Hash, leaf_hash};

use super::{BackupSummary, HASH, Kind, LONGEST, MAGIC};
use crate::{Head, Key, Revision, Row, StoreError, Value};

/// What comes next in a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupPart {
    /// Rows, in the order of their keys.
    Rows(Vec<Row>),
    /// Audit leaves, in their order.
    Leaves(Vec<Vec<u8>>),
    /// All was there.
    End(BackupSummary),
}

/// Reads a backup and checks it on the way: nothing of a block is given before its hash was
/// compared, and the end is reached only where all is there.
pub struct BackupReader<R> {
    input: R,
    hash: Sha256,
    /// How far it was read, in bytes.
    at: u64,
    head: Head,
    kind: Kind,
    last: Option<Key>,
    rows: u64,
    tree: Frontier,
    /// The audit tree's root at a size that somebody asked for.
    noted: (u64, Option<Hash>),
}

impl<R: Read> BackupReader<R> {
    /// Begins to read a backup.
    ///
    /// # Errors
    /// It is none, or damaged, or another version wrote it.
    pub fn new(input: R) -> Result<Self, StoreError> {
        let mut reader = Self {
            input,
            hash: Sha256::new(),
            at: 0,
            head: Head::new(crate::InstallationId::from_bytes([0; 32])),
            kind: Kind::Head,
            last: None,
            rows: 0,
            tree: Frontier::new(),
            noted: (0, Some(Frontier::new().root())),
        };
        let mut magic = [0; MAGIC.len()];
        reader.fill(&mut magic)?;
        if magic != MAGIC {
            return Err(reader.damaged("it is no backup of a store, or of another version"));
        }
        match reader.block()? {
            (Kind::Head, content, _) => reader.head = Head::decode(&content)?,
            _ => return Err(reader.damaged("it doesn't begin with a store's head")),
        }
        Ok(reader)
    }

    /// Where the store stood.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Also tells the audit tree's root at a smaller size: see [`BackupReader::root_noted`].
    pub fn note_root_at(&mut self, size: u64) {
        self.noted = (size, (size == 0).then(|| Frontier::new().root()));
    }

    /// The root that was to be noted, once the leaves were read up to there.
    #[must_use]
    pub fn root_noted(&self) -> Option<Hash> {
        self.noted.1
    }

    /// What comes next; nothing comes after the end.
    ///
    /// # Errors
    /// The backup is damaged, named by how far it was read.
    pub fn read(&mut self) -> Result<BackupPart, StoreError> {
        let (kind, content, hash) = self.block()?;
        if kind < self.kind || kind == Kind::Head {
            return Err(self.damaged("its blocks are out of order"));
        }
        self.kind = kind;
        match kind {
            Kind::End => self.end(&content, hash).map(BackupPart::End),
            Kind::Leaves => Ok(BackupPart::Leaves(self.leaves(&content)?)),
            _ => Ok(BackupPart::Rows(self.rows(&content)?)),
        }
    }

    fn rows(&mut self, content: &[u8]) -> Result<Vec<Row>, StoreError> {
        let (mut rest, mut rows) = (content, Vec::new());
        while !rest.is_empty() {
            let row = row(&mut rest).ok_or_else(|| self.damaged("a row is cut short"))?;
            if self.last.as_ref().is_some_and(|last| *last >= row.key) {
                return Err(self.damaged("its rows are out of order"));
            }
            if row.value.revision.0 > self.head.generation() {
                return Err(self.damaged("a row is newer than the store"));
            }
            self.last = Some(row.key.clone());
            rows.push(row);
        }
        self.rows += rows.len() as u64;
        Ok(rows)
    }

    fn leaves(&mut self, content: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let (mut rest, mut leaves) = (content, Vec::new());
        while !rest.is_empty() {
            let leaf = leaf(&mut rest).ok_or_else(|| self.damaged("a leaf is cut short"))?;
            self.tree.push(leaf_hash(leaf));
            if self.tree.size() == self.noted.0 {
                self.noted.1 = Some(self.tree.root());
            }
            leaves.push(leaf.to_vec());
        }
        Ok(leaves)
    }

    fn end(&mut self, content: &[u8], sha256: [u8; HASH]) -> Result<BackupSummary, StoreError> {
        let counts: [u8; 16] = content
            .try_into()
            .map_err(|_| self.damaged("its end is not one"))?;
        let (rows, leaves) = counts.split_at(8);
        let counted = (self.rows.to_be_bytes(), self.tree.size().to_be_bytes());
        if (rows, leaves) != (&counted.0, &counted.1) {
            return Err(self.damaged("rows or leaves are missing"));
        }
        if self.tree != *self.head.audit_frontier() {
            return Err(self.damaged("its audit leaves are not those of its head"));
        }
        match self.input.read(&mut [0]) {
            Ok(0) => {}
            Ok(_) => return Err(self.damaged("something follows its end")),
            Err(error) => return Err(unread(&error)),
        }
        Ok(BackupSummary {
            rows: self.rows,
            leaves: self.tree.size(),
            sha256,
        })
    }

    /// A block's kind and content, and the hash of all before its hash.
    fn block(&mut self) -> Result<(Kind, Vec<u8>, [u8; HASH]), StoreError> {
        let mut header = [0; 5];
        self.fill(&mut header)?;
        let [a, b, c, d, kind] = header;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let kind = Kind::of(kind).ok_or_else(|| self.damaged("a block is of no kind"))?;
        if length > LONGEST {
            return Err(self.damaged("a block is longer than any"));
        }
        let mut content = vec![0; length];
        self.fill(&mut content)?;
        let computed: [u8; HASH] = self.hash.clone().finalize().into();
        let mut stated = [0; HASH];
        self.fill(&mut stated)?;
        match computed == stated {
            true => Ok((kind, content, stated)),
            false => Err(self.damaged("a block's hash is another")),
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), StoreError> {
        self.input
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => self.damaged("it ends too early"),
                _ => unread(&error),
            })?;
        self.hash.update(&*bytes);
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::BackupDamaged { at: self.at, what }
    }
}

fn unread(error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("the backup can't be read: {error}"))
}

fn row(rest: &mut &[u8]) -> Option<Row> {
    let key_length = u16::from_be_bytes(array(rest)?).into();
    let key = Key::from_stored(take(rest, key_length)?);
    let revision = Revision(u64::from_be_bytes(array(rest)?));
    let bytes = leaf(rest)?.to_vec();
    key.check().ok()?;
    Some(Row {
        key,
        value: Value { revision, bytes },
    })
}

/// A length of four bytes, and what follows it.
fn leaf<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_be_bytes(array(rest)?);
    take(rest, usize::try_from(length).ok()?)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}
