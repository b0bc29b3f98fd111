//! The checkpoints of a log: read, and held against what the entries give.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use symbolon_ledger::{Findings, Gap, Rule, Sighting, Timeline, Unread, layout};
use symbolon_tlog::{Hash, MAX_NOTE, SignedCheckpoint, VerifierKey};

use crate::keys::Keys;
use crate::source::Source;

/// How many bytes the list of sizes may have.
const MAX_SIZES: u64 = 16 << 20;

/// How many of the newest checkpoints are read anew each time.
const READ_AGAIN: usize = 64;

/// All checkpoints that a source shows, by size; the latest one may stand there twice.
#[derive(Default)]
pub(crate) struct Heads {
    by_size: BTreeMap<u64, Vec<Head>>,
    /// Times worked out already: elections of one log mostly share their keys.
    timelines: RefCell<Vec<(Keys, Timeline)>>,
}

#[derive(Clone)]
struct Head {
    path: String,
    note: SignedCheckpoint,
}

impl Heads {
    /// Reads every checkpoint of a log; of those that were read before only the newest.
    pub(crate) fn read(
        source: &mut dyn Source,
        origin: Option<&str>,
        before: Option<&Self>,
        findings: &mut Findings,
    ) -> Self {
        let mut heads = Self::default();
        let mut sizes = sizes(source, findings);
        if let Some(before) = before {
            heads.reuse(before, &mut sizes);
        }
        if let Some(size) = heads.take(source, layout::CHECKPOINT, None, findings) {
            sizes.insert(size);
        }
        for size in sizes {
            heads.take(source, &layout::checkpoint(size), Some(size), findings);
        }
        heads.check_origin(origin, findings);
        heads
    }

    /// Takes over what was read before, but for the newest, which may gain cosignatures.
    fn reuse(&mut self, before: &Self, sizes: &mut BTreeSet<u64>) {
        let settled = before.by_size.len().saturating_sub(READ_AGAIN);
        for (size, heads) in before.by_size.iter().take(settled) {
            let path = layout::checkpoint(*size);
            let kept: Vec<Head> = heads
                .iter()
                .filter(|head| head.path == path)
                .cloned()
                .collect();
            if !kept.is_empty() && sizes.remove(size) {
                self.by_size.insert(*size, kept);
            }
        }
    }

    fn take(
        &mut self,
        source: &mut dyn Source,
        path: &str,
        size: Option<u64>,
        findings: &mut Findings,
    ) -> Option<u64> {
        let bytes = match source.read(path, MAX_NOTE as u64) {
            Ok(bytes) => bytes,
            Err(unread) => {
                findings.unread(unread);
                return None;
            }
        };
        let note = match SignedCheckpoint::parse(&bytes) {
            Ok(note) => note,
            Err(error) => {
                findings.file(Rule::CheckpointMalformed, path, error.to_string());
                return None;
            }
        };
        let stated = note.checkpoint().size();
        if size.is_some_and(|size| size != stated) {
            let detail = format!("the checkpoint in it is of size {stated}");
            findings.file(Rule::CheckpointRoot, path, detail);
            return None;
        }
        self.by_size.entry(stated).or_default().push(Head {
            path: path.to_owned(),
            note,
        });
        Some(stated)
    }

    fn check_origin(&mut self, origin: Option<&str>, findings: &mut Findings) {
        let Some(origin) = origin.or(self.origin()).map(str::to_owned) else {
            return;
        };
        for head in self.by_size.values().flatten() {
            let stated = head.note.checkpoint().origin();
            if stated != origin {
                let detail = format!("of the log {stated}, not {origin}");
                findings.file(Rule::CheckpointOrigin, &head.path, detail);
            }
        }
        for heads in self.by_size.values_mut() {
            heads.retain(|head| head.note.checkpoint().origin() == origin);
        }
        self.by_size.retain(|_, heads| !heads.is_empty());
    }

    /// The origin that the largest checkpoint states.
    pub(crate) fn origin(&self) -> Option<&str> {
        let heads = self.by_size.values().next_back()?;
        Some(heads.first()?.note.checkpoint().origin())
    }

    /// The size of the largest checkpoint.
    pub(crate) fn size(&self) -> u64 {
        self.by_size.keys().next_back().copied().unwrap_or(0)
    }

    /// The sizes at which there is a checkpoint.
    pub(crate) fn sizes(&self) -> BTreeSet<u64> {
        self.by_size.keys().copied().collect()
    }

    /// The largest checkpoint.
    pub(crate) fn latest(&self) -> Option<&SignedCheckpoint> {
        Some(&self.by_size.values().next_back()?.first()?.note)
    }

    /// The times that follow from the listed cosigners' lines, as far as they verify.
    pub(crate) fn timeline(&self, keys: &Keys) -> Timeline {
        let mut known = self.timelines.borrow_mut();
        if let Some((_, timeline)) = known.iter().find(|(of, _)| of == keys) {
            return timeline.clone();
        }
        let timeline = self.work_out(keys);
        known.push((keys.clone(), timeline.clone()));
        timeline
    }

    fn work_out(&self, keys: &Keys) -> Timeline {
        let mut sightings = Vec::new();
        for head in self.by_size.values().flatten() {
            if head.note.verify(keys.log()).is_err() {
                continue;
            }
            for (cosigner, key) in keys.cosigners().iter().enumerate() {
                if let (Ok(Some(time)), Ok(Some(last))) =
                    (head.note.cosigned_at(key), head.note.last_cosigned_at(key))
                {
                    let size = head.note.checkpoint().size();
                    sightings.push(Sighting {
                        cosigner,
                        size,
                        time,
                        last,
                    });
                }
            }
        }
        Timeline::from_sightings(sightings, keys.quorum())
    }

    /// Compares every checkpoint with the root that the entries give at its size.
    pub(crate) fn check_roots(&self, roots: &BTreeMap<u64, Hash>, findings: &mut Findings) {
        for (size, heads) in &self.by_size {
            // A size that the entries don't reach lacks files, which are named already.
            let Some(root) = roots.get(size) else {
                continue;
            };
            for head in heads
                .iter()
                .filter(|head| head.note.checkpoint().root() != root)
            {
                let detail = format!("its root is not that of the first {size} entries");
                findings.file(Rule::CheckpointRoot, &head.path, detail);
            }
        }
    }

    /// Verifies every line: the log's own on each checkpoint, and that no listed key's is false.
    pub(crate) fn check_signatures(&self, lists: &[Keys], findings: &mut Findings) {
        let logs: Vec<&VerifierKey> = lists.iter().map(Keys::log).collect();
        let mut known: Vec<VerifierKey> = Vec::new();
        for key in lists
            .iter()
            .flat_map(|keys| keys.cosigners().iter().chain([keys.log()]))
        {
            if !known.contains(key) {
                known.push(key.clone());
            }
        }
        for head in self.by_size.values().flatten() {
            if !logs.iter().any(|log| head.note.verify(log).is_ok()) {
                let detail = "not signed by the log's key";
                findings.file(Rule::CheckpointSignature, &head.path, detail);
            }
            head.check_lines(&known, findings);
        }
    }
}

impl Head {
    fn check_lines(&self, known: &[VerifierKey], findings: &mut Findings) {
        for line in self.note.note().signatures() {
            let claiming = known.iter().find(|key| key.claims(line));
            let Some(key) = claiming else {
                findings.gap(Gap::UnknownCosigner {
                    path: self.path.clone(),
                });
                continue;
            };
            if key.verify(self.note.note().text(), line).is_err() {
                let detail = format!("a false signature of {}", key.name());
                findings.file(Rule::CheckpointSignature, &self.path, detail);
            }
        }
    }
}

/// The sizes of all checkpoints: listed by the source itself, by the list file, or both.
fn sizes(source: &mut dyn Source, findings: &mut Findings) -> BTreeSet<u64> {
    let there = match source.list(layout::CHECKPOINTS) {
        Ok(there) => there.map(|files| files.iter().filter_map(|path| size_of(path)).collect()),
        Err(unread) => {
            findings.unread(unread);
            None
        }
    };
    match (listed(source, findings), there) {
        (Ok(listed), Some(there)) => {
            check_list(&listed, &there, findings);
            &listed | &there
        }
        (Ok(listed), None) => listed,
        (Err(_), Some(there)) => there,
        (Err(unread), None) => {
            findings.unread(unread);
            BTreeSet::new()
        }
    }
}

fn size_of(path: &str) -> Option<u64> {
    let name = path.strip_prefix(layout::CHECKPOINTS)?.strip_prefix('/')?;
    let size: u64 = name.parse().ok()?;
    (size.to_string() == name).then_some(size)
}

fn listed(source: &mut dyn Source, findings: &mut Findings) -> Result<BTreeSet<u64>, Unread> {
    let bytes = source.read(layout::CHECKPOINT_SIZES, MAX_SIZES)?;
    let sizes = std::str::from_utf8(&bytes)
        .ok()
        .and_then(layout::parse_checkpoint_sizes);
    Ok(sizes
        .unwrap_or_else(|| {
            let detail = "not ascending decimal sizes, one a line";
            findings.file(Rule::CheckpointList, layout::CHECKPOINT_SIZES, detail);
            Vec::new()
        })
        .into_iter()
        .collect())
}

/// A list may lag behind a file that was just written, but leaves none out before its last.
fn check_list(listed: &BTreeSet<u64>, there: &BTreeSet<u64>, findings: &mut Findings) {
    let Some(last) = listed.last() else { return };
    if let Some(size) = there.range(..=last).find(|size| !listed.contains(size)) {
        let detail = format!("leaves out {}", layout::checkpoint(*size));
        findings.file(Rule::CheckpointList, layout::CHECKPOINT_SIZES, detail);
    }
}
