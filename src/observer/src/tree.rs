//! The log's entries: read once, hashed, and every tile compared.

use std::collections::{BTreeMap, BTreeSet};

use symbolon_ledger::{Findings, Rule, Unread, layout};
use symbolon_tlog::{Hash, Tile, TileId, TreeWriter, decode_bundle, leaf_hash};

use crate::source::Source;

/// Entries in a bundle, hashes in a tile.
const WIDE: u64 = 256;
/// The longest a bundle can be.
const MAX_BUNDLE: u64 = WIDE * (2 + 65_535);
/// A hash tile's bytes.
const MAX_TILE: u64 = WIDE * 32;

/// The tree of the entries read so far.
#[derive(Default)]
pub(crate) struct Tree {
    writer: TreeWriter,
    /// Roots at the sizes that were asked for.
    roots: BTreeMap<u64, Hash>,
}

impl Tree {
    pub(crate) fn size(&self) -> u64 {
        self.writer.size()
    }

    pub(crate) fn roots(&self) -> &BTreeMap<u64, Hash> {
        &self.roots
    }

    /// Reads the next entries, at most a bundle of them, of a log of `size`; notes the roots at
    /// `wanted` sizes, and compares each hash tile that the entries fill.
    pub(crate) fn read_bundle(
        &mut self,
        source: &mut dyn Source,
        size: u64,
        wanted: &BTreeSet<u64>,
        findings: &mut Findings,
    ) -> Result<Vec<Vec<u8>>, Unread> {
        let (number, skip) = (self.size() / WIDE, (self.size() % WIDE) as usize);
        let width = WIDE.min(size - number * WIDE);
        let bundle = self.bundle(source, number, width, findings)?;
        let mut full = Vec::new();
        for entry in &bundle[skip.min(bundle.len())..] {
            self.writer.push(leaf_hash(entry), |tile| full.push(tile));
            if wanted.contains(&self.size()) {
                self.roots.insert(self.size(), self.writer.root());
            }
        }
        for tile in full {
            compare(source, &tile, "", Rule::TileAltered, findings);
        }
        Ok(bundle.into_iter().skip(skip).collect())
    }

    fn bundle(
        &self,
        source: &mut dyn Source,
        number: u64,
        width: u64,
        findings: &mut Findings,
    ) -> Result<Vec<Vec<u8>>, Unread> {
        let (path, bytes) = read_widest(source, width, MAX_BUNDLE, |width| {
            layout::entries(number, width)
        })?;
        let decode = |width: u64| decode_bundle(&bytes, u16::try_from(width).ok()?).ok();
        // A wider file than asked for is a full one.
        let stated = if path.contains(".p/") { width } else { WIDE };
        match decode(stated) {
            Some(entries) => Ok(entries
                .into_iter()
                .take(width as usize)
                .map(<[u8]>::to_vec)
                .collect()),
            None => {
                findings.file(Rule::BundleAltered, &path, format!("not {stated} entries"));
                Err(Unread::Unreadable {
                    path,
                    reason: "not an entry bundle".to_owned(),
                })
            }
        }
    }

    /// Notes the root of the empty tree, which a log's first checkpoint has.
    pub(crate) fn note_empty(&mut self) {
        if self.size() == 0 {
            self.roots.insert(0, self.writer.root());
        }
    }

    /// Compares the tiles of the right edge, which aren't full.
    pub(crate) fn check_edge(&self, source: &mut dyn Source, findings: &mut Findings) {
        for tile in self.writer.partial_tiles() {
            compare(source, &tile, "", Rule::TileAltered, findings);
        }
    }
}

/// Compares a tile's file below `prefix` with what it must be.
pub(crate) fn compare(
    source: &mut dyn Source,
    tile: &Tile,
    prefix: &str,
    rule: Rule,
    findings: &mut Findings,
) {
    let id = tile.id();
    let width = u64::from(id.width());
    let path_of = |width| {
        let id = TileId::new(id.level(), id.index(), width).expect("a tile's own level and width");
        format!("{prefix}{}", id.path())
    };
    match read_widest(source, width, MAX_TILE, path_of) {
        Err(unread) => findings.unread(unread),
        Ok((path, bytes)) => {
            let expected = tile.to_bytes();
            let exact = !path.contains(".p/") && !id.is_full();
            // A full file in place of the partial one is compared when it has filled.
            let same = if exact {
                bytes.starts_with(&expected)
            } else {
                bytes == expected
            };
            if !same {
                findings.file(rule, &path, "not the hashes that the leaves give");
            }
        }
    }
}

/// Reads a file of a width, or where it was replaced since, the full one in its place.
pub(crate) fn read_widest(
    source: &mut dyn Source,
    width: u64,
    limit: u64,
    path_of: impl Fn(u16) -> String,
) -> Result<(String, Vec<u8>), Unread> {
    let path = path_of(u16::try_from(width).unwrap_or(256));
    match source.read(&path, limit) {
        Ok(bytes) => Ok((path, bytes)),
        Err(Unread::Missing { .. }) if width < WIDE => {
            let full = path_of(256);
            let bytes = source
                .read(&full, limit)
                .map_err(|_| Unread::Missing { path })?;
            Ok((full, bytes))
        }
        Err(unread) => Err(unread),
    }
}
