//! Writes a scripted election as a public log's folder, as a log's owner does, and serves it.
#![allow(dead_code, unreachable_pub)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use symbolon_ledger::layout;
use symbolon_tlog::{Checkpoint, Tile, TreeWriter, append, encode_bundle, leaf_hash};

use crate::support::{ORIGIN, Script, log_key};

/// A public log's folder.
pub struct PublicLog {
    dir: tempfile::TempDir,
    tree: TreeWriter,
    entries: Vec<Vec<u8>>,
    sizes: Vec<u64>,
    newest: BTreeSet<String>,
}

impl PublicLog {
    /// The whole of a script, with a checkpoint at the end of each second.
    pub fn publish(script: &Script) -> Self {
        let mut log = Self::begin(script);
        log.append(script, script.entries.len());
        log
    }

    /// Rolls and files, and no entry yet.
    pub fn begin(script: &Script) -> Self {
        let mut log = Self {
            dir: tempfile::tempdir().unwrap(),
            tree: TreeWriter::new(),
            entries: Vec::new(),
            sizes: Vec::new(),
            newest: BTreeSet::new(),
        };
        for (name, bytes) in &script.files {
            log.write(&layout::content(name.as_bytes()), bytes);
        }
        log.write_rolls(script);
        log
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// A file's path within the log.
    pub fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.root())
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// The files of the right edge.
    pub fn newest(&self) -> &BTreeSet<String> {
        &self.newest
    }

    /// Appends the next entries of a script, a checkpoint for each second of theirs.
    pub fn append(&mut self, script: &Script, count: usize) {
        let from = self.entries.len();
        let until = script.entries.len().min(from + count);
        for second in script.entries[from..until].chunk_by(|a, b| a.1 == b.1) {
            let entries: Vec<_> = second.iter().map(|(entry, _)| entry.clone()).collect();
            self.append_batch(entries, second[0].1);
        }
    }

    fn append_batch(&mut self, entries: Vec<Vec<u8>>, time: u64) {
        let first = self.entries.len() / 256;
        let tiles = append(&mut self.tree, entries.iter().map(|entry| leaf_hash(entry)));
        self.entries.extend(entries);
        self.newest.retain(|name| !name.starts_with("tile/"));
        for tile in tiles {
            self.write_new(&tile.id().path(), &tile.to_bytes());
        }
        for (at, bundle) in self.entries.clone().chunks(256).enumerate().skip(first) {
            let path = layout::entries(at as u64, u16::try_from(bundle.len()).unwrap());
            self.write_new(&path, &encode_bundle(bundle).unwrap());
        }
        let checkpoint = Checkpoint::new(ORIGIN, self.size(), self.tree.root()).unwrap();
        let text = checkpoint.sign(&log_key(), time).unwrap().to_text();
        self.sizes.push(self.size());
        self.write(&layout::checkpoint(self.size()), text.as_bytes());
        self.write(
            layout::CHECKPOINT_SIZES,
            layout::checkpoint_sizes(&self.sizes).as_bytes(),
        );
        self.write(layout::CHECKPOINT, text.as_bytes());
    }

    /// Every roll statement's files, the older partial ones too.
    fn write_rolls(&mut self, script: &Script) {
        let election = script.id().to_string();
        let mut tree = TreeWriter::new();
        for size in roll_sizes(script) {
            let from = tree.size() as usize;
            let added = &script.roll[from..size];
            let tiles: Vec<Tile> = append(
                &mut tree,
                added.iter().map(|leaf| leaf_hash(leaf.as_bytes())),
            );
            self.newest.retain(|name| !name.starts_with("roll/"));
            for tile in tiles {
                let id = tile.id();
                let path = layout::roll_tile(&election, id.level(), id.index(), id.width());
                self.write_new(&path, &tile.to_bytes());
            }
            for (at, leaves) in script.roll[..size].chunks(256).enumerate().skip(from / 256) {
                let bytes: Vec<u8> = leaves.iter().flat_map(|leaf| *leaf.as_bytes()).collect();
                let width = u16::try_from(leaves.len()).unwrap();
                self.write_new(&layout::roll_leaves(&election, at as u64, width), &bytes);
            }
        }
    }

    fn write_new(&mut self, path: &str, bytes: &[u8]) {
        self.newest.insert(path.to_owned());
        self.write(path, bytes);
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let target = self.root().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }

    /// Puts another log's files in place of this one's.
    pub fn replace_by(&self, other: &Self) {
        for entry in fs::read_dir(self.root()).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => fs::remove_dir_all(path).unwrap(),
                false => fs::remove_file(path).unwrap(),
            }
        }
        for path in files(other.root()) {
            self.write(&other.name(&path), &fs::read(&path).unwrap());
        }
    }
}

/// The sizes that a script's roll statements name.
fn roll_sizes(script: &Script) -> Vec<usize> {
    let mut sizes = Vec::new();
    for (entry, _) in &script.entries {
        if let Ok(symbolon_election::Entry::RollStatement(it)) =
            symbolon_election::Entry::decode(entry)
        {
            sizes.push(it.statement.size as usize);
        }
    }
    sizes
}

/// All files below a folder, sorted.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

/// Serves a folder on loopback, as any static web server does; returns its address.
pub fn serve(root: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (root, connection) = (root.clone(), connection.unwrap());
            thread::spawn(move || answer(&root, connection));
        }
    });
    address
}

fn answer(root: &Path, mut connection: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    loop {
        let mut request = String::new();
        reader.read_line(&mut request).ok()?;
        let path = request
            .split(' ')
            .nth(1)?
            .trim_start_matches('/')
            .to_owned();
        loop {
            let mut header = String::new();
            reader.by_ref().read_line(&mut header).ok()?;
            if header.trim().is_empty() {
                break;
            }
        }
        let (status, body) = match fs::read(root.join(path)) {
            Ok(body) => ("200 OK", body),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all(head.as_bytes()).ok()?;
        connection.write_all(&body).ok()?;
    }
}
