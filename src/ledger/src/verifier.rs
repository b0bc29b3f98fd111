//! The verifier: entries in, once and in order; a verdict out, at any time.

use std::collections::{BTreeMap, HashSet};

use symbolon_election::ledger_keys::LedgerKeys;
use symbolon_election::{
    Complaint, Domain, ElectionId, Entry, Error, UnverifiedBallot, VerifiedBallot,
};

use crate::book::Book;
use crate::findings::Findings;
use crate::parallel;
use crate::pins::{Pins, Whose};
use crate::source::Transcript;
use crate::verdict::Gap;
use crate::violation::{Place, Rule, Violation};

/// How many elections are read where nothing is pinned.
const MAX_UNPINNED: usize = 1000;

/// Verifies one ledger's entries in one pass. Memory grows with rolls and places that voted,
/// not with ballots; signatures are recovered on all cores.
pub struct Verifier {
    pins: Pins,
    domain: Domain,
    size: u64,
    books: BTreeMap<ElectionId, Book>,
    others: HashSet<ElectionId>,
    /// Complaints whose election hasn't been seen yet.
    complaints: Vec<Complaint>,
    findings: Findings,
}

impl Verifier {
    /// A verifier of a ledger in a domain, from its first entry on.
    pub fn new(pins: Pins, domain: Domain) -> Self {
        let (books, others, findings) = (BTreeMap::new(), HashSet::new(), Findings::new());
        Self {
            pins,
            domain,
            size: 0,
            books,
            others,
            complaints: Vec::new(),
            findings,
        }
    }

    /// Watches for the ballot of a complaint; to be called before the first entry.
    pub fn complain(&mut self, complaint: Complaint) {
        self.complaints.push(complaint);
    }

    /// How many entries it has seen.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next entries of the ledger.
    pub fn feed(&mut self, entries: &[Vec<u8>], transcript: &mut impl Transcript) {
        let decoded = parallel::map(entries, |entry| Entry::decode(entry));
        let mut ballots: Vec<(u64, UnverifiedBallot)> = Vec::new();
        for entry in decoded {
            let index = self.size;
            self.size += 1;
            match entry {
                Ok(Entry::Ballot(ballot)) => ballots.push((index, ballot)),
                other => {
                    self.ballots(std::mem::take(&mut ballots));
                    self.statement(index, other, transcript);
                }
            }
        }
        self.ballots(ballots);
    }

    /// Ballots without a statement between them: what stands before them is the same for all.
    fn ballots(&mut self, ballots: Vec<(u64, UnverifiedBallot)>) {
        let books = &self.books;
        let checked = parallel::map(&ballots, |(index, ballot)| {
            let book = books.get(&ballot.election)?;
            let verified: Result<VerifiedBallot, Error> = ballot.clone().verify(&book.manifest);
            Some((*index, verified))
        });
        for ((index, ballot), checked) in ballots.iter().zip(checked) {
            match (self.books.get_mut(&ballot.election), checked) {
                (Some(book), Some((index, verified))) => book.ballot(index, verified),
                _ => self.not_ours(*index, &ballot.election),
            }
        }
    }

    fn statement(
        &mut self,
        index: u64,
        entry: Result<Entry, Error>,
        transcript: &mut impl Transcript,
    ) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return self.broken(Rule::EntryMalformed, index, error.to_string()),
        };
        let election = match (entry.election(), &entry) {
            (Some(election), _) => election,
            (None, _) => return self.manifest(index, entry, transcript),
        };
        let Some(book) = self.books.get_mut(&election) else {
            return self.not_ours(index, &election);
        };
        match entry {
            Entry::RollStatement(statement) => book.roll_statement(index, statement, transcript),
            Entry::IssuerRotation(statement) => book.rotation(index, statement),
            Entry::Close(statement) => book.close(index, statement, transcript),
            Entry::Certified(statement) => book.certified(index, statement),
            Entry::Cancelled(statement) => book.cancelled(index, statement),
            Entry::Manifest(_) | Entry::Ballot(_) => {}
        }
    }

    fn manifest(&mut self, index: u64, entry: Entry, transcript: &mut impl Transcript) {
        let Entry::Manifest(manifest) = entry else {
            return;
        };
        let election = manifest.statement.election(&self.domain);
        match self.pins.sort(manifest, &self.domain) {
            Err(error) => self.unfit_manifest(index, &error),
            Ok(Whose::Others) => {
                self.others.insert(election);
            }
            Ok(Whose::Ours(_)) if self.is_full() => {
                self.others.insert(election);
            }
            Ok(Whose::Ours(verified)) => {
                // The same manifest once more, perhaps with other signatures, says nothing new.
                if !self.books.contains_key(&election) {
                    let book = Book::open(*verified, index, transcript);
                    let book = self.with_complaints(book);
                    self.books.insert(election, book);
                }
            }
        }
    }

    /// Where nothing is pinned anybody may have written any number of elections.
    fn is_full(&self) -> bool {
        matches!(self.pins, Pins::Nothing) && self.books.len() >= MAX_UNPINNED
    }

    fn with_complaints(&mut self, mut book: Book) -> Book {
        let about = |complaint: &mut Complaint| complaint.receipt.election == book.id();
        let complaints: Vec<_> = self.complaints.extract_if(.., about).collect();
        for complaint in complaints {
            if let Err(error) = book.complain(complaint) {
                let reason = error.to_string();
                book.findings.gap(Gap::ComplaintRefused {
                    election: book.id(),
                    reason,
                });
            }
        }
        book
    }

    fn unfit_manifest(&mut self, index: u64, error: &Error) {
        let rule = match error {
            Error::TooFewSignatures { .. }
            | Error::Signature { .. }
            | Error::Signer { .. }
            | Error::SignatureOrder { .. } => Rule::StatementNotSigned,
            _ => Rule::ManifestInvalid,
        };
        self.broken(rule, index, error.to_string());
    }

    fn not_ours(&mut self, index: u64, election: &ElectionId) {
        if !self.others.contains(election) {
            let detail = format!("election {election}");
            self.broken(Rule::UnknownElection, index, detail);
        }
    }

    fn broken(&mut self, rule: Rule, index: u64, detail: impl Into<String>) {
        self.findings
            .violation(Violation::new(rule, Place::Entry(index), detail));
    }

    /// The ledger keys of every election of ours so far.
    pub fn ledger_keys(&self) -> impl Iterator<Item = &LedgerKeys> {
        self.books.values().filter_map(|book| book.keys.as_ref())
    }

    /// Each election of ours with the size of its roll, for who checks the roll's files.
    pub fn rolls(&self) -> impl Iterator<Item = (ElectionId, u32)> {
        self.books
            .values()
            .map(|book| (book.id(), book.roll.size()))
    }

    pub(crate) fn books(&self) -> impl Iterator<Item = &Book> {
        self.books.values()
    }

    pub(crate) fn book(&self, election: &ElectionId) -> Option<&Book> {
        self.books.get(election)
    }

    pub(crate) fn pins(&self) -> &Pins {
        &self.pins
    }

    pub(crate) fn others(&self) -> usize {
        self.others.len()
    }

    /// Elections that complaints are about and that are none of ours here so far.
    pub(crate) fn complained_elsewhere(&self) -> impl Iterator<Item = ElectionId> {
        self.complaints
            .iter()
            .map(|complaint| complaint.receipt.election)
    }

    pub(crate) fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Whether what was taken so far had the same times by these chronicles as by this one: a
    /// verifier may go on only then, else it begins anew.
    pub fn still_holds(&self, transcript: &mut impl Transcript) -> bool {
        self.books.values().all(|book| {
            let Some(times) = book.times(transcript) else {
                return false;
            };
            book.pending.is_none() && times.agrees(&book.timeline, self.size)
        })
    }

    /// Takes the times that the ledger's checkpoints or blocks give by now; for entries still to come.
    pub fn renew_times(&mut self, transcript: &mut impl Transcript) {
        for book in self.books.values_mut() {
            if let Some(times) = book.times(transcript) {
                book.timeline = times;
            }
        }
    }
}
