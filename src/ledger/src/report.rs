//! What a reader is told: the verdict, and each election's figures.

use serde::Serialize;
use symbolon_election::content::Content;
use symbolon_election::standings::Extent;
use symbolon_election::tally::{Exclusion, Range, Tally};
use symbolon_election::{Custody, ElectionId, LedgerHead, RollIndex, TallyHash};

use crate::batches::Batches;
use crate::book::Book;
use crate::findings::Findings;
use crate::pins::Pins;
use crate::source::Transcript;
use crate::verdict::{Gap, Verdict};
use crate::verifier::Verifier;
use crate::violation::{Place, Rule, Violation};

/// How many places a report lists by number.
const MAX_PLACES: usize = 1000;

/// The verdict over a ledger, with each election's figures.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How many entries were read.
    pub ledger_size: u64,
    /// The elections that the reader means.
    pub elections: Vec<ElectionReport>,
    /// How many elections of others are there: not the city's, not shown.
    pub elections_of_others: usize,
}

/// How far an election is, by its statements on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// There is a manifest and no roll yet.
    Announced,
    /// There is a roll, and no Close yet.
    Open,
    /// There is a Close: the figures are final once ledgers take no more ballots.
    Closed,
    /// Officers certified the result.
    Certified,
    /// Officers cancelled the election.
    Cancelled,
}

/// One election's figures.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ElectionReport {
    /// The election.
    pub election: ElectionId,
    /// Where its manifest stands.
    pub entry: u64,
    /// What it asks, where the file is there.
    pub content: Option<Content>,
    /// From when ballots count, Unix seconds.
    pub opens: u64,
    /// Until when gateways take ballots.
    pub closes: u64,
    /// How many seconds longer ledgers take them.
    pub grace: u64,
    /// How far it is.
    pub stage: Stage,
    /// Whether the portal holds voters' keys (simple mode) and so sees their voter IDs.
    pub keys_at_portal: bool,
    /// How many cosigners give entries their time; with 1 the log's operator could backdate.
    pub cosigners_needed: Option<u8>,
    /// Whether the roll's leaves were missing, so that ballots were held against its size only.
    pub bounds_only: bool,
    /// How many times the token key was rotated.
    pub rotations: usize,
    /// The figures.
    pub tally: Tally,
    /// SHA-256 of the figures as RFC 8785 JSON.
    pub tally_hash: TallyHash,
    /// How many places have ballots of two keys.
    pub contested: usize,
    /// Such places, ascending; at most 1000 of them.
    pub contested_places: Vec<RollIndex>,
    /// Places with ballots of a key that Close's list doesn't give them; at most 1000.
    pub other_key_places: Vec<RollIndex>,
    /// What the order of ballots tells of their batches.
    pub batches: Batches,
}

impl Verifier {
    /// The report on all entries taken so far.
    pub fn report(&self, transcript: &mut impl Transcript) -> Report {
        let mut findings = self.findings().clone();
        let mut elections = Vec::new();
        for book in self.books() {
            findings.merge(book.findings.clone());
            elections.push(book.report(self.size(), transcript, &mut findings));
        }
        self.check_pins(&mut findings);
        for election in self.complained_elsewhere() {
            let reason = "its election isn't on this ledger, or isn't one meant here".to_owned();
            findings.gap(Gap::ComplaintUndecided { election, reason });
        }
        Report {
            verdict: findings.verdict(),
            ledger_size: self.size(),
            elections,
            elections_of_others: self.others(),
        }
    }

    /// The report, with what was found outside the entries.
    pub fn report_with(&self, transcript: &mut impl Transcript, outside: Findings) -> Report {
        let mut report = self.report(transcript);
        report.verdict = report.verdict.and(outside);
        report
    }

    fn check_pins(&self, findings: &mut Findings) {
        match self.pins() {
            Pins::Nothing => findings.gap(Gap::NothingPinned),
            Pins::Trust(_) if self.books().next().is_none() => findings.gap(Gap::NoElection),
            Pins::Trust(_) => {}
            Pins::Elections(pinned) => {
                if pinned.is_empty() {
                    findings.gap(Gap::NothingPinned);
                }
                for election in pinned
                    .iter()
                    .filter(|election| self.book(election).is_none())
                {
                    findings.gap(Gap::ElectionAbsent {
                        election: *election,
                    });
                }
            }
        }
    }
}

impl Book {
    fn report(
        &self,
        size: u64,
        transcript: &mut impl Transcript,
        findings: &mut Findings,
    ) -> ElectionReport {
        self.check_roll(findings);
        let other_keys = self.check_keys(findings);
        let ledger_size = match &self.certified {
            Some((certified, _)) => certified.ledger_size,
            None => transcript.size(size),
        };
        let entries = transcript.entries(ledger_size).unwrap_or(size);
        let tally = self.tally(ledger_size, entries, size);
        self.check_certified(&tally, transcript, findings);
        self.check_receipts(findings);
        let manifest = self.manifest.manifest();
        let contested = self.standings.contested();
        let closed = self.close.is_some();
        ElectionReport {
            election: self.id(),
            entry: self.entry,
            content: self.content.clone(),
            opens: manifest.opens,
            closes: manifest.closes,
            grace: manifest.grace,
            stage: self.stage(),
            keys_at_portal: self.manifest.custody() == Custody::Portal,
            cosigners_needed: self.keys.as_ref().map(|keys| keys.quorum()),
            bounds_only: self.roll.bounds_only(),
            rotations: self.issuers.all().len() - 1,
            tally_hash: tally.hash(),
            tally,
            contested: contested.len(),
            contested_places: contested.into_iter().take(MAX_PLACES).collect(),
            other_key_places: other_keys.into_iter().take(MAX_PLACES).collect(),
            batches: self
                .batches
                .so_far(closed, manifest.closes, manifest.ballot_batch_min),
        }
    }

    fn stage(&self) -> Stage {
        if self.cancelled.is_some() {
            Stage::Cancelled
        } else if self.certified.is_some() {
            Stage::Certified
        } else if self.close.is_some() {
            Stage::Closed
        } else if self.roll.latest().is_some() {
            Stage::Open
        } else {
            Stage::Announced
        }
    }

    /// The figures up to a size of the ledger, at which it has so many entries, of which `read`
    /// are known.
    fn tally(&self, ledger_size: u64, entries: u64, read: u64) -> Tally {
        let (first, end) = self
            .timeline
            .range(self.manifest.manifest().opens, self.manifest.last_moment());
        let range = Range {
            first: first.min(read),
            end: end.min(read),
        };
        let extent = Extent {
            ledger_size,
            range,
            roll_size: self.roll.size(),
        };
        let mut tally = self.standings.tally(extent, self.issued());
        let late = self.late.partition_point(|index| *index < entries) as u64;
        if late > 0 {
            *tally.excluded.entry(Exclusion::Late).or_default() += late;
            tally.ballots += late;
        }
        tally
    }

    fn check_roll(&self, findings: &mut Findings) {
        if self.roll.bounds_only() {
            findings.gap(Gap::BoundsOnly {
                election: self.id(),
            });
        } else if let Some(place) = self.roll.twice() {
            let detail = "its voter ID stands at an earlier place too";
            self.found(
                findings,
                Rule::RollLeafTwice,
                Place::RollIndex(place.0),
                detail,
            );
        }
    }

    /// Places with ballots of keys that weren't issued; violations unless the token key was
    /// rotated, for then a thief's are to be expected.
    fn check_keys(&self, findings: &mut Findings) -> Vec<RollIndex> {
        let Some(issued) = self.issued() else {
            return Vec::new();
        };
        let others = self.standings.other_keys(issued);
        if !self.issuers.rotated() {
            for (place, key) in &others {
                let detail = format!("a ballot of key {key}, which was not issued to the place");
                self.found(
                    findings,
                    Rule::KeyNotIssued,
                    Place::RollIndex(place.0),
                    detail,
                );
            }
        }
        let mut places: Vec<RollIndex> = others.into_iter().map(|(place, _)| place).collect();
        places.dedup();
        places
    }

    fn check_certified(
        &self,
        tally: &Tally,
        transcript: &mut impl Transcript,
        findings: &mut Findings,
    ) {
        let Some((certified, index)) = &self.certified else {
            return;
        };
        let place = || Place::Entry(*index);
        let size = certified.ledger_size;
        let fits = |entries: u64| (tally.range.end..=*index).contains(&entries);
        if !transcript.entries(size).is_some_and(fits) {
            let detail = format!(
                "size {size}, with the last entry in time before {}",
                tally.range.end
            );
            return self.found(findings, Rule::CertifiedSize, place(), detail);
        }
        match transcript.head(size) {
            None => findings.gap(Gap::FileMissing {
                path: crate::layout::checkpoint(size),
            }),
            Some(head) if head == certified.ledger_head => {}
            Some(head) => {
                let head: LedgerHead = head;
                let detail = format!("the ledger's head at {size} is {head}");
                self.found(findings, Rule::CertifiedHead, place(), detail);
            }
        }
        let complete = self.issued().is_some() && self.pending.is_none();
        if complete && !self.roll.bounds_only() && tally.hash() != certified.tally_hash {
            let detail = format!("recomputed: {}", String::from_utf8_lossy(&tally.to_json()));
            self.found(findings, Rule::CertifiedTally, place(), detail);
        }
    }

    pub(crate) fn found(
        &self,
        findings: &mut Findings,
        rule: Rule,
        place: Place,
        detail: impl Into<String>,
    ) {
        findings.violation(Violation::new(rule, place, detail).of(self.id()));
    }
}
