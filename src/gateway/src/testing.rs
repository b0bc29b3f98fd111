//! A scripted election in a folder, and a gateway over it.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use symbolon_crypto::{digest::sha256, ecdsa::SigningKey, random};
use symbolon_election::{
    ContentHash, Entry, LedgerKeys, LocalizedText, Manifest, Nonce, Question, RequestKey,
    RollIndex, RollRoot, RollStatement, Signature, Statement, TallyKey, TrustFile, Typed,
    UnverifiedBallot, VoterId, content::content_hash, ledger_keys::NoteKey,
};
use symbolon_ledger::layout;
use symbolon_ledger_log::{Clock, Folder, Log};
use symbolon_store::{InstallationId, LocalStore, Options, Store};
use symbolon_tlog::{Frontier, LogKey, leaf_hash};
use tempfile::TempDir;

use crate::{
    batches::Batches,
    board::{Board, LogBoard},
    book::Book,
    intake::{Intake, turns},
    newest::Newest,
    outbox::Outbox,
    roll::Rolls,
    source::Source,
    statements::Follower,
};

pub(crate) const ORIGIN: &str = "log.example.org/polls";
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const CLOSES: u64 = NOW + 1000;
pub(crate) const GRACE: u64 = 20;
pub(crate) const INTERVAL: u64 = 10;

/// A city: officers, an issuer, a gateway's key, voters.
pub(crate) struct City {
    pub(crate) folder: TempDir,
    pub(crate) trust: TrustFile,
    pub(crate) manifest: Manifest,
    officers: Vec<SigningKey>,
    issuer: SigningKey,
    receipt_seed: [u8; 32],
    pub(crate) voters: Vec<VoterId>,
    pub(crate) now: Arc<AtomicU64>,
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::new(symbolon_crypto::Secret::init_with(|place| place.fill(seed))).unwrap()
}

fn log_public() -> [u8; 32] {
    let log = LogKey::new(ORIGIN, &[9; 32]).unwrap();
    *log.verifier(symbolon_tlog::KeyKind::Ed25519).public()
}

fn text(text: &str) -> LocalizedText {
    LocalizedText::new("en", text)
}

impl City {
    /// With a batch of at least `k` places and three ballots a place.
    pub(crate) fn new(k: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut officers = vec![key(1), key(2), key(3)];
        officers.sort_by_key(SigningKey::address);
        let addresses: Vec<_> = officers.iter().map(SigningKey::address).collect();
        let trust = TrustFile::for_log("Test City", ORIGIN, addresses.clone(), 2).unwrap();
        let question = Question {
            title: text("Which?"),
            text: text("Which one?"),
            options: vec![text("a"), text("b"), text("c")],
            least: 0,
            most: 1,
        };
        let content =
            symbolon_election::Content::new(text("A poll"), text("A poll."), vec![question])
                .unwrap();
        let public = log_public();
        let keys = (
            NoteKey::log(ORIGIN, public).unwrap(),
            NoteKey::cosigner(ORIGIN, public).unwrap(),
        );
        let ledger_keys = LedgerKeys::new(ORIGIN, keys.0, vec![keys.1], 1)
            .unwrap()
            .to_json();
        let (issuer, receipt_seed) = (key(4), [5; 32]);
        let manifest = Manifest {
            nonce: Nonce::new([7; 32]),
            content_hash: content_hash(&content.to_json()),
            shape: content.shape().encode(),
            opens: NOW,
            closes: CLOSES,
            grace: GRACE,
            forget_after: NOW + 100_000,
            max_ballots: 3,
            roll_batch_min: 0,
            ballot_batch_min: k,
            custody: 0,
            anonymity: 0,
            results: 0,
            tally_key: TallyKey::new([0; 32]),
            officers: addresses,
            threshold: 2,
            issuer: issuer.address(),
            request_key: RequestKey::new([6; 32]),
            gateways: vec![key(5).address()],
            ledger_keys: content_hash(&ledger_keys),
            payload: 0,
        };
        let mut voters: Vec<_> = (0u32..300)
            .map(|n| VoterId::new(sha256(&n.to_be_bytes())))
            .collect();
        voters.sort();
        let city = Self {
            folder,
            trust,
            manifest,
            officers,
            issuer,
            receipt_seed,
            voters,
            now: Arc::new(AtomicU64::new(NOW)),
        };
        city.write_content(&content.to_json());
        city.write_content(&ledger_keys);
        city.write_statement(0, Statement::Manifest(city.manifest.clone()), 2);
        city.write_roll();
        city
    }

    pub(crate) fn source(&self) -> std::path::PathBuf {
        self.folder.path().join("export")
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.source().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn write_content(&self, bytes: &[u8]) {
        let name: ContentHash = content_hash(bytes);
        self.write(&layout::content(name.as_bytes()), bytes);
    }

    /// Writes a statement with the signatures of the first so many officers.
    pub(crate) fn write_statement(&self, number: u64, statement: Statement, signers: usize) {
        let digest = statement.digest(self.trust.domain());
        let signatures: Vec<Signature> = self.officers[..signers]
            .iter()
            .map(|key| key.sign(digest.as_bytes()))
            .collect();
        let entry = Entry::from_statement(statement, signatures)
            .unwrap()
            .encode();
        self.write(&layout::statement(number), &entry);
    }

    fn write_roll(&self) {
        let election = self.manifest.election(self.trust.domain());
        let mut tree = Frontier::new();
        self.voters
            .iter()
            .for_each(|voter| tree.push(leaf_hash(voter.as_bytes())));
        let leaves: Vec<u8> = self
            .voters
            .iter()
            .flat_map(|voter| *voter.as_bytes())
            .collect();
        for (number, width) in layout::files_of(self.voters.len() as u64) {
            let start = number as usize * 256 * 32;
            let file = &leaves[start..start + usize::from(width) * 32];
            self.write(
                &layout::roll_leaves(&election.to_string(), number, width),
                file,
            );
        }
        let statement = RollStatement {
            election,
            sequence: 0,
            size: self.voters.len() as u32,
            root: RollRoot::new(*tree.root().as_bytes()),
        };
        self.write_statement(1, Statement::RollStatement(statement), 2);
    }

    /// A ballot of the voter at this place, signed by a key of this seed.
    pub(crate) fn ballot(
        &self,
        place: u32,
        seed: u8,
        sequence: u8,
        choice: &[u8],
    ) -> UnverifiedBallot {
        let ballot_key = key(seed);
        let mut ballot = UnverifiedBallot {
            election: self.manifest.election(self.trust.domain()),
            voter_id: self.voters[place as usize % self.voters.len()],
            roll_index: RollIndex(place),
            ballot_key: ballot_key.address(),
            sequence,
            choice: choice.to_vec(),
            token_signature: Signature::from_slice(&[1; 64]).unwrap(),
            ballot_signature: Signature::from_slice(&[1; 64]).unwrap(),
        };
        let domain = self.trust.domain();
        ballot.token_signature = self.issuer.sign(ballot.token().digest(domain).as_bytes());
        ballot.ballot_signature = ballot_key.sign(ballot.ballot().digest(domain).as_bytes());
        ballot
    }

    /// The same ballot with a token that somebody else signed.
    pub(crate) fn with_issuer(&self, mut ballot: UnverifiedBallot, seed: u8) -> UnverifiedBallot {
        let digest = ballot.token().digest(self.trust.domain());
        ballot.token_signature = key(seed).sign(digest.as_bytes());
        ballot
    }

    pub(crate) fn at(&self, time: u64) {
        self.now.store(time, Ordering::SeqCst);
    }

    /// A gateway that has taken every statement, on what earlier ones left.
    pub(crate) async fn gateway(&self) -> (Arc<Intake>, LogBoard) {
        let (intake, board, mut follower) = self.parts();
        follower.learn().await.unwrap();
        follower.catch_up().await.unwrap();
        (intake, board)
    }

    pub(crate) fn parts(&self) -> (Arc<Intake>, LogBoard, Follower) {
        let log = self.folder.path().join("log");
        fs::create_dir_all(&log).unwrap();
        let opened = Log::open(
            Folder::own(&log).unwrap(),
            LogKey::new(ORIGIN, &[9; 32]).unwrap(),
            Vec::new(),
            (self.clock())(),
        );
        let board = LogBoard::new(opened.unwrap(), self.clock()).unwrap();
        let (intake, follower) = self.parts_on(Arc::new(board.clone()));
        (intake, board, follower)
    }

    fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Arc::new(move || now.load(Ordering::SeqCst))
    }

    /// The same over any ledger whose files are in the folder `log`.
    pub(crate) fn parts_on(&self, board: Arc<dyn Board>) -> (Arc<Intake>, Follower) {
        let root = self.folder.path();
        let receipt_key =
            SigningKey::new(symbolon_crypto::Secret::from_slice(&self.receipt_seed).unwrap());
        let intake = Arc::new(Intake {
            book: Book::default(),
            outbox: Outbox::new(store(root)),
            batches: Batches::new(INTERVAL, INTERVAL / 2, board.opened_at()),
            receipt_key: receipt_key.unwrap(),
            rolls: Rolls::new(root.join("log")),
            clock: self.clock(),
            vault: None,
            turns: turns(),
            newest: Newest::default(),
        });
        let source = Source::Folder(self.source());
        let follower = Follower::new(source, self.trust.clone(), board, Arc::clone(&intake));
        (intake, follower)
    }
}

fn store(root: &Path) -> Arc<dyn Store> {
    let options = || Options::new(root.join("outbox"), root.join("checkpoint")).cache(1 << 24);
    let store = match root.join("outbox").exists() {
        true => LocalStore::open(options()).unwrap(),
        false => {
            let installation = InstallationId::from_bytes(random::bytes(&mut random::os()));
            LocalStore::create(options(), installation).unwrap()
        }
    };
    Arc::new(store)
}
