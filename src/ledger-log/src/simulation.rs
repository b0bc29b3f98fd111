//! A disk that forgets what wasn't synced, and a log that dies at each of its steps.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use symbolon_ledger::layout;
use symbolon_tlog::{
    KeyKind, LogKey, TreeWriter, encode_bundle, leaf_hash, parse_tile_number, verify_inclusion,
};

use crate::disk::Disk;
use crate::{Log, LogError, LogReader};

#[derive(Clone, Copy, PartialEq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Clone, Default)]
struct Inode {
    live: Vec<u8>,
    durable: Option<Vec<u8>>,
}

/// Names by folder.
type Names = BTreeMap<String, BTreeMap<String, Node>>;

#[derive(Clone, Default)]
struct State {
    live: Names,
    durable: Names,
    inodes: Vec<Inode>,
    steps: usize,
    /// From this step on everything fails: the process has died.
    dies_at: Option<usize>,
    full: bool,
}

#[derive(Default)]
pub(crate) struct SimulatedDisk(Mutex<State>);

/// How a process ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Crash {
    /// The process dies, the system lives on.
    Kill,
    /// Power is lost: of what wasn't synced, this seed decides what is left.
    Power(u64),
}

fn split(path: &str) -> (String, String) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    (folder.to_owned(), name.to_owned())
}

fn absent() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl State {
    fn node(&self, path: &str) -> Option<Node> {
        let (folder, name) = split(path);
        self.live.get(&folder)?.get(&name).copied()
    }

    fn file(&self, path: &str) -> io::Result<usize> {
        match self.node(path) {
            Some(Node::File(inode)) => Ok(inode),
            _ => Err(absent()),
        }
    }

    fn folder(&mut self, path: &str) -> io::Result<&mut BTreeMap<String, Node>> {
        if !path.is_empty() && self.node(path) != Some(Node::Folder) {
            return Err(absent());
        }
        Ok(self.live.entry(path.to_owned()).or_default())
    }
}

impl SimulatedDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn step(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.steps += 1;
        match state.dies_at {
            Some(last) if state.steps > last => Err(io::Error::other("dead")),
            _ => Ok(state),
        }
    }

    pub(crate) fn dying_at(self, step: usize) -> Self {
        self.state().dies_at = Some(step);
        self
    }

    pub(crate) fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    pub(crate) fn steps(&self) -> usize {
        self.state().steps
    }

    /// What the next process finds.
    pub(crate) fn after(&self, crash: Crash) -> Self {
        let old = self.state().clone();
        let mut new = State {
            inodes: old.inodes.clone(),
            live: old.live.clone(),
            ..State::default()
        };
        if let Crash::Power(mut seed) = crash {
            for inode in &mut new.inodes {
                inode.live = forget(inode, &mut seed);
            }
            new.live = Names::new();
            keep(&old, "", &mut seed, &mut new.live);
        }
        new.durable = new.live.clone();
        new.inodes
            .iter_mut()
            .for_each(|inode| inode.durable = Some(inode.live.clone()));
        Self(Mutex::new(new))
    }
}

fn random(seed: &mut u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

fn forget(inode: &Inode, seed: &mut u64) -> Vec<u8> {
    match (&inode.durable, random(seed) % 4) {
        (Some(durable), _) if *durable == inode.live => durable.clone(),
        (_, 0) => inode.live.clone(),
        (_, 1) => inode.live[..inode.live.len() / 2].to_vec(),
        (_, 2) => vec![0; inode.live.len()],
        (durable, _) => durable.clone().unwrap_or_default(),
    }
}

/// What is left of a folder and of those in it; a folder whose name is lost is lost whole.
fn keep(old: &State, folder: &str, seed: &mut u64, kept: &mut Names) {
    let names = names(old, folder, seed);
    let folders = names.iter().filter(|(_, node)| **node == Node::Folder);
    let folders: Vec<_> = folders.map(|(name, _)| name.clone()).collect();
    kept.insert(folder.to_owned(), names);
    for name in folders {
        let path = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        keep(old, &path, seed, kept);
    }
}

/// Each name that differs between memory and disk is as the one or as the other.
fn names(state: &State, folder: &str, seed: &mut u64) -> BTreeMap<String, Node> {
    let none = BTreeMap::new();
    let live = state.live.get(folder).unwrap_or(&none);
    let durable = state.durable.get(folder).unwrap_or(&none);
    let all = live
        .keys()
        .chain(durable.keys())
        .cloned()
        .collect::<std::collections::BTreeSet<_>>();
    let pick = |name: String| {
        let side = if random(seed).is_multiple_of(2) {
            live
        } else {
            durable
        };
        side.get(&name).map(|node| (name, *node))
    };
    all.into_iter().filter_map(pick).collect()
}

impl Disk for SimulatedDisk {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let state = self.state();
        Ok(state
            .file(path)
            .ok()
            .map(|inode| state.inodes[inode].live.clone()))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut state = self.state();
        Ok(state
            .folder(dir)
            .map(|folder| folder.keys().cloned().collect())
            .unwrap_or_default())
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.step()?;
        let (parent, name) = split(dir);
        state.folder(&parent)?.insert(name, Node::Folder);
        state.live.entry(dir.to_owned()).or_default();
        Ok(())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.step()?;
        if state.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let inode = state.file(path).unwrap_or(state.inodes.len());
        if inode == state.inodes.len() {
            state.inodes.push(Inode::default());
        }
        state.inodes[inode].live = bytes.to_vec();
        let (parent, name) = split(path);
        state.folder(&parent)?.insert(name, Node::File(inode));
        Ok(())
    }

    fn sync(&self, paths: &[&str]) -> io::Result<()> {
        paths.iter().try_for_each(|path| {
            let mut state = self.step()?;
            let inode = state.file(path)?;
            let inode = &mut state.inodes[inode];
            inode.durable = Some(inode.live.clone());
            Ok(())
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.step()?;
        let inode = state.file(from)?;
        let ((old, name), (new, named)) = (split(from), split(to));
        state.folder(&new)?.insert(named, Node::File(inode));
        state.folder(&old)?.remove(&name);
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.step()?;
        let names = state.folder(dir)?.clone();
        state.durable.insert(dir.to_owned(), names);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.step()?;
        state.file(path)?;
        let (folder, name) = split(path);
        state.folder(&folder)?.remove(&name);
        Ok(())
    }
}

pub(crate) fn key() -> LogKey {
    LogKey::new("log.example/test", &[7; 32]).unwrap()
}

pub(crate) fn witness() -> LogKey {
    LogKey::new("witness.example", &[8; 32]).unwrap()
}

/// A canonical entry: a cancellation that nobody signed.
pub(crate) fn entry(n: u32) -> Vec<u8> {
    let mut bytes = vec![0x06, 0];
    bytes.extend_from_slice(leaf_hash(&n.to_be_bytes()).as_bytes());
    bytes
}

pub(crate) fn entries(range: std::ops::Range<u32>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

pub(crate) fn open<D: Disk>(disk: D, now: u64) -> Result<Log<D>, LogError> {
    Log::open(
        disk,
        key(),
        vec![witness().verifier(KeyKind::CosignatureV1)],
        now,
    )
}

/// What a process was told before it died.
#[derive(Default)]
struct Told {
    /// Each entry and its index.
    entries: Vec<(Vec<u8>, u64)>,
    cosigned: Vec<u64>,
    beat: u64,
}

const BATCHES: [std::ops::Range<u32>; 6] = [0..3, 2..250, 250..256, 256..261, 261..530, 530..531];

/// Appends all batches, one second apart, with a witness and a heartbeat between.
fn work(disk: SimulatedDisk, told: &mut Told) -> (SimulatedDisk, Result<(), LogError>) {
    let disk = Arc::new(disk);
    let done = work_on(disk.clone(), told);
    (Arc::into_inner(disk).unwrap(), done)
}

fn work_on(disk: Arc<SimulatedDisk>, told: &mut Told) -> Result<(), LogError> {
    let mut log = open(disk, 100)?;
    for (now, batch) in (101..).zip(BATCHES) {
        let batch = entries(batch);
        let indices = log.append_batch(&batch, now)?;
        told.entries.extend(batch.into_iter().zip(indices));
        if now % 2 == 0 {
            let line = witness()
                .cosign(log.checkpoint().note().text(), now)?
                .to_line();
            log.add_cosignature(log.size(), &line)?;
            told.cosigned.push(log.size());
            log.heartbeat(now + 1)?;
            told.beat = now + 1;
        }
    }
    Ok(())
}

/// Everything told is there, and every file is what the entries make it.
fn check(disk: &Arc<SimulatedDisk>, told: &Told) {
    let reader = LogReader::new(disk.clone());
    let head = reader.checkpoint().unwrap();
    head.verify(&key().verifier(KeyKind::Ed25519)).unwrap();
    let (size, root) = (head.checkpoint().size(), *head.checkpoint().root());
    assert!(
        head.last_cosigned_at(&key().verifier(KeyKind::CosignatureV1))
            .unwrap()
            >= Some(told.beat)
    );
    let mut tree = TreeWriter::new();
    let mut tiles = Vec::new();
    let all = reader.entries(0, usize::MAX, size).unwrap();
    all.iter()
        .for_each(|entry| tree.push(leaf_hash(entry), |tile| tiles.push(tile)));
    assert_eq!((tree.size(), tree.root()), (size, root));
    tiles.extend(tree.partial_tiles());
    tiles
        .iter()
        .for_each(|tile| assert!(reader.exact(tile).unwrap(), "{}", tile.id().path()));
    for (entry, index) in &told.entries {
        assert_eq!(&all[usize::try_from(*index).unwrap()], entry);
    }
    if let Some((entry, index)) = told.entries.last() {
        let proof = reader.inclusion_proof(*index, size).unwrap();
        verify_inclusion(&leaf_hash(entry), *index, size, &proof, &root).unwrap();
    }
    for size in &told.cosigned {
        let known = reader.checkpoint_at(*size).unwrap();
        assert!(
            known
                .cosigned_at(&witness().verifier(KeyKind::CosignatureV1))
                .unwrap()
                .is_some()
        );
    }
    check_rows(disk, &all);
    let sizes = disk.read(layout::CHECKPOINT_SIZES).unwrap().unwrap();
    assert_eq!(
        String::from_utf8(sizes).unwrap(),
        layout::checkpoint_sizes(&reader.sizes().unwrap())
    );
}

/// Every bundle and tile of leaves, also those of older sizes, is what the entries make it.
fn check_rows(disk: &Arc<SimulatedDisk>, all: &[Vec<u8>]) {
    let state = disk.state().clone();
    let files = state.live.iter().flat_map(|(folder, names)| {
        names
            .iter()
            .map(move |(name, node)| (format!("{folder}/{name}"), *node))
    });
    for (path, node) in files {
        let place = path
            .strip_prefix("tile/")
            .and_then(|rest| rest.split_once('/'));
        let (Node::File(inode), Some((kind, number))) = (node, place) else {
            continue;
        };
        let (index, width) = parse_tile_number(number).unwrap();
        let start = usize::try_from(index).unwrap() * 256;
        let row = all.get(start..start + usize::from(width));
        let expected = match kind {
            "entries" => encode_bundle(row.expect(&path)).unwrap(),
            "0" => row
                .expect(&path)
                .iter()
                .flat_map(|entry| *leaf_hash(entry).as_bytes())
                .collect(),
            _ => continue,
        };
        assert_eq!(state.inodes[inode].live, expected, "{path}");
    }
}

fn finish(disk: SimulatedDisk, mut told: Told) {
    let disk = Arc::new(disk);
    drop(open(disk.clone(), 90).unwrap());
    check(&disk, &told);
    work_on(disk.clone(), &mut told).unwrap();
    check(&disk, &told);
    assert_eq!(
        LogReader::new(disk)
            .checkpoint()
            .unwrap()
            .checkpoint()
            .size(),
        531
    );
}

fn crashes(step: usize) -> [Crash; 4] {
    let seed = u64::try_from(step).unwrap();
    [
        Crash::Kill,
        Crash::Power(seed),
        Crash::Power(seed + 1000),
        Crash::Power(seed + 2000),
    ]
}

fn steps_of_all_work() -> usize {
    let (disk, done) = work(SimulatedDisk::default(), &mut Told::default());
    done.unwrap();
    disk.steps()
}

#[test]
fn a_crash_at_any_step_loses_nothing_acknowledged() {
    let steps = steps_of_all_work();
    assert!(steps > 200, "{steps}");
    for step in 0..steps {
        for crash in crashes(step) {
            let mut told = Told::default();
            let (disk, done) = work(SimulatedDisk::default().dying_at(step), &mut told);
            assert!(done.is_err());
            finish(disk.after(crash), told);
        }
    }
}

#[test]
fn a_crash_during_recovery_loses_nothing_either() {
    let steps = steps_of_all_work();
    for step in (0..steps).step_by(13) {
        for crash in crashes(step) {
            let mut told = Told::default();
            let (disk, _) = work(SimulatedDisk::default().dying_at(step), &mut told);
            for again in (0..16).step_by(2) {
                let second = disk.after(crash).dying_at(again);
                let disk = Arc::new(second);
                drop(open(disk.clone(), 90));
                let told = Told {
                    entries: told.entries.clone(),
                    cosigned: told.cosigned.clone(),
                    beat: told.beat,
                };
                finish(disk.after(crash), told);
            }
        }
    }
}

#[test]
fn a_disk_that_syncs_nothing_would_be_noticed() {
    // The control: had the log not synced, the simulation would lose what was told.
    let mut told = Told::default();
    let (disk, done) = work(SimulatedDisk::default(), &mut told);
    done.unwrap();
    disk.state().durable.clear();
    disk.state()
        .inodes
        .iter_mut()
        .for_each(|inode| inode.durable = None);
    let lost = (0..20).any(|seed| {
        let disk = Arc::new(disk.after(Crash::Power(seed)));
        let size = LogReader::new(disk)
            .checkpoint()
            .map(|head| head.checkpoint().size());
        size.ok() != Some(531)
    });
    assert!(lost);
}

#[test]
fn a_full_disk_refuses_and_the_log_goes_on_when_there_is_room() {
    let disk = Arc::new(SimulatedDisk::default());
    let mut log = open(disk.clone(), 100).unwrap();
    log.append_batch(&entries(0..5), 101).unwrap();
    disk.set_full(true);
    assert!(matches!(
        log.append_batch(&entries(5..9), 102),
        Err(LogError::Full)
    ));
    assert_eq!(log.size(), 5);
    disk.set_full(false);
    assert_eq!(log.append_batch(&entries(5..9), 103).unwrap(), [5, 6, 7, 8]);
    check(&disk, &Told::default());
}

#[test]
fn after_a_failed_write_the_log_takes_nothing_more() {
    let disk = Arc::new(SimulatedDisk::default());
    let mut log = open(disk.clone(), 100).unwrap();
    let steps = disk.steps();
    disk.state().dies_at = Some(steps + 6);
    assert!(matches!(
        log.append_batch(&entries(0..5), 101),
        Err(LogError::Indeterminate(_))
    ));
    disk.state().dies_at = None;
    assert!(matches!(
        log.append_batch(&entries(0..5), 102),
        Err(LogError::Stopped)
    ));
    assert!(matches!(log.heartbeat(103), Err(LogError::Stopped)));
}
