//! Scripted elections: every statement, ballot and file of one, each to be bent by a test.
#![allow(dead_code, unreachable_pub)]

mod files;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use symbolon_crypto::Secret;
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::content::{Content, LocalizedText, Question};
use symbolon_election::ledger_keys::{LedgerKeys, NoteKey};
use symbolon_election::{
    Ballot, BallotKey, Cancelled, Certified, Close, ContentHash, Domain, ElectionId, Entry,
    IssuedList, IssuerRotation, LedgerHead, Manifest, Nonce, RequestKey, RollIndex, RollRoot,
    RollStatement, Selections, Shape, Signature, Statement, TallyHash, TallyKey, TrustFile, Typed,
    UnverifiedBallot, VoterId, VotingToken,
};
use symbolon_ledger::{
    Chronicle, FileSource, Pins, Report, RollSource, Timeline, Unread, Verifier, layout,
};
use symbolon_tlog::{KeyKind, LogKey, TreeWriter, leaf_hash};

pub const ORIGIN: &str = "log.example.org/city";
pub const OPENS: u64 = 1_000;
pub const CLOSES: u64 = 2_000;
pub const GRACE: u64 = 100;

/// A secp256k1 key by a name.
pub fn signer(name: &str) -> SigningKey {
    SigningKey::new(Secret::from_slice(&Sha256::digest(name)).unwrap()).unwrap()
}

/// The log's key.
pub fn log_key() -> LogKey {
    LogKey::new(ORIGIN, &[7; 32]).unwrap()
}

/// The ballot key of a place; `device` 0 is the voter's, others are thieves'.
pub fn ballot_key(place: u32, device: u8) -> SigningKey {
    signer(&format!("ballot key {place} {device}"))
}

/// Officers in the order of their addresses.
pub fn officers() -> Vec<SigningKey> {
    let mut officers: Vec<_> = (0..3).map(|at| signer(&format!("officer {at}"))).collect();
    officers.sort_by_key(SigningKey::address);
    officers
}

/// A ledger keys file of the log alone.
pub fn ledger_keys() -> LedgerKeys {
    let public = *log_key().verifier(KeyKind::Ed25519).public();
    let log = NoteKey::log(ORIGIN, public).unwrap();
    let own = NoteKey::cosigner(ORIGIN, public).unwrap();
    LedgerKeys::new(ORIGIN, log, vec![own], 1).unwrap()
}

/// The city's trust file.
pub fn trust() -> TrustFile {
    let officers = officers().iter().map(SigningKey::address).collect();
    TrustFile::for_log("City", ORIGIN, officers, 2).unwrap()
}

fn question(least: u8, most: u8, options: &[&str]) -> Question {
    let text = |text: &str| LocalizedText::new("en", text).with("fa", "گزینه");
    Question {
        title: text("Question"),
        text: text("Which one?"),
        options: options.iter().map(|option| text(option)).collect(),
        least,
        most,
    }
}

fn content() -> Content {
    let text = |text: &str| LocalizedText::new("en", text).with("fa", "رأی");
    let questions = vec![
        question(0, 2, &["Park", "公園", "Парк"]),
        question(1, 1, &["Yes", "No"]),
    ];
    Content::new(text("The park"), text("What becomes of it"), questions).unwrap()
}

/// One election on one ledger, as far as a test has written it.
#[derive(Clone)]
pub struct Script {
    pub domain: Domain,
    pub manifest: Manifest,
    pub roll: Vec<VoterId>,
    /// Entries with their times.
    pub entries: Vec<(Vec<u8>, u64)>,
    pub files: BTreeMap<ContentHash, Vec<u8>>,
    pub issued: BTreeMap<u32, BallotKey>,
    pub issuer: String,
    /// The time of the next entry.
    pub now: u64,
    sequence: u32,
}

impl Script {
    /// An election for so many voters; nothing on the ledger yet.
    pub fn new(voters: u32) -> Self {
        let mut files = BTreeMap::new();
        let content_hash = keep(&mut files, content().to_json());
        let ledger_keys = keep(&mut files, ledger_keys().to_json());
        let manifest = Manifest {
            nonce: Nonce::new([1; 32]),
            content_hash,
            shape: content().shape().encode(),
            opens: OPENS,
            closes: CLOSES,
            grace: GRACE,
            forget_after: 9_000,
            max_ballots: 3,
            roll_batch_min: 0,
            ballot_batch_min: 2,
            custody: 0,
            anonymity: 0,
            results: 0,
            tally_key: TallyKey::new([0; 32]),
            officers: officers().iter().map(SigningKey::address).collect(),
            threshold: 2,
            issuer: signer("issuer").address(),
            request_key: RequestKey::new([5; 32]),
            gateways: vec![signer("gateway").address()],
            ledger_keys,
            payload: 0,
        };
        Self {
            domain: Domain::for_log(ORIGIN),
            manifest,
            roll: leaves("roll", voters),
            entries: Vec::new(),
            files,
            issued: BTreeMap::new(),
            issuer: "issuer".to_owned(),
            now: 500,
            sequence: 0,
        }
    }

    /// A whole election: everybody at an even place votes, some again; certified.
    pub fn whole(voters: u32) -> Self {
        let mut script = Self::opened(voters);
        script.now = 1_500;
        for place in (0..voters).step_by(2) {
            script.ballot(place, 0, &[1, 2, 1, 1]);
        }
        script.now = 1_700;
        for place in (0..voters).step_by(4) {
            script.ballot(place, 1, &[0, 1, 2]);
        }
        script.now = 2_010;
        script.close();
        script.now = 2_200;
        script.certify();
        script
    }

    /// Manifest and roll are there, and it is time to vote.
    pub fn opened(voters: u32) -> Self {
        let mut script = Self::new(voters);
        script.open();
        script
    }

    /// Puts manifest and roll on the ledger.
    pub fn open(&mut self) {
        self.publish_manifest();
        self.publish_roll();
        self.now = 1_500;
    }

    pub fn domain(&self) -> Domain {
        self.domain.clone()
    }

    pub fn id(&self) -> ElectionId {
        self.manifest.election(&self.domain())
    }

    pub fn push(&mut self, entry: Vec<u8>) {
        self.entries.push((entry, self.now));
    }

    /// Signs a statement by these officers and puts it on the ledger.
    pub fn state(&mut self, statement: Statement, signers: &[SigningKey]) {
        let digest = statement.digest(&self.domain());
        let signatures = signers
            .iter()
            .map(|key| key.sign(digest.as_bytes()))
            .collect();
        let entry = Entry::from_statement(statement, signatures).unwrap();
        self.push(entry.encode());
    }

    /// The same by enough officers of the city.
    pub fn officers_state(&mut self, statement: Statement) {
        self.state(statement, &officers()[..2]);
    }

    pub fn publish_manifest(&mut self) {
        self.officers_state(Statement::Manifest(self.manifest.clone()));
    }

    /// The next roll statement over the whole roll so far.
    pub fn roll_statement(&self) -> RollStatement {
        RollStatement {
            election: self.id(),
            sequence: self.sequence,
            size: u32::try_from(self.roll.len()).unwrap(),
            root: root(&self.roll),
        }
    }

    pub fn publish_roll(&mut self) {
        let statement = self.roll_statement();
        self.sequence += 1;
        self.officers_state(Statement::RollStatement(statement));
    }

    /// Adds places to the roll; to be published by a statement.
    pub fn add_places(&mut self, name: &str, count: u32) {
        self.roll.extend(leaves(name, count));
    }

    /// A ballot of a place by the voter's own key, issued.
    pub fn ballot(&mut self, place: u32, sequence: u8, choice: &[u8]) {
        self.issued.insert(place, ballot_key(place, 0).address());
        let ballot = self.signed(place, 0, sequence, choice);
        self.push(ballot.to_entry());
    }

    /// A ballot of a key that the list doesn't hold.
    pub fn stolen(&mut self, place: u32, device: u8) {
        let ballot = self.signed(place, device, 0, &[0, 1, 1]);
        self.push(ballot.to_entry());
    }

    /// A signed ballot, not on the ledger yet.
    pub fn signed(&self, place: u32, device: u8, sequence: u8, choice: &[u8]) -> UnverifiedBallot {
        let voter = self.roll.get(place as usize).copied();
        let ballot = UnverifiedBallot {
            election: self.id(),
            voter_id: voter.unwrap_or(VoterId::new([9; 32])),
            roll_index: RollIndex(place),
            ballot_key: ballot_key(place, device).address(),
            sequence,
            choice: choice.to_vec(),
            token_signature: Signature::from_bytes([0; 64]),
            ballot_signature: Signature::from_bytes([0; 64]),
        };
        self.sign(ballot, device)
    }

    /// Signs a ballot anew by issuer and ballot key.
    pub fn sign(&self, mut ballot: UnverifiedBallot, device: u8) -> UnverifiedBallot {
        let token: VotingToken = ballot.token();
        let statement: Ballot = ballot.ballot();
        let domain = self.domain();
        ballot.token_signature = signer(&self.issuer).sign(token.digest(&domain).as_bytes());
        ballot.ballot_signature =
            ballot_key(ballot.roll_index.0, device).sign(statement.digest(&domain).as_bytes());
        ballot
    }

    pub fn rotate(&mut self, current: &str, next: &str) {
        let rotation = IssuerRotation {
            election: self.id(),
            current: signer(current).address(),
            next: signer(next).address(),
        };
        self.officers_state(Statement::IssuerRotation(rotation));
        self.issuer = next.to_owned();
    }

    pub fn issued_list(&self) -> IssuedList {
        let places = u32::try_from(self.roll.len()).unwrap();
        IssuedList::new(
            (0..places)
                .map(|place| self.issued.get(&place).copied())
                .collect(),
        )
        .unwrap()
    }

    pub fn close_statement(&mut self) -> Close {
        let list = self.issued_list().encode();
        let issued = keep(&mut self.files, list);
        Close {
            election: self.id(),
            roll_size: u32::try_from(self.roll.len()).unwrap(),
            roll_root: root(&self.roll),
            issued,
        }
    }

    pub fn close(&mut self) {
        let close = self.close_statement();
        self.officers_state(Statement::Close(close));
    }

    /// What officers certify: what the ledger holds so far.
    pub fn certified_statement(&self) -> Certified {
        let size = self.entries.len() as u64;
        let report = self.report();
        let mut tally = report.elections[0].tally.clone();
        tally.ledger_size = size;
        Certified {
            election: self.id(),
            ledger_size: size,
            ledger_head: self.head(size),
            tally_hash: tally.hash(),
        }
    }

    pub fn certify(&mut self) {
        let certified = self.certified_statement();
        self.officers_state(Statement::Certified(certified));
    }

    pub fn cancel(&mut self) {
        let cancelled = Cancelled {
            election: self.id(),
        };
        self.officers_state(Statement::Cancelled(cancelled));
    }

    pub fn head(&self, size: u64) -> LedgerHead {
        let mut tree = TreeWriter::new();
        for (entry, _) in &self.entries[..size as usize] {
            tree.push(leaf_hash(entry), |_| {});
        }
        LedgerHead::new(*tree.root().as_bytes())
    }

    pub fn pins(&self) -> Pins {
        let officers = officers().iter().map(SigningKey::address).collect();
        let trust = TrustFile::new("City", self.domain(), ORIGIN, officers, 2);
        Pins::Trust(Box::new(trust.unwrap()))
    }

    pub fn report(&self) -> Report {
        self.report_with(self.pins())
    }

    pub fn report_with(&self, pins: Pins) -> Report {
        self.verify(Verifier::new(pins, self.domain()))
    }

    /// Feeds everything to a verifier, in uneven pieces.
    pub fn verify(&self, mut verifier: Verifier) -> Report {
        let mut transcript = self.transcript();
        let entries: Vec<Vec<u8>> = self
            .entries
            .iter()
            .map(|(entry, _)| entry.clone())
            .collect();
        for piece in entries.chunks(7) {
            verifier.feed(piece, &mut transcript);
        }
        verifier.report(&mut transcript)
    }

    pub fn transcript(&self) -> Memory {
        let mut times: Vec<(u64, u64)> = Vec::new();
        for (at, (_, time)) in self.entries.iter().enumerate() {
            times.push((at as u64 + 1, *time));
        }
        Memory {
            timeline: Timeline::from_blocks(times),
            rolls: [(self.id(), self.roll.clone())].into(),
            files: self.files.clone(),
            genesis: (self.domain.chain_id() > 0).then_some(self.manifest.ledger_keys),
            heads: (0..=self.entries.len() as u64)
                .map(|size| self.head(size))
                .collect(),
        }
    }

    /// The names of the rules that were broken, in order, each once.
    pub fn broken(&self) -> Vec<&'static str> {
        names(&self.report())
    }

    pub fn shape(&self) -> Shape {
        Shape::parse(&self.manifest.shape).unwrap()
    }

    pub fn selections(&self, choice: &[u8]) -> Selections {
        Selections::parse(choice, &self.shape()).unwrap()
    }
}

pub fn names(report: &Report) -> Vec<&'static str> {
    let mut names: Vec<_> = report
        .verdict
        .violations()
        .iter()
        .map(|it| it.rule.name())
        .collect();
    names.dedup();
    names
}

/// Keeps a file by its hash.
pub fn keep(files: &mut BTreeMap<ContentHash, Vec<u8>>, bytes: Vec<u8>) -> ContentHash {
    let name = ContentHash::new(Sha256::digest(&bytes).into());
    files.insert(name, bytes);
    name
}

pub fn leaves(name: &str, count: u32) -> Vec<VoterId> {
    let leaf = |at| VoterId::new(Sha256::digest(format!("{name} {at}")).into());
    let mut leaves: Vec<_> = (0..count).map(leaf).collect();
    leaves.sort_unstable();
    leaves
}

pub fn root(roll: &[VoterId]) -> RollRoot {
    let mut tree = TreeWriter::new();
    for leaf in roll {
        tree.push(leaf_hash(leaf.as_bytes()), |_| {});
    }
    RollRoot::new(*tree.root().as_bytes())
}

pub fn no_tally() -> TallyHash {
    TallyHash::new([3; 32])
}

/// A ledger in memory.
#[derive(Clone)]
pub struct Memory {
    pub timeline: Timeline,
    pub rolls: BTreeMap<ElectionId, Vec<VoterId>>,
    pub files: BTreeMap<ContentHash, Vec<u8>>,
    pub heads: Vec<LedgerHead>,
    /// Where it is a chain.
    pub genesis: Option<ContentHash>,
}

impl RollSource for Memory {
    fn leaves(
        &mut self,
        election: &ElectionId,
        from: u32,
        count: u32,
    ) -> Result<Vec<VoterId>, Unread> {
        let missing = || Unread::Missing {
            path: layout::roll_leaves(&election.to_string(), 0, 1),
        };
        let roll = self.rolls.get(election).ok_or_else(missing)?;
        let rest = roll
            .get(from as usize..)
            .filter(|rest| !rest.is_empty())
            .ok_or_else(missing)?;
        // Fewer at a time than asked for, as files give them.
        Ok(rest.iter().take((count as usize).min(3)).copied().collect())
    }
}

impl FileSource for Memory {
    fn file(&mut self, sha256: &ContentHash, limit: u64) -> Result<Vec<u8>, Unread> {
        let path = layout::content(sha256.as_bytes());
        let bytes = self
            .files
            .get(sha256)
            .ok_or(Unread::Missing { path: path.clone() })?;
        match bytes.len() as u64 > limit {
            true => Err(Unread::Unreadable {
                path,
                reason: "too long".to_owned(),
            }),
            false => Ok(bytes.clone()),
        }
    }
}

impl Chronicle for Memory {
    fn timeline(&mut self, _: &LedgerKeys) -> Timeline {
        self.timeline.clone()
    }

    fn blocks(&mut self, genesis: &ContentHash) -> Option<Timeline> {
        (self.genesis.as_ref() == Some(genesis)).then(|| self.timeline.clone())
    }

    fn head(&mut self, size: u64) -> Option<LedgerHead> {
        self.heads.get(usize::try_from(size).ok()?).copied()
    }
}
