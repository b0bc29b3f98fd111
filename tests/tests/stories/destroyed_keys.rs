//! A key that was rotated away is in no file and nowhere in memory; copies from before open nothing
//! of it without the ring secret that went with it.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use symbolon_crypto::{Secret, keyfile};
use symbolon_keyring::{KeyInfo, KeyState, Purpose, Ring, RingFiles};
use symbolon_store::{LocalStore, Options, Store};
use symbolon_vault::inspection::Inspection;

use crate::house::{Daemon, House, attributes};

const PEOPLE: u64 = 12;
/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;

/// What a vault's disk held.
struct Disk<'a>(&'a House, &'static str);

impl Disk<'_> {
    fn path(&self, name: &str) -> String {
        self.0.path(&format!("{}/{name}", self.1))
    }

    fn ring(&self) -> Result<Ring, symbolon_keyring::Error> {
        let passphrase = keyfile::read_passphrase(self.0.path("passphrase").as_ref());
        let files = RingFiles::new(self.path("ring"), self.path("ring-secret"));
        files.unseal(&passphrase.unwrap())
    }

    /// What a ring opens of the store.
    fn inspect(&self, ring: Ring) -> Inspection {
        let options = Options::new(self.path("store"), self.path("checkpoint"));
        let store: Arc<dyn Store> = Arc::new(LocalStore::open(options).unwrap());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let found = Inspection::of(&store, ring).await.unwrap();
            store.close().await.unwrap();
            found
        })
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

fn value(ring: &Ring, purpose: Purpose) -> Secret<32> {
    let active = |key: &&KeyInfo| key.purpose == purpose && key.state == KeyState::Active;
    let id = ring.keys().find(active).unwrap().id;
    Secret::init_with(|place| place.copy_from_slice(ring.expose(id).unwrap().expose()))
}

/// How often bytes stand in a stretch of a file; what can't be read holds none.
fn times_in(file: &File, range: std::ops::Range<u64>, wanted: &[u8]) -> io::Result<usize> {
    let (mut times, mut at) = (0, range.start);
    let mut piece = vec![0; PIECE + wanted.len() - 1];
    while at < range.end {
        let length = piece.len().min((range.end - at) as usize);
        let read = file.read_at(&mut piece[..length], at)?;
        if read == 0 {
            break;
        }
        times += piece[..read]
            .windows(wanted.len())
            .filter(|window| *window == wanted)
            .count();
        at += PIECE as u64;
    }
    Ok(times)
}

/// How often bytes stand in a process's memory.
fn times_in_memory(daemon: &Daemon, wanted: &[u8]) -> usize {
    let maps = fs::read_to_string(format!("/proc/{}/maps", daemon.id())).unwrap();
    let memory = File::open(format!("/proc/{}/mem", daemon.id())).unwrap();
    let mut times = 0;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        let (start, end) = range.split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let special = line.ends_with("[vvar]") || line.ends_with("[vsyscall]");
        if rights.starts_with('r') && !special {
            times += times_in(&memory, number(start)..number(end), wanted).unwrap_or(0);
        }
    }
    times
}

/// How often bytes stand in the files of a folder.
fn times_in_files(folder: &Path, wanted: &[u8]) -> usize {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let times = entries.map(|path| match path.is_dir() {
        true => times_in_files(&path, wanted),
        false => {
            let file = File::open(&path).unwrap();
            let length = file.metadata().unwrap().len();
            times_in(&file, 0..length, wanted).unwrap()
        }
    });
    times.sum()
}

fn rotate(house: &House, key: &str) {
    house.decide(&["rotate-key", key, "--share", "100"]);
    house.symbolon("officer-one", &["keys", "watch"]);
}

#[test]
fn a_destroyed_key_is_nowhere_and_copies_from_before_open_nothing_of_it() {
    let house = House::build();
    let vault = house.start_vault();
    for person in 0..PEOPLE {
        let attributes = attributes(person);
        let named = attributes
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let named: Vec<_> = named.collect();
        let mut args = vec!["person", "register"];
        args.extend(named.iter().flat_map(|one| ["--attribute", one.as_str()]));
        house.symbolon("portal-main", &args);
    }
    vault.stop();
    let (now, before) = (Disk(&house, "vault"), Disk(&house, "copy"));
    copy(house.path("vault").as_ref(), house.path("copy").as_ref());
    let ring = before.ring().unwrap();
    let keys = [Purpose::Index, Purpose::Sealing].map(|purpose| value(&ring, purpose));
    drop(ring);

    let vault = house.start_vault();
    for key in &keys {
        assert!(times_in_memory(&vault, key.expose()) > 0);
        assert_eq!(times_in_files(house.root(), key.expose()), 0);
    }
    rotate(&house, "index");
    rotate(&house, "sealing");
    for key in &keys {
        assert_eq!(times_in_memory(&vault, key.expose()), 0);
        assert_eq!(times_in_files(house.root(), key.expose()), 0);
        // The scan of files finds what is in one.
        fs::write(
            house.path("planted"),
            [&[7; 100], key.expose().as_slice()].concat(),
        )
        .unwrap();
        assert_eq!(times_in_files(house.root(), key.expose()), 1);
        fs::remove_file(house.path("planted")).unwrap();
    }
    vault.stop();

    assert!(now.inspect(now.ring().unwrap()).is_sound());
    let old_store = before.inspect(now.ring().unwrap());
    assert_eq!((old_store.records, old_store.unopened), (PEOPLE, PEOPLE));
    // With everything from before it opens: so such copies have to be destroyed.
    assert!(before.inspect(before.ring().unwrap()).is_sound());
    fs::copy(now.path("ring-secret"), before.path("ring-secret")).unwrap();
    assert!(before.ring().is_err());
}
