//! Files that follow from others: a roll's tiles, older partial files, files named by hash.

use sha2::{Digest as _, Sha256};
use symbolon_election::ElectionId;
use symbolon_ledger::{Findings, RollSource, Rule, Unread, layout};
use symbolon_tlog::{Tile, TreeWriter, leaf_hash, parse_tile_number};

use crate::source::Source;
use crate::transcript::LogTranscript;
use crate::tree::compare;

/// The most bytes of a file named by its hash that no statement bounds.
const MAX_CONTENT: u64 = 1 << 30;
/// The most bytes of a file of tiles, bundles or leaves.
const MAX_NUMBERED: u64 = 256 * (2 + 65_535);

/// Recomputes the hash tiles of a roll from its leaves and compares each. What is wrong with the
/// leaves themselves the verifier has found.
pub(crate) fn check_roll(
    transcript: &mut LogTranscript<'_>,
    election: &ElectionId,
    size: u32,
    findings: &mut Findings,
) {
    let prefix = format!("{}/{election}/", layout::ROLL);
    let mut tree = TreeWriter::new();
    let mut from = 0;
    while from < size {
        let Ok(leaves) = transcript.leaves(election, from, size - from) else {
            return;
        };
        from += u32::try_from(leaves.len()).unwrap_or(size);
        let mut full: Vec<Tile> = Vec::new();
        for leaf in leaves {
            tree.push(leaf_hash(leaf.as_bytes()), |tile| full.push(tile));
        }
        for tile in full {
            compare(
                transcript.source,
                &tile,
                &prefix,
                Rule::RollFileAltered,
                findings,
            );
        }
    }
    for tile in tree.partial_tiles() {
        compare(
            transcript.source,
            &tile,
            &prefix,
            Rule::RollFileAltered,
            findings,
        );
    }
}

/// Compares files that were written while a tile, a bundle or a file of leaves was filling with
/// what it holds now, where the source can list its files. `size_at` gives how many elements a
/// numbered folder has by now; files beyond that are nobody's yet. Beside a file that was found
/// altered before, nothing can be said of the older ones.
pub(crate) fn check_partials(
    source: &mut dyn Source,
    folder: &str,
    rule: Rule,
    size_at: impl Fn(&str) -> Option<u64>,
    found: &Findings,
    findings: &mut Findings,
) {
    let files = match source.list(folder) {
        Ok(files) => files.unwrap_or_default(),
        Err(unread) => return findings.unread(unread),
    };
    for path in files.iter().filter(|path| path.contains(".p/")) {
        let Some((row, number)) = split(path) else {
            continue;
        };
        let (Some(size), Ok((index, width))) = (size_at(row), parse_tile_number(number)) else {
            continue;
        };
        let now = size.saturating_sub(index.saturating_mul(256)).min(256);
        // The newest one was compared as itself.
        if u64::from(width) >= now {
            continue;
        }
        let wider = match now {
            256 => path[..path.len() - format!(".p/{width}").len()].to_owned(),
            now => path.replace(&format!(".p/{width}"), &format!(".p/{now}")),
        };
        if found.blames(&wider) || findings.blames(&wider) {
            continue;
        }
        match check_prefix(source, path, &wider, row.ends_with("entries"), width) {
            Ok(true) => {}
            Ok(false) => findings.file(rule, path, "not the beginning of what filled it later"),
            Err(unread) => findings.unread(unread),
        }
    }
}

/// Splits a path into its row of files and the number within.
fn split(path: &str) -> Option<(&str, &str)> {
    let at = path.rfind("/entries/").map(|at| at + "/entries".len());
    let at = at.or_else(|| path.rfind("/leaves/").map(|at| at + "/leaves".len()));
    let level = || {
        let tile = path.rfind("tile/")? + "tile/".len();
        Some(tile + path[tile..].find('/')?)
    };
    let at = at.or_else(level)?;
    Some((&path[..at], path.get(at + 1..)?))
}

fn check_prefix(
    source: &mut dyn Source,
    path: &str,
    wider: &str,
    is_bundle: bool,
    width: u16,
) -> Result<bool, Unread> {
    let older = source.read(path, MAX_NUMBERED)?;
    let newer = source.read(wider, MAX_NUMBERED)?;
    let whole = match is_bundle {
        true => symbolon_tlog::decode_bundle(&older, width).is_ok(),
        false => older.len() == usize::from(width) * 32,
    };
    Ok(whole && newer.starts_with(&older))
}

/// Compares every file named by its hash, where the source can list its files.
pub(crate) fn check_contents(source: &mut dyn Source, findings: &mut Findings) {
    let files = match source.list(layout::CONTENT) {
        Ok(files) => files.unwrap_or_default(),
        Err(unread) => return findings.unread(unread),
    };
    for path in files {
        let name = path.strip_prefix("content/").unwrap_or_default();
        let is_hash = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_hash {
            continue;
        }
        match source.read(&path, MAX_CONTENT) {
            Err(unread) => findings.unread(unread),
            Ok(bytes) if hex::encode(Sha256::digest(&bytes)) == name => {}
            Ok(_) => {
                findings.file(
                    Rule::FileAltered,
                    &path,
                    "not the SHA-256 that it is named by",
                );
            }
        }
    }
}
