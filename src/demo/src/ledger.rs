//! The ledger of the demo's polls: the gateway's own log, or a contract on a chain of one node that
//! is started for it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde_json::Value;

/// Seconds between two blocks.
const BLOCK_SECONDS: &str = "1";
/// How many blocks follow one that is settled.
const CONFIRMATIONS: &str = "2";

/// What the polls are published on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The gateway's own append-only log.
    #[default]
    Log,
    /// A contract on Ethereum.
    Ethereum,
}

/// A node with a chain of its own; it ends with the demo.
pub struct Node {
    process: Child,
    url: String,
    /// The key of an account that has funds from the beginning.
    key: [u8; 32],
}

/// A contract on that chain.
pub struct Contract {
    node: Node,
    chain: u64,
    address: String,
    genesis: String,
}

impl Node {
    /// Starts anvil, by its path or from the usual places.
    pub fn start(anvil: Option<&Path>) -> anyhow::Result<Self> {
        if !cfg!(feature = "ethereum") {
            bail!(
                "this demo was built without Ethereum: cargo run --release --features ethereum \
                 --bin symbolon-demo -- --ledger ethereum"
            );
        }
        let program = anvil.map_or_else(|| PathBuf::from("anvil"), Path::to_owned);
        let spawned = Command::new(&program)
            .args(["--port", "0", "--accounts", "1", "--hardfork", "london"])
            .args(["--block-time", BLOCK_SECONDS])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = spawned.with_context(|| {
            format!(
                "{} doesn't start. It is a node for trials: `npm install @foundry-rs/anvil@1.7.1`, \
                 then --anvil node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil",
                program.display()
            )
        })?;
        let said = process
            .stdout
            .take()
            .context("anvil says where it listens")?;
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        let (mut key, mut url) = (None, None);
        while url.is_none() {
            let line = lines.next().context("anvil ended before it listened")?;
            key = key.or_else(|| key_in(&line));
            url = line.strip_prefix("Listening on ").map(str::to_owned);
        }
        // Whatever else it says is let through, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            process,
            url: format!("http://{}", url.unwrap_or_default()),
            key: key.context("anvil names the key of its account")?,
        })
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The key of its account.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

/// Anvil prints `(0) 0x…` with 64 digits, for everybody to know: its money is worth nothing.
fn key_in(line: &str) -> Option<[u8; 32]> {
    let digits = line.trim().strip_prefix("(0) 0x")?;
    let bytes: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect::<Option<_>>()?;
    bytes.try_into().ok()
}

impl Drop for Node {
    fn drop(&mut self) {
        // Nothing more can be done about one that doesn't end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Contract {
    /// What `symbolon ethereum deploy` made on a node.
    pub fn new(node: Node, made: &Value) -> anyhow::Result<Self> {
        let text = |name: &str| made[name].as_str().map(str::to_owned);
        Ok(Self {
            node,
            chain: made["chainId"].as_u64().context("a chain has a number")?,
            address: text("contract").context("a contract has an address")?,
            genesis: text("genesis").context("a chain has a first block")?,
        })
    }

    /// Its address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How drafts name the chain.
    pub fn genesis(&self) -> &str {
        &self.genesis
    }

    /// The vault's lines.
    pub fn for_vault(&self) -> String {
        format!(
            "chain_id = {}\ncontract = \"{}\"\n",
            self.chain, self.address
        )
    }

    /// The gateway's lines.
    pub fn for_gateway(&self, account_key: &str) -> String {
        format!(
            "\n[ledger.ethereum]\nendpoints = [\"{}\"]\naccount_key = \"{account_key}\"\n\
             confirmations = {CONFIRMATIONS}\ninclusion_seconds = 4\n",
            self.node.url
        )
    }

    /// Where readers find its entries.
    pub fn for_readers(&self) -> [&str; 4] {
        ["--rpc", &self.node.url, "--confirmations", CONFIRMATIONS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_among_what_anvil_says() {
        let line = format!("(0) 0x{}", "0a".repeat(32));
        assert_eq!(key_in(&line), Some([10; 32]));
        let address = format!("(0) 0x{} (10000.000000000000000000 ETH)", "0a".repeat(20));
        assert_eq!(key_in(&address), None);
        assert_eq!(key_in("Listening on 127.0.0.1:8545"), None);
        assert_eq!(key_in("(0) 0xяя"), None);
    }
}
