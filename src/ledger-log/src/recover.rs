//! Opening a log: the last checkpoint decides; entries must lead to its root, hash
//! tiles are made anew where they don't match, and what lies beyond is removed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use symbolon_ledger::layout;
use symbolon_tlog::{
    Checkpoint, KeyKind, LogKey, SignedCheckpoint, TILE_WIDTH, Tile, TreeWriter, empty_root,
    leaf_hash, tiles_of,
};

use crate::LogError;
use crate::disk::Disk;
use crate::log::{State, View, stage_checkpoint};
use crate::reader::LogReader;
use crate::staging::Store;

/// Levels of hash tiles that a tree can have.
const LEVELS: u8 = 8;

pub(crate) fn open<D: Disk>(
    store: &Store<Arc<D>>,
    key: &LogKey,
    now: u64,
) -> Result<(State, View), LogError> {
    let reader = LogReader::new(store.disk.clone());
    let mut sizes: BTreeSet<_> = reader.sizes()?.into_iter().collect();
    let head = match find_head(&reader, &sizes, key)? {
        Some(head) => head,
        None => begin(store, key, now)?,
    };
    let size = head.checkpoint().size();
    sizes.insert(size);
    let (tree, tail, index, wrong) = read_entries(&reader, &head)?;
    remove_beyond(store, size)?;
    restore(store, &head, &sizes, wrong)?;
    let time = head
        .last_cosigned_at(&key.verifier(KeyKind::CosignatureV1))?
        .unwrap_or(0);
    let view = View {
        index,
        sizes,
        head: head.clone(),
    };
    let state = State {
        tree,
        tail,
        head,
        time,
    };
    Ok((state, view))
}

/// The widest checkpoint, whether a crash came before or after it was made the latest.
fn find_head<D: Disk>(
    reader: &LogReader<Arc<D>>,
    sizes: &BTreeSet<u64>,
    key: &LogKey,
) -> Result<Option<SignedCheckpoint>, LogError> {
    let latest = match reader.checkpoint() {
        Err(LogError::Missing(_)) => None,
        found => Some(verified(found, layout::CHECKPOINT, key)?),
    };
    let widest = match sizes.last() {
        None => None,
        Some(size) => Some(verified(
            reader.checkpoint_at(*size),
            &layout::checkpoint(*size),
            key,
        )?),
    };
    Ok(match (latest, widest) {
        (Some(latest), Some(widest)) if latest.checkpoint().size() > widest.checkpoint().size() => {
            Some(latest)
        }
        (latest, widest) => widest.or(latest),
    })
}

fn verified(
    read: Result<SignedCheckpoint, LogError>,
    path: &str,
    key: &LogKey,
) -> Result<SignedCheckpoint, LogError> {
    let checkpoint = read.map_err(|error| match error {
        LogError::Tree(error) => LogError::Corrupt(format!("{path}: {error}")),
        other => other,
    })?;
    let public = key.verifier(KeyKind::Ed25519);
    match checkpoint.verify(&public) {
        Ok(_) => Ok(checkpoint),
        Err(_) => Err(LogError::Foreign {
            path: path.to_owned(),
            key: public.to_string(),
        }),
    }
}

/// The checkpoint of a log without entries.
fn begin<D: Disk>(
    store: &Store<Arc<D>>,
    key: &LogKey,
    now: u64,
) -> Result<SignedCheckpoint, LogError> {
    if !store.list(layout::TILE)?.is_empty() {
        return Err(LogError::Corrupt(
            "it has tiles and no checkpoint".to_owned(),
        ));
    }
    Ok(Checkpoint::new(key.name(), 0, empty_root())?.sign(key, now)?)
}

type Read = (
    TreeWriter,
    Vec<Vec<u8>>,
    HashMap<symbolon_tlog::Hash, u64>,
    Vec<Tile>,
);

/// The tree from its entries; and the hash tiles that aren't on disk as they must be.
fn read_entries<D: Disk>(
    reader: &LogReader<Arc<D>>,
    head: &SignedCheckpoint,
) -> Result<Read, LogError> {
    let size = head.checkpoint().size();
    let mut tree = TreeWriter::new();
    let mut index = HashMap::with_capacity(usize::try_from(size).unwrap_or_default());
    let mut tail = Vec::new();
    let mut wrong = Vec::new();
    for (number, width) in tiles_of(0, size) {
        let damaged =
            |error| LogError::Corrupt(format!("{}: {error}", layout::entries(number, width)));
        tail = reader.bundle(number, width).map_err(damaged)?;
        for entry in &tail {
            let hash = leaf_hash(entry);
            index.entry(hash).or_insert(tree.size());
            let mut filled = Vec::new();
            tree.push(hash, |tile| filled.push(tile));
            wrong.extend(filled.into_iter().filter(|tile| !stands(reader, tile)));
        }
    }
    if tree.root() != *head.checkpoint().root() {
        return Err(LogError::Corrupt(format!(
            "the entries don't lead to the root of the checkpoint of size {size}"
        )));
    }
    wrong.extend(tree.partial_tiles().filter(|tile| !stands(reader, tile)));
    if tail.len() == usize::from(TILE_WIDTH) {
        tail.clear();
    }
    Ok((tree, tail, index, wrong))
}

fn stands<D: Disk>(reader: &LogReader<Arc<D>>, tile: &Tile) -> bool {
    reader.exact(tile).unwrap_or(false)
}

/// Removes tiles and bundles that reach beyond the checkpoint: they were never
/// acknowledged, and their places get other entries.
fn remove_beyond<D: Disk>(store: &Store<Arc<D>>, size: u64) -> Result<(), LogError> {
    let mut beyond = Vec::new();
    find_beyond(store, "tile/entries", 0, size, &mut beyond)?;
    for level in 0..LEVELS {
        find_beyond(
            store,
            &format!("tile/{level}"),
            0,
            size >> (8 * level),
            &mut beyond,
        )?;
    }
    if !beyond.is_empty() {
        tracing::info!(
            files = beyond.len(),
            size,
            "removing files that no checkpoint covers"
        );
        store.remove(&beyond)?;
    }
    Ok(())
}

fn find_beyond<D: Disk>(
    store: &Store<Arc<D>>,
    dir: &str,
    before: u64,
    count: u64,
    beyond: &mut Vec<String>,
) -> Result<(), LogError> {
    let wide = u64::from(TILE_WIDTH);
    for name in store.list(dir)? {
        let path = format!("{dir}/{name}");
        let digits = name.trim_start_matches('x').trim_end_matches(".p");
        let Ok(digits) = digits.parse::<u64>() else {
            continue;
        };
        let number = before.saturating_mul(1000).saturating_add(digits);
        if name.starts_with('x') {
            find_beyond(store, &path, number, count, beyond)?;
        } else if name.ends_with(".p") {
            let start = number.saturating_mul(wide);
            let widths = store.list(&path)?.into_iter().filter(|width| {
                width
                    .parse::<u64>()
                    .is_ok_and(|width| start.saturating_add(width) > count)
            });
            beyond.extend(widths.map(|width| format!("{path}/{width}")));
        } else if number.saturating_add(1).saturating_mul(wide) > count {
            beyond.push(path);
        }
    }
    Ok(())
}

/// Writes what follows from entries and checkpoint and isn't on disk as it must be.
fn restore<D: Disk>(
    store: &Store<Arc<D>>,
    head: &SignedCheckpoint,
    sizes: &BTreeSet<u64>,
    wrong: Vec<Tile>,
) -> Result<(), LogError> {
    if !wrong.is_empty() {
        tracing::warn!(
            tiles = wrong.len(),
            "making hash tiles anew that are missing or damaged"
        );
    }
    let text = head.to_text();
    let list: Vec<_> = sizes.iter().copied().collect();
    let same = |path: &str, text: &str| {
        store
            .read(path)
            .map(|file| file.is_some_and(|file| file == text.as_bytes()))
    };
    let whole = same(layout::CHECKPOINT, &text)?
        && same(&layout::checkpoint(head.checkpoint().size()), &text)?
        && same(layout::CHECKPOINT_SIZES, &layout::checkpoint_sizes(&list))?;
    if whole && wrong.is_empty() {
        return Ok(());
    }
    let mut staging = store.stage();
    wrong
        .iter()
        .try_for_each(|tile| staging.put(tile.id().path(), &tile.to_bytes()))?;
    stage_checkpoint(&mut staging, head, sizes, true)?;
    staging.publish()
}
