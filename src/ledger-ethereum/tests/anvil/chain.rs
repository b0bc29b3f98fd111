//! An anvil of one's own, with a ballot box on it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use symbolon_crypto::Secret;
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::{Address, Domain};
use symbolon_ledger_ethereum::{
    Account, Config, EthereumError, EthereumLedger, Node, Price, Receipt, Settle, contract,
};

/// Far from anvil's own accounts.
pub const PAYER: u8 = 77;
pub const STRANGER: u8 = 78;

const PRICE: Price = Price {
    max: 100_000_000_000,
    tip: 1_000_000_000,
};

pub struct Anvil {
    process: Child,
    pub url: String,
    pub chain_id: u64,
    nonces: [AtomicU64; 2],
}

impl Anvil {
    pub fn start(arguments: &[&str]) -> Self {
        let program = std::env::var("ANVIL").expect("ANVIL names anvil: see tests/ethereum/run");
        let mut process = Command::new(program)
            .args(["--port", "0", "--accounts", "1", "--hardfork", "london"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("anvil says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("Listening on ") {
                break format!("http://{address}");
            }
        };
        // Whatever else it says is let through.
        std::thread::spawn(move || lines.for_each(drop));
        let anvil = Self {
            process,
            url,
            chain_id: 31_337,
            nonces: [AtomicU64::new(0), AtomicU64::new(0)],
        };
        for byte in [PAYER, STRANGER] {
            let account = anvil.account(byte).address().to_0x();
            anvil.rpc(
                "anvil_setBalance",
                json!([account, "0xffffffffffffffffffff"]),
            );
        }
        anvil
    }

    pub fn rpc(&self, method: &str, params: Value) -> Value {
        self.try_rpc(method, params).unwrap()
    }

    pub fn try_rpc(&self, method: &str, params: Value) -> Result<Value, String> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut answer = ureq::post(&self.url).send_json(request).unwrap();
        let answer: Value = answer.body_mut().read_json().unwrap();
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {error}")),
            None => Ok(answer["result"].clone()),
        }
    }

    pub fn account(&self, byte: u8) -> Account {
        Account::new(key(byte), self.chain_id)
    }

    /// The next block has this time; none is made yet.
    pub fn set_time(&self, time: u64) {
        self.rpc("evm_setNextBlockTimestamp", json!([time]));
    }

    /// The number of the newest block.
    pub fn height(&self) -> u64 {
        let answer = self.rpc("eth_blockNumber", json!([]));
        let digits = answer.as_str().unwrap().trim_start_matches("0x");
        u64::from_str_radix(digits, 16).unwrap()
    }

    pub fn mine(&self) {
        self.rpc("evm_mine", json!([]));
    }

    /// Makes a contract of an artifact, paid by an account.
    pub fn deploy(&self, code: Vec<u8>) -> Address {
        let node = self.node(&Domain::new(self.chain_id, key(9).address()));
        let receipt = self.transact(&node, PAYER, None, code, 5_000_000).unwrap();
        assert!(receipt.success);
        receipt.contract.unwrap()
    }

    pub fn ballot_box(&self) -> Domain {
        Domain::new(self.chain_id, self.deploy(contract::bytecode()))
    }

    pub fn config(&self, domain: &Domain, endpoints: Vec<String>, depth: u64) -> Config {
        Config {
            patience: Duration::from_secs(3),
            look: Duration::from_millis(100),
            ..Config::new(endpoints, domain.clone(), Settle::Depth(depth))
        }
    }

    pub fn node(&self, domain: &Domain) -> Node {
        Node::new(&self.config(domain, vec![self.url.clone()], 0))
    }

    pub fn ledger(&self, config: Config) -> EthereumLedger {
        // Where nodes fail already, again, as whoever starts it would.
        let open = || EthereumLedger::open(config.clone(), self.account(PAYER));
        (0..20).find_map(|_| open().ok()).unwrap()
    }

    /// Sends a call and waits for its receipt.
    pub fn transact(
        &self,
        node: &Node,
        from: u8,
        to: Option<&Address>,
        input: Vec<u8>,
        gas: u64,
    ) -> Result<Receipt, EthereumError> {
        let nonce = self.nonces[usize::from(from - PAYER)].fetch_add(1, Ordering::Relaxed);
        let signed = self.account(from).sign(to, input, nonce, gas, PRICE);
        node.send(&signed.raw)?;
        for _ in 0..600 {
            if let Some(receipt) = node.receipt(&signed.hash)? {
                return Ok(receipt);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("no receipt");
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn key(byte: u8) -> SigningKey {
    SigningKey::new(Secret::from_slice(&[byte; 32]).unwrap()).unwrap()
}
