//! An election whose keys are all in a test's hand, and a real gateway that knows it from a
//! folder alone.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use symbolon_crypto::{Secret, digest::sha256, ecdsa::SigningKey};
use symbolon_election::{
    Address, Content, ContentHash, Domain, ElectionId, Entry, LocalizedText, Manifest, Nonce,
    Question, RequestKey, RollIndex, RollRoot, RollStatement, Signature, Statement, TallyKey,
    TrustFile, Typed, UnverifiedBallot, VoterId, content::content_hash,
};
use symbolon_ledger::layout;
use symbolon_tlog::{Frontier, leaf_hash};
use tempfile::TempDir;

use crate::house::{House, free_port, program, run};

pub(crate) const ORIGIN: &str = "log.example.org/polls";
const PATIENCE: Duration = Duration::from_secs(60);

/// Unix seconds.
pub(crate) fn now() -> u64 {
    #[allow(clippy::disallowed_methods)]
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

pub(crate) fn wait_until(time: u64) {
    while now() <= time {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A key that the same number gives again.
pub(crate) fn key(number: u32) -> SigningKey {
    let seed = sha256(&[b"key".as_slice(), &number.to_be_bytes()].concat());
    SigningKey::new(Secret::from_slice(&seed).unwrap()).unwrap()
}

/// The ballot key of a place.
fn ballot_key(place: u32) -> SigningKey {
    key(place.wrapping_add(10_000))
}

/// A program that runs until it is told otherwise; what it logs is kept.
pub(crate) struct Program {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Program {
    /// Starts it and waits until something listens there.
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let spawned = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                *kept.lock().unwrap() += &(line + "\n");
            }
        });
        let mut program = Self { child, log };
        let started = Instant::now();
        while TcpStream::connect(House::address(port)).is_err() {
            let ended = program.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", program.log());
            assert!(started.elapsed() < PATIENCE, "{}", program.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        program
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until a line of its log holds this.
    pub(crate) fn says(&self, text: &str) {
        let started = Instant::now();
        while !self.log().contains(text) {
            assert!(started.elapsed() < PATIENCE, "{text}: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a signal by name and waits for a clean end.
    pub(crate) fn end(mut self, signal: &str) {
        self.signal(signal);
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}: {}", self.log());
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request of HTTP/1.1; status and body.
pub(crate) fn http(port: u16, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    try_http(port, method, path, body).unwrap()
}

pub(crate) fn try_http(
    port: u16,
    method: &str,
    path: &str,
    body: &[u8],
) -> std::io::Result<(u16, String)> {
    let mut tcp = TcpStream::connect(House::address(port))?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    tcp.write_all(head.as_bytes())?;
    // A body that is too large is refused before it is read.
    let _ = tcp.write_all(body);
    let mut answer = Vec::new();
    let read = tcp.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let broken = || {
        read.err()
            .unwrap_or(std::io::ErrorKind::UnexpectedEof.into())
    };
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return Err(broken());
    };
    Ok((head[9..12].parse().unwrap(), body.to_owned()))
}

/// What a city is made with.
pub(crate) struct Plan {
    /// Seconds from now.
    pub(crate) closes: u64,
    pub(crate) grace: u64,
    /// Places that a batch needs.
    pub(crate) k: u16,
    pub(crate) voters: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            closes: 3600,
            grace: 60,
            k: 1,
            voters: 300,
        }
    }
}

/// Officers, an issuer, voters, and the folder of a gateway.
pub(crate) struct City {
    folder: TempDir,
    pub(crate) port: u16,
    pub(crate) trust: TrustFile,
    pub(crate) manifest: Manifest,
    /// By place.
    pub(crate) voters: Vec<VoterId>,
}

fn text(text: &str) -> LocalizedText {
    LocalizedText::new("en", text)
}

/// Three keys from this number on, in the order of their addresses.
fn officers(first: u32) -> Vec<SigningKey> {
    let mut keys: Vec<_> = (first..first + 3).map(key).collect();
    keys.sort_by_key(SigningKey::address);
    keys
}

fn addresses(keys: &[SigningKey]) -> Vec<Address> {
    keys.iter().map(SigningKey::address).collect()
}

impl City {
    /// An election that is open, in a folder; the gateway has its keys and doesn't run yet.
    pub(crate) fn new(plan: &Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let port = free_port();
        let trust = TrustFile::for_log("Test City", ORIGIN, addresses(&officers(1)), 2).unwrap();
        fs::write(root.join("trust.json"), trust.to_json()).unwrap();
        fs::write(root.join("gateway.toml"), config(port)).unwrap();
        let mut init = program("symbolon-gateway");
        init.args(["init", "--config"])
            .arg(root.join("gateway.toml"));
        init.arg("--ledger-keys").arg(root.join("ledger-keys.json"));
        let receipts = run(&mut init).trim().to_owned();
        let ledger_keys = fs::read(root.join("ledger-keys.json")).unwrap();
        let content = content();
        let manifest = manifest(plan, &content, &ledger_keys, receipts.parse().unwrap());
        let mut voters: Vec<_> = (0..plan.voters).map(voter).collect();
        voters.sort();
        let city = Self {
            folder,
            port,
            trust,
            manifest,
            voters,
        };
        city.write_content(&content.to_json());
        city.write_content(&ledger_keys);
        city.write_statement(
            0,
            Statement::Manifest(city.manifest.clone()),
            &officers(1)[..2],
        );
        city.write_roll(1, &city.manifest, &officers(1)[..2]);
        city
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn election(&self) -> ElectionId {
        self.manifest.election(self.trust.domain())
    }

    pub(crate) fn gateway(&self) -> Program {
        Program::start(&mut self.command(), self.port)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = program("symbolon-gateway");
        command.arg("--config").arg(self.path("gateway.toml"));
        command
    }

    /// Waits until the gateway knows the roll.
    pub(crate) fn open_gateway(&self) -> Program {
        let gateway = self.gateway();
        let started = Instant::now();
        while !http(self.port, "GET", "/v1/elections", b"")
            .1
            .contains(&self.election().to_string())
        {
            assert!(started.elapsed() < PATIENCE, "{}", gateway.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        gateway
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path("export").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn write_content(&self, bytes: &[u8]) {
        let name: ContentHash = content_hash(bytes);
        self.write(&layout::content(name.as_bytes()), bytes);
    }

    pub(crate) fn write_statement_bytes(&self, number: u64, bytes: &[u8]) {
        self.write(&layout::statement(number), bytes);
    }

    /// A statement with these signatures.
    pub(crate) fn write_statement(
        &self,
        number: u64,
        statement: Statement,
        signers: &[SigningKey],
    ) {
        let digest = statement.digest(self.trust.domain());
        let signatures = signers.iter().map(|key| key.sign(digest.as_bytes()));
        let entry = Entry::from_statement(statement, signatures.collect()).unwrap();
        self.write_statement_bytes(number, &entry.encode());
    }

    /// The roll of an election: everybody.
    fn write_roll(&self, number: u64, manifest: &Manifest, signers: &[SigningKey]) {
        let election = manifest.election(self.trust.domain());
        let mut tree = Frontier::new();
        let leaves: Vec<u8> = self
            .voters
            .iter()
            .flat_map(|voter| *voter.as_bytes())
            .collect();
        self.voters
            .iter()
            .for_each(|voter| tree.push(leaf_hash(voter.as_bytes())));
        for (file, width) in layout::files_of(self.voters.len() as u64) {
            let start = file as usize * 256 * 32;
            let bytes = &leaves[start..start + usize::from(width) * 32];
            self.write(
                &layout::roll_leaves(&election.to_string(), file, width),
                bytes,
            );
        }
        let statement = RollStatement {
            election,
            sequence: 0,
            size: self.voters.len() as u32,
            root: RollRoot::new(*tree.root().as_bytes()),
        };
        self.write_statement(number, Statement::RollStatement(statement), signers);
    }

    /// The city's election once more in every word, complete and well signed, by officers who
    /// are strangers: statements `number` and the next.
    pub(crate) fn write_look_alike(&self, number: u64) -> ElectionId {
        let strangers = officers(60);
        let manifest = Manifest {
            officers: addresses(&strangers),
            ..self.manifest.clone()
        };
        let election = manifest.election(self.trust.domain());
        self.write_statement(
            number,
            Statement::Manifest(manifest.clone()),
            &strangers[..2],
        );
        self.write_roll(number + 1, &manifest, &strangers[..2]);
        election
    }

    /// Signed by officers of the city.
    pub(crate) fn officers(&self) -> Vec<SigningKey> {
        officers(1)
    }

    /// A ballot of the voter at a place, by the key of that place.
    pub(crate) fn ballot(&self, place: u32, sequence: u8, option: u8) -> UnverifiedBallot {
        self.signed(
            self.unsigned(place, sequence, &[1, option]),
            self.trust.domain(),
        )
    }

    pub(crate) fn unsigned(&self, place: u32, sequence: u8, choice: &[u8]) -> UnverifiedBallot {
        UnverifiedBallot {
            election: self.election(),
            voter_id: self.voters[place as usize % self.voters.len()],
            roll_index: RollIndex(place),
            ballot_key: ballot_key(place).address(),
            sequence,
            choice: choice.to_vec(),
            token_signature: Signature::from_slice(&[1; 64]).unwrap(),
            ballot_signature: Signature::from_slice(&[1; 64]).unwrap(),
        }
    }

    /// Signed by the issuer and the place's ballot key under a domain.
    pub(crate) fn signed(&self, mut ballot: UnverifiedBallot, domain: &Domain) -> UnverifiedBallot {
        let place = ballot.roll_index.0;
        ballot.token_signature = key(4).sign(ballot.token().digest(domain).as_bytes());
        ballot.ballot_signature = ballot_key(place).sign(ballot.ballot().digest(domain).as_bytes());
        ballot
    }

    /// Hands an entry to the gateway; its answer.
    pub(crate) fn cast(&self, entry: &[u8]) -> (u16, Value) {
        let (status, body) = http(self.port, "POST", "/v1/ballots", &cast_body(entry));
        let value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        (status, value)
    }

    /// The receipt of a ballot that must be taken.
    pub(crate) fn accepted(&self, ballot: &UnverifiedBallot) -> Value {
        let (status, told) = self.cast(&ballot.to_entry());
        assert_eq!(status, 200, "{told}");
        told
    }

    /// Why an entry is refused.
    pub(crate) fn refused(&self, entry: &[u8]) -> String {
        let (status, told) = self.cast(entry);
        assert!((400..500).contains(&status), "{status} {told}");
        told["reason"].as_str().unwrap().to_owned()
    }

    /// Where a ballot stands: its state, and its index on the ledger.
    pub(crate) fn standing(&self, hash: &str) -> (String, Option<u64>) {
        let (status, body) = http(self.port, "GET", &format!("/v1/ballots/{hash}"), b"");
        assert_eq!(status, 200, "{body}");
        let told: Value = serde_json::from_str(&body).unwrap();
        (
            told["state"].as_str().unwrap().to_owned(),
            told["index"].as_u64(),
        )
    }

    /// Waits until a ballot is on the ledger; its index.
    pub(crate) fn included(&self, hash: &str) -> u64 {
        let started = Instant::now();
        loop {
            if let (_, Some(index)) = self.standing(hash) {
                return index;
            }
            assert!(started.elapsed() < PATIENCE, "{hash} isn't published");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What an observer who holds the trust file says of the gateway's folder.
    pub(crate) fn observed(&self, more: &[&Path]) -> (i32, Value) {
        let mut observer = program("symbolon-observer");
        observer.arg("verify").arg(self.path("log"));
        observer
            .arg("--trust")
            .arg(self.path("trust.json"))
            .arg("--json");
        let output = observer.args(more).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let verdict = serde_json::from_str(&said)
            .unwrap_or_else(|error| panic!("{error}: {said}{:?}", output.stderr));
        (output.status.code().unwrap(), verdict)
    }
}

/// The body of a cast.
pub(crate) fn cast_body(entry: &[u8]) -> Vec<u8> {
    json!({ "entry": format!("0x{}", hex::encode(entry)) })
        .to_string()
        .into_bytes()
}

fn voter(number: u32) -> VoterId {
    VoterId::new(sha256(&number.to_be_bytes()))
}

/// The place of the voter whom the vault would have served as this one.
pub(crate) fn place_of(voters: &[VoterId], number: u32) -> u32 {
    voters.binary_search(&voter(number)).unwrap() as u32
}

fn content() -> Content {
    let question = Question {
        title: text("Which?"),
        text: text("Which one?"),
        options: vec![text("a"), text("b"), text("c")],
        least: 0,
        most: 1,
    };
    Content::new(text("A poll"), text("A poll."), vec![question]).unwrap()
}

fn manifest(plan: &Plan, content: &Content, ledger_keys: &[u8], receipts: Address) -> Manifest {
    let closes = now() + plan.closes;
    Manifest {
        nonce: Nonce::new([7; 32]),
        content_hash: content_hash(&content.to_json()),
        shape: content.shape().encode(),
        opens: now() - 60,
        closes,
        grace: plan.grace,
        forget_after: closes + 100_000,
        max_ballots: 3,
        roll_batch_min: 0,
        ballot_batch_min: plan.k,
        custody: 0,
        anonymity: 0,
        results: 0,
        tally_key: TallyKey::new([0; 32]),
        officers: addresses(&officers(1)),
        threshold: 2,
        issuer: key(4).address(),
        request_key: RequestKey::new([6; 32]),
        gateways: vec![receipts],
        ledger_keys: content_hash(ledger_keys),
        payload: 0,
    }
}

fn config(port: u16) -> String {
    format!(
        r#"
trust = "trust.json"
receipt_key = "keys/receipt.key"

[store]
directory = "outbox"
checkpoint_file = "checkpoint"
cache_mib = 16

[ledger]
folder = "log"
key = "keys/log.key"
interval_seconds = 2

[source]
folder = "export"
poll_seconds = 1

[[listener]]
address = "127.0.0.1:{port}"
services = ["ballots"]
client_auth = "none"
"#
    )
}
