//! The vault's store beside bare sled with as many rows of the same sizes.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use clap::Parser;
use symbolon_store::{KeyRange, LocalStore, Options, Store};
use symbolon_tests::house::Plan;
use tempfile::TempDir;

use crate::{
    city::City,
    process::{disk_bytes, peak_mib},
    row::{Aim, Bench, Series},
};

const BOUND: f64 = 1.2;
const CACHE_MIB: u64 = 256;
/// Rows that are written to bare sled at a time: as many as the store's own batches hold.
const BATCH: usize = 1024;
/// Rows that are read after opening, so that the cache is in use.
const READ: usize = 500_000;
const MIB: u64 = 1024 * 1024;

/// A store to be opened by a process of its own.
#[derive(Clone, Debug, Parser)]
pub(crate) struct OpenStore {
    /// The store's checkpoint file; bare sled has none.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    folder: PathBuf,
}

pub(crate) fn run(bench: &mut Bench) {
    let sizes: &[u64] = bench.size(&[100_000, 1_000_000, 4_000_000], &[20_000]);
    let mut city = City::found(Plan {
        cache_mib: CACHE_MIB,
        ..Plan::default()
    });
    for size in sizes {
        city.fill(*size, 1);
        city.stop();
        compare(bench, &city, *size);
    }
}

fn compare(bench: &mut Bench, city: &City, people: u64) {
    let store = PathBuf::from(city.house.path("vault/store"));
    let checkpoint = PathBuf::from(city.house.path("vault/checkpoint"));
    let bare = bare_twin(&store.join("sled"));
    let beside = "bare sled with the same rows";
    let row = |name: &str, unit| {
        let name = format!("store of {people} people, {name}");
        let mut series = Series::new(name, unit, beside, Aim::AtMost(BOUND));
        series.note(format!(
            "people filled in below the stretch; cache {CACHE_MIB} MiB"
        ));
        series
    };
    let mut bytes = row("disk", "B/person");
    let a_person = |folder: &Path| disk_bytes(folder) as f64 / people as f64;
    bytes.push(a_person(&store), a_person(bare.path()));
    let (mut open, mut peak) = (
        row("opening", "ms"),
        row("peak memory of opening and reading", "MiB"),
    );
    for _ in 0..bench.repetitions() {
        let ours = opened(&store, Some(&checkpoint));
        let theirs = opened(bare.path(), None);
        open.push(ours.0, theirs.0);
        peak.push(ours.1, theirs.1);
    }
    bench.row(bytes);
    bench.row(open);
    bench.row(peak);
}

/// A database with the same rows, written in the order of their keys.
fn bare_twin(database: &Path) -> TempDir {
    let twin = tempfile::tempdir().unwrap();
    let (from, to) = (bare(database), bare(twin.path()));
    let (mut batch, mut rows) = (sled::Batch::default(), 0);
    for row in &*from {
        let (key, value) = row.unwrap();
        batch.insert(key, value);
        rows += 1;
        if rows % BATCH == 0 {
            to.apply_batch(std::mem::take(&mut batch)).unwrap();
            to.flush().unwrap();
        }
    }
    to.apply_batch(batch).unwrap();
    to.flush().unwrap();
    twin
}

/// sled with the settings that the store gives it.
fn bare(folder: &Path) -> sled::Db {
    sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_MIB * MIB)
        .mode(sled::Mode::HighThroughput)
        .segment_size(2 * MIB as usize)
        .flush_every_ms(None)
        .open()
        .unwrap()
}

/// Milliseconds that opening takes, and the most memory in MiB, in a process of its own.
fn opened(folder: &Path, checkpoint: Option<&Path>) -> (f64, f64) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("open-store").arg(folder);
    if let Some(checkpoint) = checkpoint {
        command.arg("--checkpoint").arg(checkpoint);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let (time, peak) = told.trim().split_once(' ').unwrap();
    (time.parse().unwrap(), peak.parse().unwrap())
}

/// Opens a store, reads some of it, and tells how long opening took and how much memory the
/// process ever had.
pub(crate) fn open(store: &OpenStore) {
    let begun = Instant::now();
    let took = match &store.checkpoint {
        Some(checkpoint) => {
            let options = Options::new(&store.folder, checkpoint).cache(CACHE_MIB * MIB);
            let opened = LocalStore::open(options).unwrap();
            let took = begun.elapsed();
            read_store(&opened);
            took
        }
        None => {
            let opened = bare(&store.folder);
            let took = begun.elapsed();
            assert!(opened.iter().take(READ).all(|row| row.is_ok()));
            took
        }
    };
    let peak = peak_mib(std::process::id());
    println!("{} {peak}", took.as_secs_f64() * 1000.0);
}

fn read_store(store: &LocalStore) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (mut range, mut read) = (KeyRange::all(), 0);
    while read < READ {
        let rows = runtime.block_on(store.scan(range, BATCH)).unwrap();
        let Some(last) = rows.last() else { return };
        range = KeyRange::all().after(last.key.clone());
        read += rows.len();
    }
}
