//! A house with a vault and a gateway, run as their operators would. What fails ends the test.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// How long a daemon may take to start or to stop.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Unseals the vault.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// Unlocks the token of a vault that one unseals.
pub const PIN: &str = "482915";
/// The library of SoftHSM2, where Debian has it.
pub const TOKEN_MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// One of the programs under test, built beside the tests.
pub fn program(name: &str) -> Command {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{name} isn't built: cargo build --release --workspace --bins"
    );
    Command::new(path)
}

/// What a portal knows of the person with this number, as the house's schema names it.
pub fn attributes(person: u64) -> HashMap<String, String> {
    let letter = |n: u64| char::from(b'a' + u8::try_from(n % 26).unwrap());
    let name: String = (0..6)
        .map(|place| letter(person / 26_u64.pow(place)))
        .collect();
    let pairs = [
        ("family_name", format!("Test {name}")),
        ("given_name", "Ada".to_owned()),
        ("birth_date", format!("19{:02}-03-04", person % 90 + 10)),
        ("document", format!("DOC{person:08}")),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Runs a command that must be refused; what it said.
pub fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "not refused: {said}");
    said
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A daemon of ours, ended when it is dropped.
pub struct Daemon {
    child: Child,
    name: &'static str,
}

impl Daemon {
    /// Starts a program and waits until it listens.
    pub fn start(name: &'static str, args: &[&str], address: SocketAddr) -> Self {
        Self::spawn(name, program(name).args(args), address)
    }

    /// The same of a command.
    pub fn spawn(name: &'static str, command: &mut Command, address: SocketAddr) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut daemon = Self {
            child: child.unwrap(),
            name,
        };
        let log = daemon.child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                eprintln!("{name}: {line}");
            }
        });
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = daemon.child.try_wait().unwrap();
            assert!(ended.is_none(), "{name} ended: {ended:?}");
            assert!(started.elapsed() < PATIENCE, "{name} doesn't listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        daemon
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits for a clean end.
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{} ended with {status}", self.name);
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{} doesn't stop", self.name);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What differs between one city's vault and another's.
#[derive(Clone, Debug)]
pub struct Plan {
    /// KiB of memory and passes of Argon2id.
    pub argon2: (u32, u32),
    /// Whether a tax number identifies people too: a third rule.
    pub tax_number: bool,
    /// MiB of the store's cache.
    pub cache_mib: u64,
    /// Calls at work at once on one connection.
    pub concurrent_calls: u32,
    /// How many distinct people the portal may ask for in a day.
    pub people_per_day: u64,
    /// How many shares unseal the vault, and how many there are; none for a passphrase.
    pub unseal_shares: Option<(u8, u8)>,
    /// The chain whose contract is the ledger; none for a log.
    pub chain: Option<Chain>,
    /// Whether a SoftHSM2 token unseals the vault; its PIN is [`PIN`].
    pub token: bool,
}

/// A contract on a chain, and how a gateway reaches it.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The chain's number.
    pub id: u64,
    /// The contract's address.
    pub contract: String,
    /// The nodes that the gateway asks.
    pub endpoints: Vec<String>,
    /// How many blocks follow one that is settled.
    pub confirmations: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            argon2: (64, 1),
            tax_number: false,
            cache_mib: 32,
            concurrent_calls: 32,
            people_per_day: 100_000,
            unseal_shares: None,
            chain: None,
            token: false,
        }
    }
}

/// A city's folder with certificates, officers, a vault and a gateway.
pub struct House {
    folder: TempDir,
    plan: Plan,
    /// The vault's port on loopback.
    pub vault_port: u16,
    /// The gateway's port on loopback.
    pub gateway_port: u16,
}

impl House {
    /// Certificates, officers' keys, an initialised vault and gateway; nothing runs yet.
    pub fn build() -> Self {
        Self::build_as(Plan::default())
    }

    /// The same after a plan.
    pub fn build_as(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Self {
            folder,
            plan,
            vault_port: free_port(),
            gateway_port: free_port(),
        };
        house.write("passphrase", PASSPHRASE);
        house.write("officer-passphrase", "officer");
        house.make_certificates();
        let officers = ["one", "two", "three"].map(|name| house.make_officer(name));
        house.write("vault.toml", &house.vault_config());
        if house.plan.token {
            house.write("passphrase", PIN);
            house.make_token("vault");
        }
        let mut init = house.vault_program();
        init.args([
            "init",
            "--config",
            &house.path("vault.toml"),
            "--threshold",
            "2",
        ]);
        for officer in &officers {
            init.args(["--officer", officer]);
        }
        match house.plan.unseal_shares {
            None => init.args(["--passphrase-file", &house.path("passphrase")]),
            Some((needed, made)) => init
                .args(["--unseal-threshold", &needed.to_string()])
                .args(["--unseal-shares", &made.to_string()])
                .args(["--shares-dir", &house.path("shares")]),
        };
        if house.plan.token {
            init.args(["--pkcs11-token", "vault", "--pkcs11-key", "ring"]);
        }
        init.args(["--trust", &house.path("trust.json")]);
        run(&mut init);
        house.write("gateway.toml", &house.gateway_config());
        house
    }

    /// The city's folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path within it.
    pub fn path(&self, name: &str) -> String {
        self.root().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file that only we may read.
    pub fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = PathBuf::from(self.path(name));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The same of bytes, over a file that is there.
    pub fn write_bytes(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// A port on loopback.
    pub fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Where the gateway answers.
    pub fn gateway_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.gateway_port)
    }

    /// Starts the vault and unseals it.
    pub fn start_vault(&self) -> Daemon {
        let daemon = self.start_sealed();
        self.unseal();
        daemon
    }

    /// Starts the vault, which nobody unseals yet.
    pub fn start_sealed(&self) -> Daemon {
        let mut vault = self.vault_program();
        vault.args(["--config", &self.path("vault.toml")]);
        Daemon::spawn("symbolon-vault", &mut vault, Self::address(self.vault_port))
    }

    /// The vault's program, which finds the house's tokens.
    pub fn vault_program(&self) -> Command {
        let mut vault = program("symbolon-vault");
        vault.env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
        vault
    }

    /// Makes a token of this label, with [`PIN`].
    pub fn make_token(&self, label: &str) {
        let tokens = self.path("tokens");
        fs::create_dir_all(&tokens).unwrap();
        self.write(
            "softhsm2.conf",
            &format!("directories.tokendir = {tokens}\n"),
        );
        run(Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", label])
            .args(["--so-pin", "87654321", "--pin", PIN])
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf")));
    }

    /// Hands the vault its passphrase.
    pub fn unseal(&self) {
        let passphrase = self.path("passphrase");
        self.symbolon("officer-one", &["unseal", "--passphrase-file", &passphrase]);
    }

    /// Makes the gateway's keys; the address that signs receipts.
    pub fn init_gateway(&self) -> String {
        let mut init = program("symbolon-gateway");
        init.args(["init", "--config", &self.path("gateway.toml")]);
        init.args(["--ledger-keys", &self.path("ledger-keys.json")]);
        run(&mut init).trim().to_owned()
    }

    /// The same where the ledger is a contract; also the account that pays.
    pub fn init_gateway_on_chain(&self) -> (String, String) {
        let mut init = program("symbolon-gateway");
        init.args(["init", "--config", &self.path("gateway.toml")]);
        let said = run(&mut init);
        let mut lines = said.lines();
        let receipts = lines.next().unwrap().to_owned();
        let account = lines.find_map(|line| line.strip_prefix("account "));
        (receipts, account.unwrap().to_owned())
    }

    /// Starts the gateway.
    pub fn start_gateway(&self) -> Daemon {
        Daemon::start(
            "symbolon-gateway",
            &["--config", &self.path("gateway.toml")],
            Self::address(self.gateway_port),
        )
    }

    /// Runs the command line under a profile; the object that it prints.
    pub fn symbolon(&self, profile: &str, args: &[&str]) -> Value {
        let profile = self.path(&format!("pki/{profile}.toml"));
        let said = run(program("symbolon")
            .args(["--json", "--profile", &profile])
            .args(args));
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    /// Runs the command line; its exit code and the object that it prints.
    pub fn symbolon_code(&self, profile: &str, args: &[&str]) -> (i32, Value) {
        let profile = self.path(&format!("pki/{profile}.toml"));
        let output = program("symbolon")
            .args(["--json", "--profile", &profile])
            .args(args)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        (output.status.code().unwrap(), value)
    }

    /// Runs the command line, which must refuse; what it says.
    pub fn symbolon_refuses(&self, profile: &str, args: &[&str]) -> String {
        let profile = self.path(&format!("pki/{profile}.toml"));
        let output = program("symbolon")
            .args(["--json", "--profile", &profile])
            .args(args)
            .output();
        let output = output.unwrap();
        assert!(!output.status.success(), "not refused: {args:?}");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Lets two officers sign statements.
    pub fn sign(&self, files: &[&str]) {
        for officer in ["one", "three"] {
            self.sign_as(officer, files);
        }
    }

    /// Lets an officer sign statements with their own key.
    pub fn sign_as(&self, officer: &str, files: &[&str]) {
        let key = self.path(&format!("key-{officer}.json"));
        let (passphrase, trust) = (self.path("officer-passphrase"), self.path("trust.json"));
        let mut args = vec!["officer", "sign", "--yes", "--key", &key];
        args.extend(["--passphrase-file", &passphrase, "--trust", &trust]);
        args.extend(files);
        self.symbolon("officer-one", &args);
    }

    /// Has two officers decide something; the proposal is executed.
    pub fn decide(&self, action: &[&str]) {
        let folder = tempfile::tempdir_in(self.root()).unwrap();
        let folder = folder.path().join("proposal");
        let folder = folder.to_str().unwrap();
        let draft = [&["proposals", "draft"], action, &["--out", folder]].concat();
        self.symbolon("officer-one", &draft);
        self.sign(&[&format!("{folder}/proposal.json")]);
        let signed = self.symbolon("officer-one", &["proposals", "sign", folder]);
        assert_eq!(signed["state"], "executed");
    }

    fn make_certificates(&self) {
        let pki = self.path("pki");
        run(program("symbolon").args(["pki", "init", &pki, "--trust-domain", "city.example"]));
        let server = ["--server", "--dns", "localhost", "--ip", "127.0.0.1"];
        run(program("symbolon")
            .args(["pki", "issue", &pki, "--role", "vault", "--name", "main"])
            .args(server));
        for (role, name) in [
            ("portal", "main"),
            ("gateway", "main"),
            ("organiser", "main"),
            ("officer", "one"),
            ("registrar", "main"),
            ("auditor", "main"),
        ] {
            self.issue(role, name);
        }
    }

    /// Gives a caller of the vault a certificate.
    pub fn issue(&self, role: &str, name: &str) {
        let endpoint = format!("https://localhost:{}", self.vault_port);
        let args = ["--role", role, "--name", name, "--endpoint", &endpoint];
        run(program("symbolon")
            .args(["pki", "issue", &self.path("pki")])
            .args(args));
    }

    /// Makes a signing key, `key-NAME.json`; its address.
    pub fn make_officer(&self, name: &str) -> String {
        let (key, passphrase) = (
            self.path(&format!("key-{name}.json")),
            self.path("officer-passphrase"),
        );
        let args = [
            "--json",
            "officer",
            "new",
            "--light",
            "--out",
            &key,
            "--passphrase-file",
            &passphrase,
        ];
        let made: Value = serde_json::from_str(&run(program("symbolon").args(args))).unwrap();
        made["address"].as_str().unwrap().to_owned()
    }

    fn vault_config(&self) -> String {
        let port = self.vault_port;
        let Plan {
            argon2: (memory_kib, passes),
            cache_mib,
            concurrent_calls,
            people_per_day,
            tax_number,
            ..
        } = self.plan;
        let (attribute, rule) = match tax_number {
            true => (
                r#"{ name = "tax_number", kind = "digits" },"#,
                r#"{ name = "tax_number", attributes = ["tax_number"], kind = "unique" },"#,
            ),
            false => ("", ""),
        };
        let chain = match &self.plan.chain {
            Some(chain) => format!("chain_id = {}\ncontract = \"{}\"", chain.id, chain.contract),
            None => String::new(),
        };
        let module = match self.plan.token {
            true => format!("pkcs11_module = {TOKEN_MODULE:?}"),
            false => String::new(),
        };
        let lists = match Path::new(&self.path("pki/crl.pem")).exists() {
            true => "revocation_lists = [\"pki/crl.pem\"]",
            false => "",
        };
        format!(
            r#"
name = "Test City"
published = "vault/published"
rolls = "vault/rolls"

[store]
directory = "vault/store"
checkpoint_file = "vault/checkpoint"
cache_mib = {cache_mib}

[keys]
ring = "vault/ring"
ring_secret = "vault/ring-secret"
{module}

[ledger]
origin = "log.city.example/polls"
{chain}

[identity]
argon2 = {{ memory_kib = {memory_kib}, passes = {passes}, lanes = 1 }}

[identity.schema]
attributes = [
    {{ name = "family_name", kind = "name" }},
    {{ name = "given_name", kind = "name" }},
    {{ name = "birth_date", kind = "date" }},
    {{ name = "document", kind = "document" }},
    {attribute}
]
rules = [
    {{ name = "document", attributes = ["document"], kind = "unique" }},
    {rule}
    {{ name = "names", attributes = ["family_name", "given_name", "birth_date"], kind = "hint", always = true }},
]

[[portal]]
name = "main"
people_per_day = {people_per_day}

[[listener]]
address = "127.0.0.1:{port}"
services = ["registration", "issuance", "validation", "admin", "audit"]
client_auth = "required"
limits = {{ concurrent_calls = {concurrent_calls} }}

[listener.tls]
certificate = "pki/vault-main-server.pem"
key = "pki/vault-main-server.key"
client_ca = "pki/ca.pem"
{lists}
trust_domain = "city.example"
"#
        )
    }

    fn gateway_config(&self) -> String {
        let port = self.gateway_port;
        let ledger = match &self.plan.chain {
            None => "key = \"gateway/log.key\"".to_owned(),
            Some(chain) => format!(
                "[ledger.ethereum]\nendpoints = {:?}\naccount_key = \"gateway/account.key\"\n\
                 confirmations = {}\ninclusion_seconds = 12",
                chain.endpoints, chain.confirmations
            ),
        };
        format!(
            r#"
trust = "trust.json"
receipt_key = "gateway/receipt.key"

[store]
directory = "gateway/outbox"
checkpoint_file = "gateway/checkpoint"
cache_mib = 32

[ledger]
folder = "gateway/log"
interval_seconds = 2
{ledger}

[source]
vault = "pki/gateway-main.toml"
validate = true
poll_seconds = 1

[[listener]]
address = "127.0.0.1:{port}"
services = ["ballots"]
client_auth = "none"
"#
        )
    }
}

/// Runs a command to its end, which must be a good one; what it wrote.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}
