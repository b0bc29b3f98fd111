//! One election as the ledger tells it, entry by entry.

mod ballots;
mod complaints;
mod statements;

use symbolon_election::content::Content;
use symbolon_election::ledger_keys::LedgerKeys;
use symbolon_election::standings::Standings;
use symbolon_election::{
    Certified, Close, ContentHash, ElectionId, IssuedList, Issuers, RollStatement, VerifiedManifest,
};

use crate::batches::Batches;
use crate::files;
use crate::findings::Findings;
use crate::judge::Judge;
use crate::roll::Roll;
use crate::source::Transcript;
use crate::timeline::Timeline;
use crate::verdict::Gap;
use crate::violation::{Place, Rule, Violation};

/// Everything known of one election.
pub(crate) struct Book {
    pub(crate) manifest: VerifiedManifest,
    /// Where the manifest stands.
    pub(crate) entry: u64,
    pub(crate) content: Option<Content>,
    pub(crate) keys: Option<LedgerKeys>,
    /// The chain's genesis block, where the ledger is a contract on a chain.
    genesis: Option<ContentHash>,
    pub(crate) timeline: Timeline,
    /// The first entry of this election without a time.
    pub(crate) pending: Option<u64>,
    pub(crate) issuers: Issuers,
    pub(crate) roll: Roll,
    /// Accepted roll statements, by sequence.
    pub(crate) roll_statements: Vec<RollStatement>,
    pub(crate) standings: Standings,
    /// Indexes of ballots after closes + grace, ascending.
    pub(crate) late: Vec<u64>,
    pub(crate) batches: Batches,
    pub(crate) close: Option<Closed>,
    pub(crate) certified: Option<(Certified, u64)>,
    pub(crate) cancelled: Option<u64>,
    /// Complaints about receipts of this election.
    pub(crate) judges: Vec<Judge>,
    pub(crate) findings: Findings,
}

/// The first valid Close and the list that it names.
pub(crate) struct Closed {
    pub(crate) statement: Close,
    pub(crate) issued: Option<IssuedList>,
}

impl Book {
    /// Opens the book of an election and reads the files that its manifest names.
    pub(crate) fn open(
        manifest: VerifiedManifest,
        entry: u64,
        transcript: &mut impl Transcript,
    ) -> Self {
        let mut book = Self {
            entry,
            content: None,
            keys: None,
            genesis: None,
            timeline: Timeline::default(),
            pending: None,
            issuers: Issuers::new(&manifest),
            roll: Roll::default(),
            roll_statements: Vec::new(),
            standings: Standings::new(manifest.election(), manifest.shape()),
            late: Vec::new(),
            batches: Batches::default(),
            close: None,
            certified: None,
            cancelled: None,
            judges: Vec::new(),
            findings: Findings::new(),
            manifest,
        };
        book.read_content(transcript);
        match book.manifest.domain().chain_id() {
            0 => book.read_keys(transcript),
            _ => book.read_chain(transcript),
        }
        book
    }

    pub(crate) fn id(&self) -> ElectionId {
        self.manifest.election()
    }

    /// The issued list, once Close named one that could be read.
    pub(crate) fn issued(&self) -> Option<&IssuedList> {
        self.close.as_ref()?.issued.as_ref()
    }

    fn read_content(&mut self, transcript: &mut impl Transcript) {
        let name = self.manifest.manifest().content_hash;
        let limit = symbolon_election::content::LIMIT as u64;
        let Some(bytes) = self.file(transcript, &name, limit) else {
            return;
        };
        let fits = |content: &Content| content.shape() == *self.manifest.shape();
        match Content::parse(&bytes) {
            Ok(content) if fits(&content) => self.content = Some(content),
            Ok(_) => self.bad_file(&name, "its questions don't fit the manifest's shape"),
            Err(error) => self.bad_file(&name, &error.to_string()),
        }
    }

    fn read_keys(&mut self, transcript: &mut impl Transcript) {
        let name = self.manifest.manifest().ledger_keys;
        let Some(bytes) = self.file(transcript, &name, files::MAX_LEDGER_KEYS) else {
            return;
        };
        match LedgerKeys::parse(&bytes) {
            Err(error) => self.bad_file(&name, &error.to_string()),
            Ok(keys) if !self.same_ledger(&keys) => {
                let detail = format!("ledger keys of {}", keys.origin());
                self.violation(Rule::OtherLedger, Place::Entry(self.entry), detail);
            }
            Ok(keys) => {
                self.timeline = transcript.timeline(&keys);
                self.keys = Some(keys);
            }
        }
    }

    /// On a chain the manifest names the genesis block, and blocks give entries their times.
    fn read_chain(&mut self, transcript: &mut impl Transcript) {
        let genesis = self.manifest.manifest().ledger_keys;
        match transcript.blocks(&genesis) {
            Some(timeline) => {
                self.timeline = timeline;
                self.genesis = Some(genesis);
            }
            None => {
                let detail = format!("the chain of genesis block {genesis}");
                self.violation(Rule::OtherLedger, Place::Entry(self.entry), detail);
            }
        }
    }

    /// The times of the ledger's entries by now.
    pub(crate) fn times(&self, transcript: &mut impl Transcript) -> Option<Timeline> {
        match (&self.keys, &self.genesis) {
            (Some(keys), _) => Some(transcript.timeline(keys)),
            (None, Some(genesis)) => transcript.blocks(genesis),
            (None, None) => None,
        }
    }

    fn same_ledger(&self, keys: &LedgerKeys) -> bool {
        *self.manifest.domain() == symbolon_election::Domain::for_log(keys.origin())
    }

    /// Reads a published file, compares its hash, and notes what is wrong.
    pub(crate) fn file(
        &mut self,
        transcript: &mut impl Transcript,
        name: &ContentHash,
        limit: u64,
    ) -> Option<Vec<u8>> {
        let read = files::read(transcript, name, limit);
        match read {
            Ok(bytes) => Some(bytes),
            Err(files::Unfit::Unread(unread)) => {
                self.findings.unread(unread);
                None
            }
            Err(files::Unfit::Altered(path)) => {
                let detail = "not the SHA-256 that it is named by";
                self.violation(Rule::FileAltered, Place::File(path), detail);
                None
            }
        }
    }

    pub(crate) fn bad_file(&mut self, name: &ContentHash, detail: &str) {
        let path = crate::layout::content(name.as_bytes());
        self.violation(Rule::FileInvalid, Place::File(path), detail);
    }

    pub(crate) fn violation(&mut self, rule: Rule, place: Place, detail: impl Into<String>) {
        self.findings
            .violation(Violation::new(rule, place, detail).of(self.id()));
    }

    pub(crate) fn broken(&mut self, rule: Rule, index: u64, detail: impl Into<String>) {
        self.violation(rule, Place::Entry(index), detail);
    }

    /// The time of an entry. Where it has none yet, the entry waits.
    pub(crate) fn time_of(&mut self, index: u64) -> Option<u64> {
        let time = self.timeline.time_of(index);
        if time.is_none() && self.pending.is_none() {
            self.pending = Some(index);
            if self.keys.is_some() {
                self.findings.gap(Gap::NotCosigned {
                    election: self.id(),
                    from: index,
                });
            }
        }
        time
    }
}
