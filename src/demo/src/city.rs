//! The city's folder: certificates, officers' keys, configurations, and the daemons over them.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use symbolon_crypto::random;

use crate::{
    children::{Daemon, free_port, run, symbolon},
    ledger::{Contract, Node},
    role::Role,
};

/// Officers by the names of their keys.
pub const OFFICERS: [&str; 3] = ["first", "second", "third"];
/// The key of the account that pays, where the ledger is a contract.
const ACCOUNT: &str = "account.key";
/// The argon2 profile of the demo: much weaker than a city's.
pub const STRETCH: &str = "1 024 KiB, 1 pass";

/// The folder and its ports.
pub struct City {
    root: PathBuf,
    vault_port: u16,
    gateway_port: u16,
    portal_port: u16,
    contract: Option<Contract>,
}

impl City {
    /// A new city in an empty folder.
    pub fn found(root: PathBuf) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&root)?;
        for folder in ["logs", "officers"] {
            fs::create_dir(root.join(folder))
                .with_context(|| format!("{}/{folder}", root.display()))?;
        }
        Ok(Self {
            root,
            vault_port: free_port()?,
            gateway_port: free_port()?,
            portal_port: free_port()?,
            contract: None,
        })
    }

    /// Publishes on a contract of a chain of its own from now on.
    pub fn publish_on(&mut self, node: Node) -> anyhow::Result<()> {
        self.secret(ACCOUNT, node.key())?;
        let (key, url) = (self.text(ACCOUNT), node.url().to_owned());
        let deploy = [
            "--json",
            "ethereum",
            "deploy",
            "--rpc",
            &url,
            "--account-key",
            &key,
        ];
        let made = serde_json::from_str(&run(Role::Symbolon, &deploy)?)?;
        self.contract = Some(Contract::new(node, &made)?);
        Ok(())
    }

    /// The contract, where the ledger is one.
    pub fn contract(&self) -> Option<&Contract> {
        self.contract.as_ref()
    }

    /// Where readers find the ledger besides its files.
    pub fn for_readers(&self) -> Vec<&str> {
        let contract = self.contract.iter();
        contract.flat_map(Contract::for_readers).collect()
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The gateway's address.
    pub fn gateway(&self) -> String {
        format!("http://127.0.0.1:{}", self.gateway_port)
    }

    /// The portal's address.
    pub fn portal(&self) -> String {
        format!("http://127.0.0.1:{}", self.portal_port)
    }

    /// The profile of a role.
    pub fn profile(&self, name: &str) -> PathBuf {
        self.path(&format!("pki/{name}.toml"))
    }

    /// Runs the command line under a profile.
    pub fn symbolon(&self, profile: &str, args: &[&str]) -> anyhow::Result<serde_json::Value> {
        symbolon(&self.profile(profile), args)
    }

    /// A certificate authority, certificates with a role each, and officers' keys; the officers'
    /// addresses.
    pub fn equip(&self) -> anyhow::Result<Vec<String>> {
        let pki = self.text("pki");
        run(
            Role::Symbolon,
            &["pki", "init", &pki, "--trust-domain", "city.example"],
        )?;
        let server = ["--server", "--dns", "localhost", "--ip", "127.0.0.1"];
        let vault = ["pki", "issue", &pki, "--role", "vault", "--name", "main"];
        run(Role::Symbolon, &[&vault[..], &server].concat())?;
        let endpoint = format!("https://localhost:{}", self.vault_port);
        for role in [
            "portal",
            "gateway",
            "organiser",
            "officer",
            "registrar",
            "auditor",
        ] {
            let issue = [
                "pki",
                "issue",
                &pki,
                "--role",
                role,
                "--name",
                "main",
                "--endpoint",
                &endpoint,
            ];
            run(Role::Symbolon, &issue)?;
        }
        for (name, bytes) in [
            ("passphrase", 16),
            ("officers/passphrase", 16),
            ("seed.key", 0),
        ] {
            match bytes {
                0 => self.secret(name, &random::bytes::<32>(&mut random::os()))?,
                _ => self.secret(
                    name,
                    hexadecimal(&random::bytes::<16>(&mut random::os())).as_bytes(),
                )?,
            }
        }
        OFFICERS.iter().map(|name| self.officer(name)).collect()
    }

    /// Initialises the vault with these officers, two of whom sign; writes all configurations.
    pub fn settle(&self, officers: &[String]) -> anyhow::Result<()> {
        fs::write(self.path("vault.toml"), self.vault_config())?;
        fs::write(self.path("gateway.toml"), self.gateway_config())?;
        fs::write(self.path("portal.toml"), self.portal_config())?;
        fs::write(
            self.path("gateway-profile.toml"),
            format!("endpoint = \"{}\"\n", self.gateway()),
        )?;
        let (config, passphrase, trust) = (
            self.text("vault.toml"),
            self.text("passphrase"),
            self.text("trust.json"),
        );
        let mut init = vec!["init", "--config", &config, "--threshold", "2"];
        officers
            .iter()
            .for_each(|officer| init.extend(["--officer", officer]));
        init.extend(["--passphrase-file", &passphrase, "--trust", &trust]);
        run(Role::Vault, &init)?;
        Ok(())
    }

    /// The vault, unsealed.
    pub fn start_vault(&self) -> anyhow::Result<Daemon> {
        let vault = self.start(Role::Vault, self.vault_port)?;
        self.symbolon(
            "officer-main",
            &["unseal", "--passphrase-file", &self.text("passphrase")],
        )?;
        Ok(vault)
    }

    /// The gateway, with new keys; and the address that signs its receipts.
    pub fn start_gateway(&self) -> anyhow::Result<(Daemon, String)> {
        let (config, keys) = (self.text("gateway.toml"), self.text("ledger-keys.json"));
        let mut init = vec!["init", "--config", &config];
        if self.contract.is_none() {
            init.extend(["--ledger-keys", &keys]);
        }
        let said = run(Role::Gateway, &init)?;
        let receipts = said.lines().next().context("the gateway's address")?;
        let daemon = self.start(Role::Gateway, self.gateway_port)?;
        Ok((daemon, receipts.to_owned()))
    }

    /// The portal, with an account for everybody who was registered.
    pub fn start_portal(&self) -> anyhow::Result<Daemon> {
        let (ids, accounts, codes) = (
            self.text("ids.csv"),
            self.text("accounts.csv"),
            self.text("codes.csv"),
        );
        run(
            Role::Portal,
            &["accounts", &ids, "--out", &accounts, "--codes", &codes],
        )?;
        self.start(Role::Portal, self.portal_port)
    }

    /// Lets the first and the third officer sign statements.
    pub fn sign(&self, statements: &[String]) -> anyhow::Result<()> {
        for officer in [OFFICERS[0], OFFICERS[2]] {
            let key = self.text(&format!("officers/{officer}.json"));
            let (passphrase, trust) = (self.text("officers/passphrase"), self.text("trust.json"));
            let mut sign = vec!["officer", "sign", "--yes", "--key", &key];
            sign.extend(["--passphrase-file", &passphrase, "--trust", &trust]);
            sign.extend(statements.iter().map(String::as_str));
            self.symbolon("officer-main", &sign)?;
        }
        Ok(())
    }

    fn start(&self, role: Role, port: u16) -> anyhow::Result<Daemon> {
        let config = self.path(&format!("{}.toml", role.name()));
        let log = self.path(&format!("logs/{}.log", role.name()));
        Daemon::start(role, &config, port, log)
    }

    fn officer(&self, name: &str) -> anyhow::Result<String> {
        let (key, passphrase) = (
            self.text(&format!("officers/{name}.json")),
            self.text("officers/passphrase"),
        );
        let new = [
            "--json",
            "officer",
            "new",
            "--light",
            "--out",
            &key,
            "--passphrase-file",
            &passphrase,
        ];
        let made: serde_json::Value = serde_json::from_str(&run(Role::Symbolon, &new)?)?;
        Ok(made["address"]
            .as_str()
            .context("officer new prints an address")?
            .to_owned())
    }

    fn secret(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        use std::io::Write;
        let path = self.path(name);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok(file.write_all(bytes)?)
    }

    fn vault_config(&self) -> String {
        let chain = self.contract.as_ref().map(Contract::for_vault);
        let chain = chain.unwrap_or_default();
        format!(
            r#"name = "Demo City"
published = "vault/published"
rolls = "vault/rolls"

[store]
directory = "vault/store"
checkpoint_file = "vault/checkpoint"
cache_mib = 64

[keys]
ring = "vault/ring"
ring_secret = "vault/ring-secret"

[ledger]
origin = "log.city.example/polls"
{}
[identity]
# Far too weak for a city: here it only keeps the demo short.
argon2 = {{ memory_kib = 1024, passes = 1, lanes = 1 }}
queue = 1024

[identity.schema]
attributes = [
    {{ name = "family_name", kind = "name" }},
    {{ name = "given_name", kind = "name" }},
    {{ name = "birth_date", kind = "date" }},
    {{ name = "document", kind = "document" }},
]
rules = [
    {{ name = "document", attributes = ["document"], kind = "unique" }},
    {{ name = "names", attributes = ["family_name", "given_name", "birth_date"], kind = "hint", always = true }},
]

[[portal]]
name = "main"
people_per_day = 1000000

[[listener]]
address = "127.0.0.1:{}"
services = ["registration", "issuance", "validation", "admin", "audit"]
client_auth = "required"

[listener.tls]
certificate = "pki/vault-main-server.pem"
key = "pki/vault-main-server.key"
client_ca = "pki/ca.pem"
revocation_lists = ["pki/crl.pem"]
trust_domain = "city.example"
"#,
            chain, self.vault_port
        )
    }

    fn gateway_config(&self) -> String {
        let ledger = match &self.contract {
            Some(contract) => contract.for_gateway(ACCOUNT),
            None => "key = \"gateway/log.key\"\n".to_owned(),
        };
        let port = self.gateway_port;
        format!(
            r#"trust = "trust.json"
receipt_key = "gateway/receipt.key"

[store]
directory = "gateway/outbox"
checkpoint_file = "gateway/checkpoint"
cache_mib = 64

[ledger]
folder = "log"
interval_seconds = 4
{ledger}
[source]
vault = "pki/gateway-main.toml"
poll_seconds = 1

[[listener]]
address = "127.0.0.1:{port}"
services = ["ballots"]
client_auth = "none"
"#
        )
    }

    fn portal_config(&self) -> String {
        format!(
            r#"trust = "trust.json"
vault = "pki/portal-main.toml"
accounts = "accounts.csv"
session_minutes = 120

[simple]
gateway = "gateway-profile.toml"
seeds = "seeds"
seed_key = "seed.key"

[[listener]]
address = "127.0.0.1:{}"
services = ["portal"]
client_auth = "none"
"#,
            self.portal_port
        )
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
