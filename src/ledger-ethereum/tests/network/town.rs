//! The town's nodes, run by the scripts of `deploy/ethereum`, and what may befall them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use symbolon_election::{Address, Domain};
use symbolon_ledger_ethereum::{Config, Header, Node, Settle};

/// How many blocks follow one that is settled.
pub const DEPTH: u64 = 4;
pub const PERIOD: u64 = 1;

pub const SIGNERS: [&str; 3] = ["signer-1", "signer-2", "signer-3"];
pub const CITIZEN: &str = "citizen";

/// A network that ends with it.
pub struct Town {
    folder: PathBuf,
    base: u16,
    pub nodes: Vec<String>,
    /// How often a network in which two signers wait for each other was helped on.
    pub unstuck: std::cell::Cell<u32>,
}

impl Town {
    /// Fresh keys, a genesis of theirs, four nodes that run.
    pub fn found(folder: &Path, chain: u64, funded: &[Address]) -> Self {
        let town = Self {
            folder: folder.join("net"),
            base: free_base(),
            nodes: SIGNERS
                .iter()
                .chain([&CITIZEN])
                .map(|name| (*name).to_owned())
                .collect(),
            unstuck: std::cell::Cell::default(),
        };
        let (chain, base, period) = (chain.to_string(), town.base.to_string(), PERIOD.to_string());
        let mut arguments = vec!["--chain", &chain, "--base", &base, "--period", &period];
        let funded: Vec<String> = funded.iter().map(Address::to_0x).collect();
        for address in &funded {
            arguments.extend(["--fund", address]);
        }
        town.network("new", &arguments);
        town.network("start", &[]);
        town
    }

    fn script(&self, script: &str, arguments: &[&str]) -> String {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/ethereum");
        let output = Command::new(scripts.join(script))
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{script} {arguments:?}: {said}{complained}{}",
            self.state()
        );
        said
    }

    pub fn network(&self, command: &str, arguments: &[&str]) -> String {
        let folder = self.folder.to_str().unwrap();
        self.script("network", &[&[command, folder], arguments].concat())
    }

    pub fn node(&self, command: &str, name: &str, arguments: &[&str]) -> String {
        let folder = self.path(name);
        let folder = folder.to_str().unwrap();
        self.script("node", &[&[command, folder], arguments].concat())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn url(&self, name: &str) -> String {
        let at = self.nodes.iter().position(|it| it == name).unwrap();
        format!("http://127.0.0.1:{}", usize::from(self.base) + 100 + at)
    }

    pub fn config(&self, domain: &Domain, nodes: &[&str]) -> Config {
        let endpoints = nodes.iter().map(|name| self.url(name)).collect();
        Config {
            patience: Duration::from_secs(8),
            ..Config::new(endpoints, domain.clone(), Settle::Depth(DEPTH))
        }
    }

    /// Makes the contract as the README says: its domain, and the block.
    pub fn deploy(&self) -> Domain {
        let artifact = Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/BallotBox.json");
        let file = self.path("contract.json");
        let arguments = [artifact.to_str().unwrap(), file.to_str().unwrap()];
        let said: Value =
            serde_json::from_str(&self.node("deploy", SIGNERS[0], &arguments)).unwrap();
        let address: Address = said["address"].as_str().unwrap().parse().unwrap();
        let domain = Domain::new(said["chainId"].as_u64().unwrap(), address);
        for name in &self.nodes {
            let knows = || self.reader(&domain, name).check(&domain).ok();
            self.wait("every node knows the contract", 60, knows);
        }
        domain
    }

    // ---- What the nodes say ----

    /// The newest block of a node.
    pub fn head(&self, domain: &Domain, name: &str) -> Option<Header> {
        self.reader(domain, name).latest().ok()
    }

    pub fn block(&self, domain: &Domain, name: &str, number: u64) -> Option<Header> {
        self.reader(domain, name).header(number).ok().flatten()
    }

    fn reader(&self, domain: &Domain, name: &str) -> Node {
        Node::new(&self.config(domain, &[name]))
    }

    /// Waits until these nodes have one and the same block at a height that they all reached: how
    /// long it took, and the block.
    pub fn agree(&self, domain: &Domain, names: &[&str], at_least: u64) -> (Duration, Header) {
        let started = Instant::now();
        let agreed = self.wait("the nodes agree", 90, || {
            let heads: Option<Vec<_>> = names.iter().map(|name| self.head(domain, name)).collect();
            let height = heads?.iter().map(|head| head.number).min()?;
            if height < at_least {
                return None;
            }
            let blocks = names.iter().map(|name| self.block(domain, name, height));
            let blocks = blocks.collect::<Option<Vec<_>>>()?;
            blocks
                .iter()
                .all(|block| block.hash == blocks[0].hash)
                .then(|| blocks[0])
        });
        (started.elapsed(), agreed)
    }

    /// Waits until a node's chain is so many blocks longer. With one signer of three away, the two
    /// others may come to wait for each other (see the README): then they are helped on.
    pub fn goes_on(&self, domain: &Domain, name: &str, blocks: u64) -> Duration {
        let started = Instant::now();
        let first = self.head(domain, name).unwrap().number;
        let mut moved = (first, Instant::now());
        self.wait("the chain goes on", 60 + 3 * blocks, || {
            let now = self.head(domain, name)?.number;
            if now != moved.0 {
                moved = (now, Instant::now());
            }
            if moved.1.elapsed() > Duration::from_secs(12 * PERIOD) {
                self.node("unstick", name, &[]);
                self.unstuck.set(self.unstuck.get() + 1);
                moved.1 = Instant::now();
            }
            (now >= first + blocks).then_some(())
        });
        started.elapsed()
    }

    pub fn wait<T>(&self, what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(seconds);
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(
                Instant::now() < until,
                "not within {seconds} s: {what}\n{}",
                self.state()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// What each node says of itself, for whoever reads why a story failed.
    fn state(&self) -> String {
        let each = self.nodes.iter().map(|name| {
            let log = std::fs::read_to_string(self.path(name).join("log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().rev().take(25).collect();
            format!(
                "--- {name}\n{}",
                lines.into_iter().rev().collect::<Vec<_>>().join("\n")
            )
        });
        each.collect::<Vec<_>>().join("\n")
    }

    /// What geth answers to an expression.
    pub fn ask(&self, name: &str, expression: &str) -> String {
        let output = Command::new(std::env::var("SYMBOLON_GETH").unwrap())
            .args(["attach", "--exec", expression])
            .arg(self.path(name).join("ipc"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn peers(&self, name: &str) -> usize {
        self.ask(name, "admin.peers.length").parse().unwrap_or(0)
    }

    // ---- What befalls them ----

    /// Sends a signal to a node, if it runs.
    fn signal(&self, name: &str, signal: &str) -> bool {
        let Ok(pid) = std::fs::read_to_string(self.path(name).join("pid")) else {
            return false;
        };
        let pid = pid.trim();
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let own = self.path(name);
        let is_its = String::from_utf8_lossy(&command).contains(own.to_str().unwrap());
        is_its
            && Command::new("kill")
                .args([signal, pid])
                .status()
                .unwrap()
                .success()
    }

    /// Ends a node as a crash does.
    pub fn kill(&self, name: &str) {
        assert!(self.signal(name, "-KILL"), "{name} runs");
    }

    pub fn start(&self, name: &str) {
        self.node("start", name, &[]);
    }

    /// A node that answers nobody, while its connections stay.
    pub fn freeze(&self, name: &str) {
        assert!(self.signal(name, "-STOP"), "{name} runs");
    }

    pub fn thaw(&self, name: &str) {
        assert!(self.signal(name, "-CONT"), "{name} runs");
    }

    fn enode(&self, name: &str) -> String {
        let card = std::fs::read_to_string(self.path(name).join("card")).unwrap();
        let enode = card.lines().find_map(|line| line.strip_prefix("enode="));
        enode.unwrap().to_owned()
    }

    /// Cuts a node off from all others, which go on, as it does.
    pub fn cut_off(&self, name: &str) {
        for other in self.nodes.iter().filter(|other| *other != name) {
            for (at, from) in [(name, other.as_str()), (other, name)] {
                self.ask(
                    at,
                    &format!(
                        "admin.removePeer('{0}'); admin.removeTrustedPeer('{0}')",
                        self.enode(from)
                    ),
                );
            }
        }
        self.wait("it is cut off", 20, || {
            (self.peers(name) == 0).then_some(())
        });
    }

    pub fn connect(&self, name: &str) {
        for other in self.nodes.iter().filter(|other| *other != name) {
            for (at, from) in [(name, other.as_str()), (other, name)] {
                self.ask(
                    at,
                    &format!(
                        "admin.addTrustedPeer('{0}'); admin.addPeer('{0}')",
                        self.enode(from)
                    ),
                );
            }
        }
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        for name in &self.nodes {
            let _ = self.signal(name, "-CONT");
            let _ = self.signal(name, "-KILL");
        }
    }
}

/// A port from which on those of the nodes are free.
fn free_base() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let start = 20_000 + (std::process::id() % 400) as u16 * 20;
    let mut bases = (start..28_000).step_by(10);
    bases
        .find(|base| (0..8).all(|at| free(base + at) && free(base + 100 + at)))
        .unwrap()
}
