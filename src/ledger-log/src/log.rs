//! The owner's side: appending entries and signing checkpoints.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use symbolon_election::{Entry, LedgerKeys, ledger_keys::NoteKey};
use symbolon_ledger::layout;
use symbolon_tlog::{
    Checkpoint, Hash, KeyKind, LogKey, NoteSignature, SignedCheckpoint, TILE_WIDTH, Tile,
    TreeWriter, VerifierKey, encode_bundle, leaf_hash, tiles_of,
};

use crate::LogError;
use crate::disk::{Disk, Folder};
use crate::files::Files;
use crate::reader::LogReader;
use crate::recover;
use crate::staging::{Staging, Store};

/// A log that this process owns.
pub struct Log<D: Disk = Folder> {
    pub(crate) store: Arc<Store<Arc<D>>>,
    key: LogKey,
    witnesses: Vec<VerifierKey>,
    state: State,
    shown: Shown,
    stopped: bool,
}

/// What the folder held when it was last written.
pub(crate) struct State {
    pub(crate) tree: TreeWriter,
    /// The entries of the last bundle, if it isn't full.
    pub(crate) tail: Vec<Vec<u8>>,
    pub(crate) head: SignedCheckpoint,
    /// When the log last cosigned: its clock never goes back.
    pub(crate) time: u64,
}

/// What readers may ask for while the owner writes: it changes once all is durable.
#[derive(Clone)]
pub(crate) struct Shown(Arc<RwLock<View>>);

pub(crate) struct View {
    pub(crate) index: HashMap<Hash, u64>,
    pub(crate) sizes: BTreeSet<u64>,
    pub(crate) head: SignedCheckpoint,
}

impl Shown {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, View> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl View {
    /// The size of the first checkpoint that covers an entry, which is there.
    pub(crate) fn first_size_beyond(&self, index: u64) -> u64 {
        let mut beyond = self.sizes.range(index + 1..);
        let latest = self.head.checkpoint().size();
        beyond.next().copied().unwrap_or(latest)
    }
}

impl<D: Disk> Log<D> {
    /// Opens the log on a disk that this process owns, or begins it: a log without
    /// entries has a checkpoint too. Damage and foreign checkpoints are refused.
    pub fn open(
        disk: D,
        key: LogKey,
        witnesses: Vec<VerifierKey>,
        now: u64,
    ) -> Result<Self, LogError> {
        if witnesses
            .iter()
            .any(|key| key.kind() != KeyKind::CosignatureV1)
        {
            return Err(LogError::Mismatch(
                "a witness's key must be of the cosignature kind",
            ));
        }
        let store = Arc::new(Store::open(Arc::new(disk))?);
        let (state, view) = recover::open(&store, &key, now)?;
        Ok(Self {
            store,
            key,
            witnesses,
            state,
            shown: Shown(Arc::new(RwLock::new(view))),
            stopped: false,
        })
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        self.key.name()
    }

    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.state.tree.size()
    }

    /// When the log last cosigned; 0 before that. Its time never goes back.
    pub fn time(&self) -> u64 {
        self.state.time
    }

    /// The latest checkpoint with its cosignatures.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.state.head
    }

    /// The index of an entry, by its leaf hash.
    pub fn index_of(&self, entry_hash: &Hash) -> Option<u64> {
        self.shown.read().index.get(entry_hash).copied()
    }

    /// What may be read without waiting for the owner.
    pub(crate) fn shown(&self) -> Shown {
        self.shown.clone()
    }

    /// To read what is published.
    pub fn reader(&self) -> LogReader<Arc<D>> {
        LogReader::new(self.store.disk.clone())
    }

    /// To publish rolls and content beside the entries.
    pub fn files(&self) -> Files<D> {
        Files::new(self.store.clone())
    }

    /// The file that manifests name by its hash: the log's key, the cosigners, how
    /// many must cosign.
    pub fn ledger_keys(&self, quorum: u8) -> Result<LedgerKeys, symbolon_election::Error> {
        let own = self.key.verifier(KeyKind::CosignatureV1);
        let cosigners = [&own].into_iter().chain(&self.witnesses);
        let cosigners = cosigners
            .map(|key| NoteKey::cosigner(key.name(), *key.public()))
            .collect::<Result<_, _>>()?;
        LedgerKeys::new(
            self.origin(),
            NoteKey::log(self.origin(), *own.public())?,
            cosigners,
            quorum,
        )
    }

    /// Appends entries in this order, publishes a checkpoint, and returns each one's
    /// index; on return all is durable. An entry that is there already, or stands in
    /// the batch twice, isn't added again: the answer is the index that it has.
    pub fn append_batch(&mut self, entries: &[Vec<u8>], now: u64) -> Result<Vec<u64>, LogError> {
        self.running()?;
        for (position, entry) in entries.iter().enumerate() {
            Entry::decode(entry).map_err(|error| LogError::Refused {
                position,
                reason: error.to_string(),
            })?;
        }
        let (indices, fresh) = self.number(entries);
        if !fresh.is_empty() {
            let grown = self.grow(&fresh, now)?;
            self.publish(grown, &fresh)?;
        }
        Ok(indices)
    }

    /// Cosigns the latest checkpoint again, which shows that until `now` nothing was
    /// added. The earliest cosignature stays: it gives the entries their time.
    pub fn heartbeat(&mut self, now: u64) -> Result<(), LogError> {
        self.running()?;
        let mut head = self.state.head.clone();
        let line = self.key.cosign(head.note().text(), now)?;
        if now > self.state.time
            && head.add_cosignature(&self.key.verifier(KeyKind::CosignatureV1), line)?
        {
            self.replace(head)?;
            self.state.time = now;
        }
        Ok(())
    }

    /// Adds a witness's line to the checkpoint of a size, after verifying it against
    /// the listed witnesses; returns whether anything changed.
    pub fn add_cosignature(&mut self, size: u64, line: &str) -> Result<bool, LogError> {
        self.running()?;
        let line = NoteSignature::parse(line)?;
        let witness = self
            .witnesses
            .iter()
            .find(|key| key.claims(&line))
            .ok_or(LogError::UnknownCosigner)?;
        let mut checkpoint = match size == self.size() {
            true => self.state.head.clone(),
            false => self.reader().checkpoint_at(size)?,
        };
        let changed = checkpoint.add_cosignature(witness, line)?;
        if changed {
            self.replace(checkpoint)?;
        }
        Ok(changed)
    }

    fn running(&self) -> Result<(), LogError> {
        if self.stopped {
            Err(LogError::Stopped)
        } else {
            Ok(())
        }
    }

    /// Each entry's index, and those that are new with their hashes, in order.
    fn number<'a>(&self, entries: &'a [Vec<u8>]) -> (Vec<u64>, Vec<Fresh<'a>>) {
        let shown = self.shown.read();
        let mut numbered: HashMap<Hash, u64> = HashMap::new();
        let mut fresh = Vec::new();
        let mut next = self.size();
        let indices = entries.iter().map(|entry| {
            let hash = leaf_hash(entry);
            if let Some(known) = shown.index.get(&hash).or_else(|| numbered.get(&hash)) {
                return *known;
            }
            numbered.insert(hash, next);
            fresh.push((hash, entry.as_slice()));
            next += 1;
            next - 1
        });
        (indices.collect(), fresh)
    }

    /// The tree with the new leaves: what is to be written, nothing changed yet.
    fn grow(&self, fresh: &[Fresh<'_>], now: u64) -> Result<Grown, LogError> {
        let mut tree = self.state.tree.clone();
        let mut tiles: Vec<_> = Vec::new();
        fresh
            .iter()
            .for_each(|(hash, _)| tree.push(*hash, |tile| tiles.push(tile)));
        let known: BTreeSet<_> = self
            .state
            .tree
            .partial_tiles()
            .map(|tile| tile.id())
            .collect();
        tiles.extend(
            tree.partial_tiles()
                .filter(|tile| !known.contains(&tile.id())),
        );
        let time = now.max(self.state.time);
        let head =
            Checkpoint::new(self.origin(), tree.size(), tree.root())?.sign(&self.key, time)?;
        Ok(Grown {
            tree,
            tiles,
            head,
            time,
        })
    }

    fn publish(&mut self, grown: Grown, fresh: &[Fresh<'_>]) -> Result<(), LogError> {
        let start = self.size();
        let mut sizes = self.shown.read().sizes.clone();
        sizes.insert(grown.tree.size());
        let store = self.store.clone();
        let mut staging = store.stage();
        stage_entries(&mut staging, start, &self.state.tail, fresh)?;
        grown
            .tiles
            .iter()
            .try_for_each(|tile| staging.put(tile.id().path(), &tile.to_bytes()))?;
        stage_checkpoint(&mut staging, &grown.head, &sizes, true)?;
        self.settle(staging.publish())?;
        self.keep_tail(fresh, grown.tree.size());
        self.state.tree = grown.tree;
        self.state.head = grown.head.clone();
        self.state.time = grown.time;
        self.shown.change(|view| {
            view.index
                .extend(fresh.iter().map(|(hash, _)| *hash).zip(start..));
            view.sizes = sizes;
            view.head = grown.head;
        });
        Ok(())
    }

    /// Keeps the entries of the last bundle of a log of this size, if it isn't full.
    fn keep_tail(&mut self, fresh: &[Fresh<'_>], size: u64) {
        let kept = usize::try_from(size % u64::from(TILE_WIDTH)).expect("less than 256");
        let of_fresh = kept.min(fresh.len());
        let tail = &mut self.state.tail;
        tail.drain(..tail.len() - (kept - of_fresh));
        let last = fresh[fresh.len() - of_fresh..].iter();
        tail.extend(last.map(|(_, entry)| entry.to_vec()));
    }

    /// Writes a checkpoint that has more signatures than before.
    fn replace(&mut self, checkpoint: SignedCheckpoint) -> Result<(), LogError> {
        let latest = checkpoint.checkpoint().size() == self.size();
        let store = self.store.clone();
        let mut staging = store.stage();
        let sizes = self.shown.read().sizes.clone();
        stage_checkpoint(&mut staging, &checkpoint, &sizes, latest)?;
        self.settle(staging.publish())?;
        if latest {
            self.state.head = checkpoint.clone();
            self.shown.change(|view| view.head = checkpoint);
        }
        Ok(())
    }

    /// A write that failed half way is never retried: the next start tells the truth.
    fn settle(&mut self, published: Result<(), LogError>) -> Result<(), LogError> {
        self.stopped |= published.is_err();
        published
    }
}

/// A new entry with its leaf hash.
type Fresh<'a> = (Hash, &'a [u8]);

struct Grown {
    tree: TreeWriter,
    tiles: Vec<Tile>,
    head: SignedCheckpoint,
    time: u64,
}

fn stage_entries<D: Disk>(
    staging: &mut Staging<'_, D>,
    start: u64,
    tail: &[Vec<u8>],
    fresh: &[Fresh<'_>],
) -> Result<(), LogError> {
    let first = start - start % u64::from(TILE_WIDTH);
    let row: Vec<_> = tail
        .iter()
        .map(Vec::as_slice)
        .chain(fresh.iter().map(|(_, entry)| *entry))
        .collect();
    let end = start + u64::try_from(fresh.len()).expect("a batch fits in memory");
    for (number, width) in tiles_of(start, end) {
        let from = usize::try_from(number * u64::from(TILE_WIDTH) - first)
            .expect("a batch fits in memory");
        let bundle = encode_bundle(&row[from..from + usize::from(width)])?;
        staging.put(layout::entries(number, width), &bundle)?;
    }
    Ok(())
}

/// The checkpoint under its size once all before is durable; then, if it is the
/// latest, the list of sizes and the latest checkpoint.
pub(crate) fn stage_checkpoint<D: Disk>(
    staging: &mut Staging<'_, D>,
    checkpoint: &SignedCheckpoint,
    sizes: &BTreeSet<u64>,
    latest: bool,
) -> Result<(), LogError> {
    let text = checkpoint.to_text();
    staging.then();
    staging.put(
        layout::checkpoint(checkpoint.checkpoint().size()),
        text.as_bytes(),
    )?;
    if latest {
        let sizes: Vec<_> = sizes.iter().copied().collect();
        staging.then();
        staging.put(
            layout::CHECKPOINT_SIZES.to_owned(),
            layout::checkpoint_sizes(&sizes).as_bytes(),
        )?;
        staging.put(layout::CHECKPOINT.to_owned(), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
