//! One log under observation: read, verified, remembered.

use std::collections::{BTreeMap, BTreeSet};

use symbolon_election::{Complaint, Domain, ElectionId};
use symbolon_ledger::{Findings, Gap, Pins, Report, Rule, Verdict, Verifier, layout};
use symbolon_tlog::{MAX_NOTE, SignedCheckpoint};

use crate::derived;
use crate::heads::Heads;
use crate::keys::Keys;
use crate::source::Source;
use crate::transcript::LogTranscript;
use crate::tree::Tree;

/// How many entries the verifier gets at a time.
const BATCH: usize = 4096;

/// Told how far a round is: entries read, and entries in all.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Observes one log: each round reads what is new, and gives the report on all of it.
pub struct Observer {
    source: Box<dyn Source>,
    pins: Pins,
    complaints: Vec<Complaint>,
    state: Option<State>,
    /// The latest checkpoint of the last round in which nothing was wrong.
    remembered: Option<SignedCheckpoint>,
}

/// What was read and verified so far.
struct State {
    heads: Heads,
    tree: Tree,
    verifier: Verifier,
    /// What was found in files that aren't read again.
    findings: Findings,
    /// The roll sizes whose tiles were compared.
    rolls: BTreeMap<ElectionId, u32>,
}

impl Observer {
    /// An observer of a source who knows what is pinned, and holds these complaints.
    pub fn new(mut source: Box<dyn Source>, pins: Pins, complaints: Vec<Complaint>) -> Self {
        let kept = source.kept_checkpoint(MAX_NOTE as u64);
        let remembered = kept.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
        Self {
            source,
            pins,
            complaints,
            state: None,
            remembered,
        }
    }

    /// The source, for people.
    pub fn source_name(&self) -> String {
        self.source.name()
    }

    /// The latest checkpoint as the source has it now, to see whether anything changed.
    pub fn latest(&mut self) -> Option<Vec<u8>> {
        self.source.read(layout::CHECKPOINT, MAX_NOTE as u64).ok()
    }

    /// Reads what is new and gives the report on everything. What looks wrong is read once more
    /// from the beginning, leaving a mirror aside, before it is said.
    pub fn observe(&mut self, progress: Progress<'_>) -> Report {
        let went_on = self.state.is_some();
        let mut report = self.round(progress);
        let violated = matches!(report.verdict, Verdict::Violated { .. });
        if violated && (self.source.bypass_mirror() || went_on) {
            self.state = None;
            report = self.round(progress);
        }
        report
    }

    fn round(&mut self, progress: Progress<'_>) -> Report {
        let mut findings = Findings::new();
        let source = &mut *self.source;
        let before = self.state.as_ref().map(|state| &state.heads);
        let heads = Heads::read(source, self.pins.origin(), before, &mut findings);
        let mut state = match self
            .state
            .take()
            .filter(|state| state.goes_on(source, &heads))
        {
            Some(state) => state,
            None => State::begin(&self.pins, &self.complaints, &heads),
        };
        let remembered = self.remembered.as_ref();
        let mut wanted = heads.sizes();
        wanted.extend(remembered.map(|note| note.checkpoint().size()));
        state.renew_times(source, &heads);
        state.read_entries(source, &heads, &wanted, &mut findings, progress);
        state.check_log(source, &heads, &mut findings);
        if let Some(note) = remembered {
            state.check_remembered(note, &heads, &mut findings);
        }
        state.check_files(source, &heads, &findings);
        findings.merge(state.findings.clone());
        let report = state.report(source, &heads, findings);
        let latest = heads.latest().cloned();
        state.heads = heads;
        self.state = Some(state);
        self.settle(report, latest)
    }

    /// Remembers the checkpoint, and lets the mirror keep what was read, if nothing is wrong.
    fn settle(&mut self, mut report: Report, latest: Option<SignedCheckpoint>) -> Report {
        if matches!(report.verdict, Verdict::Violated { .. }) {
            return report;
        }
        if let Err(unread) = self.source.settle() {
            let mut findings = Findings::new();
            findings.unread(unread);
            report.verdict = report.verdict.and(findings);
        }
        self.remembered = latest.or(self.remembered.take());
        report
    }
}

impl State {
    fn begin(pins: &Pins, complaints: &[Complaint], heads: &Heads) -> Self {
        let of_log = || Domain::for_log(heads.origin().unwrap_or_default());
        let domain = pins.domain().cloned().unwrap_or_else(of_log);
        let mut verifier = Verifier::new(pins.clone(), domain);
        complaints
            .iter()
            .for_each(|complaint| verifier.complain(complaint.clone()));
        let mut tree = Tree::default();
        tree.note_empty();
        Self {
            heads: Heads::default(),
            tree,
            verifier,
            findings: Findings::new(),
            rolls: BTreeMap::new(),
        }
    }

    /// Whether what was verified still stands, so that only new entries need be read.
    fn goes_on(&self, source: &mut dyn Source, heads: &Heads) -> bool {
        let known = |size: &u64| *size > self.tree.size() || self.tree.roots().contains_key(size);
        let mut transcript = LogTranscript {
            source,
            heads,
            roots: self.tree.roots(),
        };
        heads.size() >= self.tree.size()
            && heads.sizes().iter().all(known)
            && self.verifier.still_holds(&mut transcript)
    }

    fn renew_times(&mut self, source: &mut dyn Source, heads: &Heads) {
        let mut transcript = LogTranscript {
            source,
            heads,
            roots: self.tree.roots(),
        };
        self.verifier.renew_times(&mut transcript);
    }

    fn read_entries(
        &mut self,
        source: &mut dyn Source,
        heads: &Heads,
        wanted: &BTreeSet<u64>,
        findings: &mut Findings,
        progress: Progress<'_>,
    ) {
        let mut batch = Vec::new();
        while self.tree.size() < heads.size() {
            let read = self
                .tree
                .read_bundle(source, heads.size(), wanted, &mut self.findings);
            match read {
                Ok(entries) => batch.extend(entries),
                Err(unread) => {
                    findings.unread(unread);
                    break;
                }
            }
            if batch.len() >= BATCH {
                self.feed(source, heads, &mut batch);
            }
            progress(self.tree.size(), heads.size());
        }
        self.feed(source, heads, &mut batch);
    }

    fn feed(&mut self, source: &mut dyn Source, heads: &Heads, batch: &mut Vec<Vec<u8>>) {
        let mut transcript = LogTranscript {
            source,
            heads,
            roots: self.tree.roots(),
        };
        self.verifier.feed(batch, &mut transcript);
        batch.clear();
    }

    fn check_log(&mut self, source: &mut dyn Source, heads: &Heads, findings: &mut Findings) {
        self.tree.check_edge(source, findings);
        heads.check_roots(self.tree.roots(), findings);
        let mut lists = Vec::new();
        for keys in self.verifier.ledger_keys() {
            match Keys::new(keys) {
                Ok(keys) if lists.contains(&keys) => {}
                Ok(keys) => lists.push(keys),
                Err(error) => {
                    findings.file(Rule::FileInvalid, "ledger keys", error.to_string());
                }
            }
        }
        // Without any election of ours nothing says what the log's key is.
        if !lists.is_empty() {
            heads.check_signatures(&lists, findings);
        }
    }

    /// Holds the log against what it showed before.
    fn check_remembered(&self, note: &SignedCheckpoint, heads: &Heads, findings: &mut Findings) {
        let before = note.checkpoint();
        if heads.origin() != Some(before.origin()) {
            return;
        }
        let keys: Vec<Keys> = self
            .verifier
            .ledger_keys()
            .filter_map(|keys| Keys::new(keys).ok())
            .collect();
        if !keys.is_empty() && !keys.iter().any(|keys| note.verify(keys.log()).is_ok()) {
            let path = layout::CHECKPOINT.to_owned();
            let reason = "the checkpoint remembered from before isn't signed by the log".to_owned();
            return findings.gap(Gap::FileUnreadable { path, reason });
        }
        if before.size() > heads.size() {
            let detail = format!("{} entries, {} before", heads.size(), before.size());
            findings.file(Rule::LogRolledBack, layout::CHECKPOINT, detail);
        } else if self
            .tree
            .roots()
            .get(&before.size())
            .is_some_and(|root| root != before.root())
        {
            let detail = format!("other entries among the first {}", before.size());
            findings.file(Rule::LogForked, layout::CHECKPOINT, detail);
        }
    }

    /// Compares files that follow from others; once each, for they don't change any more.
    fn check_files(&mut self, source: &mut dyn Source, heads: &Heads, found: &Findings) {
        let first = self.rolls.is_empty();
        let sizes: BTreeMap<ElectionId, u32> = self.verifier.rolls().collect();
        let mut transcript = LogTranscript {
            source: &mut *source,
            heads,
            roots: self.tree.roots(),
        };
        for (election, size) in &sizes {
            if self.rolls.get(election) != Some(size) {
                derived::check_roll(&mut transcript, election, *size, &mut self.findings);
            }
        }
        if first {
            self.check_listed(source, &sizes, found);
        }
        self.rolls = sizes;
    }

    fn check_listed(
        &mut self,
        source: &mut dyn Source,
        rolls: &BTreeMap<ElectionId, u32>,
        found: &Findings,
    ) {
        let log_size = self.tree.size();
        let in_log = |row: &str| match row.strip_prefix("tile/")? {
            "entries" => Some(log_size),
            level => at_level(log_size, level),
        };
        let findings = &mut self.findings;
        derived::check_partials(
            source,
            layout::TILE,
            Rule::TileAltered,
            in_log,
            found,
            findings,
        );
        for (election, size) in rolls {
            let folder = format!("{}/{election}", layout::ROLL);
            let in_roll = |row: &str| match row.strip_prefix(&folder)?.strip_prefix('/')? {
                "leaves" => Some(u64::from(*size)),
                tile => at_level(u64::from(*size), tile.strip_prefix("tile/")?),
            };
            derived::check_partials(
                source,
                &folder,
                Rule::RollFileAltered,
                in_roll,
                found,
                findings,
            );
        }
        derived::check_contents(source, findings);
    }

    fn report(&self, source: &mut dyn Source, heads: &Heads, findings: Findings) -> Report {
        let mut transcript = LogTranscript {
            source,
            heads,
            roots: self.tree.roots(),
        };
        self.verifier.report_with(&mut transcript, findings)
    }
}

/// How many hashes a level of tiles has over so many leaves.
fn at_level(leaves: u64, level: &str) -> Option<u64> {
    let level: u32 = level.parse().ok()?;
    leaves.checked_shr(level.checked_mul(8)?)
}
