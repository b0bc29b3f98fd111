//! A poll without a vault: officers, issuer, roll and ballots of our own making, in the folder
//! that a gateway follows.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

use symbolon_crypto::{digest::sha256_of, ecdsa::SigningKey, keyfile, random};
use symbolon_election::{
    Address, Content, ContentHash, Domain, ElectionId, Entry, LedgerKeys, LocalizedText, Manifest,
    Nonce, Question, RequestKey, RollIndex, RollRoot, RollStatement, Signature, Statement,
    TallyKey, TrustFile, Typed, UnverifiedBallot, VoterId, content::content_hash,
};
use symbolon_ledger::layout;
use symbolon_ledger_log::{Folder, Log};
use symbolon_service::{client::Profile, clock::unix_now};
use symbolon_tests::house::{Daemon, House, free_port, program, run};
use symbolon_tlog::{Frontier, LogKey, leaf_hash};
use tempfile::TempDir;

use crate::process::cores;

const ORIGIN: &str = "log.city.example/polls";
const DAY: u64 = 24 * 60 * 60;
/// Seconds between publications.
pub(crate) const INTERVAL: u64 = 10;
/// Ballots appended at a time where a log is filled.
const PAGE: usize = 5_000;
/// The bytes of a ballot without its choice.
const WITHOUT_CHOICE: usize = 220;

/// A city with a gateway that has never run.
pub(crate) struct City {
    folder: TempDir,
    port: u16,
    officers: Vec<SigningKey>,
    trust: TrustFile,
    gateway: Address,
    ledger: Named,
    statements: u64,
}

/// How manifests name the ledger.
enum Named {
    /// A log, by the list of its keys.
    Log(LedgerKeys),
    /// A chain, by its genesis block; and the account that pays.
    Chain(ContentHash, String),
}

/// An election of a city with its ballots, one a place, in the order of the places.
pub(crate) struct Poll {
    pub(crate) election: ElectionId,
    entries: Vec<u8>,
    /// The bytes of one.
    length: usize,
}

/// What an election asks, and what everybody answers.
pub(crate) struct Paper {
    /// How many options there are, and how many may be chosen.
    pub(crate) options: (u8, u8),
    /// What is chosen at a place, encoded; always as many bytes.
    pub(crate) choice: fn(u32) -> Vec<u8>,
}

/// One of three.
const USUAL: Paper = Paper {
    options: (3, 1),
    choice: |place| vec![1, 1 + (place % 3) as u8],
};

impl City {
    /// Certificates, officers, an initialised gateway with a log of its own.
    pub(crate) fn build() -> Self {
        let ledger = format!("key = \"gateway/log.key\"\ninterval_seconds = {INTERVAL}");
        Self::build_over(Domain::for_log(ORIGIN), &ledger)
    }

    /// The same with a contract as the ledger.
    pub(crate) fn build_on(domain: Domain, node: &str) -> Self {
        let ledger = format!(
            "interval_seconds = 2\n\n[ledger.ethereum]\nendpoints = [\"{node}\"]\n\
             account_key = \"gateway/account.key\"\nconfirmations = 2\ninclusion_seconds = 10"
        );
        Self::build_over(domain, &ledger)
    }

    fn build_over(domain: Domain, ledger: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut officers: Vec<_> = (0..3).map(|_| key()).collect();
        officers.sort_by_key(SigningKey::address);
        let addresses = officers.iter().map(SigningKey::address).collect();
        let on_log = domain.chain_id() == 0;
        let trust = TrustFile::new("Test City", domain, ORIGIN, addresses, 2).unwrap();
        let root = folder.path().to_owned();
        let pki = root.join("pki").to_str().unwrap().to_owned();
        run(program("symbolon").args(["pki", "init", &pki, "--trust-domain", "city.example"]));
        let server = ["--server", "--dns", "localhost", "--ip", "127.0.0.1"];
        run(program("symbolon")
            .args(["pki", "issue", &pki, "--role", "gateway", "--name", "main"])
            .args(server));
        fs::write(root.join("trust.json"), trust.to_json()).unwrap();
        let port = free_port();
        fs::write(root.join("gateway.toml"), configuration(port, ledger)).unwrap();
        let (config, keys) = (root.join("gateway.toml"), root.join("ledger-keys.json"));
        let mut init = program("symbolon-gateway");
        init.arg("init").arg("--config").arg(config);
        if on_log {
            init.arg("--ledger-keys").arg(&keys);
        }
        let said = run(&mut init);
        let word = |name: &str| said.lines().find_map(|line| line.strip_prefix(name));
        let ledger = match (word("genesis 0x"), word("account ")) {
            (Some(genesis), Some(account)) => {
                Named::Chain(genesis.parse().unwrap(), account.to_owned())
            }
            _ => Named::Log(LedgerKeys::parse(&fs::read(keys).unwrap()).unwrap()),
        };
        Self {
            gateway: said.lines().next().unwrap().parse().unwrap(),
            ledger,
            folder,
            port,
            officers,
            trust,
            statements: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the gateway's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.path("gateway/log")
    }

    /// The account that pays, where the ledger is a contract.
    pub(crate) fn account(&self) -> &str {
        match &self.ledger {
            Named::Chain(_, account) => account,
            Named::Log(_) => "",
        }
    }

    /// Opens an election of so many places and makes a ballot for each.
    pub(crate) fn open(&mut self, places: u32) -> Poll {
        self.open_asking(places, &USUAL)
    }

    /// The same with a question and answers of one's own.
    pub(crate) fn open_asking(&mut self, places: u32, paper: &Paper) -> Poll {
        let options = (1..=paper.options.0).map(|number| text(&number.to_string()));
        let question = Question {
            title: text("Which?"),
            text: text("Which one?"),
            options: options.collect(),
            least: 0,
            most: paper.options.1,
        };
        let content = Content::new(text("A poll"), text("A poll."), vec![question]).unwrap();
        self.publish(&content.to_json());
        if let Named::Log(keys) = &self.ledger {
            self.publish(&keys.to_json());
        }
        let issuer = key();
        let manifest = self.manifest(&content, issuer.address());
        let election = manifest.election(self.trust.domain());
        self.state(Statement::Manifest(manifest));
        let voters = voters(&election, places);
        self.write_roll(election, &voters);
        let entries = ballots(
            self.trust.domain(),
            election,
            &issuer,
            &voters,
            paper.choice,
        );
        Poll {
            election,
            entries,
            length: WITHOUT_CHOICE + (paper.choice)(0).len(),
        }
    }

    fn manifest(&self, content: &Content, issuer: Address) -> Manifest {
        let opens = unix_now() - 1;
        Manifest {
            nonce: Nonce::new(random::bytes(&mut random::os())),
            content_hash: content_hash(&content.to_json()),
            shape: content.shape().encode(),
            opens,
            closes: opens + DAY,
            grace: 6 * INTERVAL,
            forget_after: opens + 10 * DAY,
            max_ballots: 3,
            roll_batch_min: 0,
            ballot_batch_min: 100,
            custody: 0,
            anonymity: 0,
            results: 0,
            tally_key: TallyKey::new([0; 32]),
            officers: self.officers.iter().map(SigningKey::address).collect(),
            threshold: 2,
            issuer,
            request_key: RequestKey::new([6; 32]),
            gateways: vec![self.gateway],
            ledger_keys: match &self.ledger {
                Named::Log(keys) => content_hash(&keys.to_json()),
                Named::Chain(genesis, _) => *genesis,
            },
            payload: 0,
        }
    }

    fn write_roll(&mut self, election: ElectionId, voters: &[VoterId]) {
        let mut tree = Frontier::new();
        let leaves = voters.iter().map(|voter| leaf_hash(voter.as_bytes()));
        leaves.for_each(|leaf| tree.push(leaf));
        for (number, voters) in (0..).zip(voters.chunks(256)) {
            let bytes: Vec<u8> = voters.iter().flat_map(|voter| *voter.as_bytes()).collect();
            let width = u16::try_from(voters.len()).unwrap();
            self.write(
                &layout::roll_leaves(&election.to_string(), number, width),
                &bytes,
            );
        }
        self.state(Statement::RollStatement(RollStatement {
            election,
            sequence: 0,
            size: u32::try_from(voters.len()).unwrap(),
            root: RollRoot::new(*tree.root().as_bytes()),
        }));
    }

    fn state(&mut self, statement: Statement) {
        let digest = statement.digest(self.trust.domain());
        let sign = |officer: &SigningKey| officer.sign(digest.as_bytes());
        let signatures = self.officers[..2].iter().map(sign).collect();
        let entry = Entry::from_statement(statement, signatures).unwrap();
        self.write(&layout::statement(self.statements), &entry.encode());
        self.statements += 1;
    }

    fn publish(&self, bytes: &[u8]) {
        self.write(&layout::content(content_hash(bytes).as_bytes()), bytes);
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path("export").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Starts the gateway: it takes every statement before it listens.
    pub(crate) fn start(&self) -> Daemon {
        let config = self.path("gateway.toml");
        let args = ["--config", config.to_str().unwrap()];
        Daemon::start("symbolon-gateway", &args, House::address(self.port))
    }

    /// The observer, told to verify a log of the city.
    pub(crate) fn observer(&self, log: &Path) -> Command {
        let mut observer = program("symbolon-observer");
        observer.args(["verify", "--json", "--trust"]);
        observer.arg(self.path("trust.json")).arg(log);
        observer
    }

    /// Begins a log of the city in a folder, with every statement, roll and content.
    pub(crate) fn begin_log(&self, folder: &Path) {
        let files = [self.path("export/content"), self.log().join("roll")];
        run(Command::new("cp").arg("-r").args(files).arg(folder));
        let statements = (0..self.statements).map(|number| {
            let path = self.path("export").join(layout::statement(number));
            fs::read(path).unwrap()
        });
        let statements: Vec<_> = statements.collect();
        self.own(folder)
            .append_batch(&statements, unix_now())
            .unwrap();
    }

    /// Appends ballots of the polls until the log in a folder has so many; how many it has.
    pub(crate) fn fill(&self, folder: &Path, polls: &[Arc<Poll>; 2], ballots: u64) -> u64 {
        let mut log = self.own(folder);
        for first in (0..polls[0].size()).step_by(PAGE) {
            for poll in polls {
                let last = poll.size().min(first + PAGE as u64);
                let wanted = (ballots + self.statements).saturating_sub(log.size());
                let entries = (first..last).map(|place| poll.ballot(place).to_vec());
                let fresh = entries.filter(|entry| log.index_of(&leaf_hash(entry)).is_none());
                let fresh: Vec<_> = fresh.take(usize::try_from(wanted).unwrap()).collect();
                log.append_batch(&fresh, unix_now()).unwrap();
            }
        }
        log.size() - self.statements
    }

    /// The log in a folder, to be written: no gateway runs over it.
    fn own(&self, folder: &Path) -> Log {
        let seed = keyfile::read::<32>(&self.path("gateway/log.key")).unwrap();
        let key = LogKey::new(ORIGIN, seed.expose()).unwrap();
        Log::open(Folder::own(folder).unwrap(), key, Vec::new(), unix_now()).unwrap()
    }

    /// Where the gateway listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The profile of a voter's device.
    pub(crate) fn profile(&self) -> Profile {
        Profile {
            endpoint: format!("https://localhost:{}", self.port),
            server_name: None,
            ca: Some(self.path("pki/ca.pem")),
            certificate: None,
            key: None,
        }
    }
}

impl Poll {
    /// How many ballots there are.
    pub(crate) fn size(&self) -> u64 {
        (self.entries.len() / self.length) as u64
    }

    /// The ballot at a place.
    pub(crate) fn ballot(&self, place: u64) -> &[u8] {
        let start = usize::try_from(place).unwrap() * self.length;
        &self.entries[start..start + self.length]
    }

    /// The place of the ballot that is sent as the n-th: all of them once, in no order.
    pub(crate) fn place(&self, number: u64) -> u64 {
        // A prime that divides no such number of ballots.
        number * 2_147_483_647 % self.size()
    }
}

fn voters(election: &ElectionId, places: u32) -> Vec<VoterId> {
    let voter = |place: u32| VoterId::new(sha256_of(&[election.as_bytes(), &place.to_be_bytes()]));
    let mut voters: Vec<_> = (0..places).map(voter).collect();
    voters.sort_unstable();
    voters
}

/// A ballot for each place, each with a key of its own, on all cores.
fn ballots(
    domain: &Domain,
    election: ElectionId,
    issuer: &SigningKey,
    voters: &[VoterId],
    choice: fn(u32) -> Vec<u8>,
) -> Vec<u8> {
    let length = WITHOUT_CHOICE + choice(0).len();
    let mut entries = vec![0; voters.len() * length];
    let share = 1024;
    let work = entries.chunks_mut(share * length).zip(voters.chunks(share));
    let work = Mutex::new((0u32..).step_by(share).zip(work));
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(|| {
                while let Some((first, (entries, voters))) = { work.lock().unwrap().next() } {
                    let ballots = entries.chunks_mut(length).zip((first..).zip(voters));
                    for (entry, (place, voter)) in ballots {
                        let choice = choice(place);
                        let ballot = ballot(domain, election, issuer, (place, *voter), choice);
                        entry.copy_from_slice(&ballot);
                    }
                }
            });
        }
    });
    entries
}

fn ballot(
    domain: &Domain,
    election: ElectionId,
    issuer: &SigningKey,
    (place, voter_id): (u32, VoterId),
    choice: Vec<u8>,
) -> Vec<u8> {
    let key = key();
    let unsigned = Signature::from_bytes([0; 64]);
    let mut ballot = UnverifiedBallot {
        election,
        voter_id,
        roll_index: RollIndex(place),
        ballot_key: key.address(),
        sequence: 0,
        choice,
        token_signature: unsigned,
        ballot_signature: unsigned,
    };
    ballot.token_signature = issuer.sign(ballot.token().digest(domain).as_bytes());
    ballot.ballot_signature = key.sign(ballot.ballot().digest(domain).as_bytes());
    ballot.to_entry()
}

fn key() -> SigningKey {
    SigningKey::random(&mut random::os())
}

fn text(text: &str) -> LocalizedText {
    LocalizedText::new("en", text)
}

fn configuration(port: u16, ledger: &str) -> String {
    format!(
        r#"
trust = "trust.json"
receipt_key = "gateway/receipt.key"

[store]
directory = "gateway/outbox"
checkpoint_file = "gateway/checkpoint"

[ledger]
folder = "gateway/log"
{ledger}

[source]
folder = "export"
poll_seconds = 1

[[listener]]
address = "127.0.0.1:{port}"
services = ["ballots"]
client_auth = "none"
limits = {{ concurrent_calls = 64, handshakes = 512 }}

[listener.tls]
certificate = "pki/gateway-main-server.pem"
key = "pki/gateway-main-server.key"
"#
    )
}
