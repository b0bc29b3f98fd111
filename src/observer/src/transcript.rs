//! The log as the verifier reads it: times, heads, rolls and files.

use std::cell::RefCell;
use std::collections::BTreeMap;

use symbolon_election::{ContentHash, ElectionId, LedgerHead, LedgerKeys, VoterId};
use symbolon_ledger::{Chronicle, FileSource, RollSource, Timeline, Unread, layout};
use symbolon_tlog::{Hash, TileId, TileSource, root_at};

use crate::heads::Heads;
use crate::keys::Keys;
use crate::source::Source;
use crate::tree::read_widest;

/// Leaves in a file.
const WIDE: u32 = 256;
const LEAF: u64 = 32;

/// One log: its source, its checkpoints, and the roots that its entries gave so far.
pub(crate) struct LogTranscript<'a> {
    pub(crate) source: &'a mut dyn Source,
    pub(crate) heads: &'a Heads,
    pub(crate) roots: &'a BTreeMap<u64, Hash>,
}

impl RollSource for LogTranscript<'_> {
    fn leaves(
        &mut self,
        election: &ElectionId,
        from: u32,
        count: u32,
    ) -> Result<Vec<VoterId>, Unread> {
        let (number, skip) = (u64::from(from / WIDE), from % WIDE);
        let width = WIDE.min(skip.saturating_add(count));
        let election = election.to_string();
        let path_of = |width| layout::roll_leaves(&election, number, width);
        let limit = u64::from(WIDE) * LEAF;
        let (path, bytes) = read_widest(self.source, u64::from(width), limit, path_of)?;
        let (leaves, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || leaves.len() < width as usize {
            return Err(Unread::Unreadable {
                path,
                reason: "not whole leaves".to_owned(),
            });
        }
        let wanted = leaves[skip as usize..width as usize]
            .iter()
            .take(count as usize);
        Ok(wanted.map(|leaf| VoterId::new(*leaf)).collect())
    }
}

impl FileSource for LogTranscript<'_> {
    fn file(&mut self, sha256: &ContentHash, limit: u64) -> Result<Vec<u8>, Unread> {
        self.source.read(&layout::content(sha256.as_bytes()), limit)
    }
}

impl Chronicle for LogTranscript<'_> {
    fn timeline(&mut self, keys: &LedgerKeys) -> Timeline {
        Keys::new(keys)
            .map(|keys| self.heads.timeline(&keys))
            .unwrap_or_default()
    }

    fn head(&mut self, size: u64) -> Option<LedgerHead> {
        let root = match self.roots.get(&size) {
            Some(root) => *root,
            None => root_at(&Tiles(RefCell::new(self.source)), size).ok()?,
        };
        Some(LedgerHead::new(*root.as_bytes()))
    }
}

/// Hash tiles of the source; those of the log were compared with the entries before.
struct Tiles<'a>(RefCell<&'a mut dyn Source>);

impl TileSource for Tiles<'_> {
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, symbolon_tlog::Error> {
        let path_of = |width| layout::tile(id.level(), id.index(), width);
        let limit = u64::from(WIDE) * LEAF;
        let mut source = self.0.borrow_mut();
        let (path, bytes) = read_widest(&mut **source, u64::from(id.width()), limit, path_of)
            .map_err(|unread| symbolon_tlog::Error::Source(Box::new(unread)))?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        match rest.is_empty() {
            true => Ok(hashes.iter().copied().map(Hash::new).collect()),
            false => Err(symbolon_tlog::Error::Tile(path)),
        }
    }
}
