//! The election that is held meanwhile, and those who submit to it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use symbolon_election::{Certified, Domain, Statement};
use symbolon_ledger::{Chronicle as _, Ledger as _, Submitted};
use symbolon_ledger_ethereum::{
    Account, Chain, ChainTranscript, EthereumLedger, Node, Price, Receipt, contract,
};

use crate::reader;
use crate::support::{Script, ballot_key, signer};
use crate::town::Town;

/// How long ballots are taken.
pub const OPEN_FOR: u64 = 380;
pub const GRACE: u64 = 6;

/// The nodes live by the machine's clock, and so does the story.
#[allow(clippy::disallowed_methods)]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// The election, and everything that was submitted.
pub struct Poll {
    pub domain: Domain,
    pub script: Script,
    pub submitted: Vec<Vec<u8>>,
    runtime: tokio::runtime::Runtime,
}

impl Poll {
    /// An election on a contract of the town, of so many voters; nothing published yet.
    pub fn new(town: &Town, domain: Domain, voters: u32) -> Self {
        let chain = Chain::open(&town.config(&domain, &[crate::town::CITIZEN])).unwrap();
        let mut script = Script::new(voters);
        script.domain = domain.clone();
        script.manifest.ledger_keys = *chain.genesis();
        script.manifest.opens = now() + 8;
        script.manifest.closes = script.manifest.opens + OPEN_FOR;
        script.manifest.grace = GRACE;
        script.manifest.forget_after = script.manifest.closes + 1_000;
        Self {
            domain,
            script,
            submitted: Vec::new(),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    /// A gateway's writer: whoever stands there, publishing is this.
    pub fn gateway(&self, town: &Town, name: &str, nodes: &[&str]) -> EthereumLedger {
        let account = Account::new(signer(name), self.domain.chain_id());
        EthereumLedger::open(town.config(&self.domain, nodes), account).unwrap()
    }

    /// Submits entries and waits until they are there for good: how long that took.
    pub fn publish(&mut self, gateway: &EthereumLedger, entries: Vec<Vec<u8>>) -> Duration {
        self.submitted.extend(entries.iter().cloned());
        let (started, count) = (Instant::now(), entries.len());
        let limit = Duration::from_secs(120);
        let submit = async { tokio::time::timeout(limit, gateway.submit(entries)).await };
        let settled = self
            .runtime
            .block_on(submit)
            .expect("settled in time")
            .unwrap();
        assert_eq!(settled.len(), count);
        assert!(
            settled
                .iter()
                .all(|it| matches!(it, Submitted::Settled { .. }))
        );
        started.elapsed()
    }

    /// What the script stated since the last time, one by one.
    pub fn state(&mut self, gateway: &EthereumLedger) {
        for (entry, _) in std::mem::take(&mut self.script.entries) {
            self.publish(gateway, vec![entry]);
        }
    }

    /// A ballot of each of these places.
    pub fn ballots(
        &mut self,
        places: impl IntoIterator<Item = u32>,
        sequence: u8,
        choice: &[u8],
    ) -> Vec<Vec<u8>> {
        let ballot = |place| {
            self.script
                .issued
                .insert(place, ballot_key(place, 0).address());
            self.script.signed(place, 0, sequence, choice).to_entry()
        };
        places.into_iter().map(ballot).collect()
    }

    /// Hands ballots in with an account of one's own, to one node: the transaction's hash.
    pub fn hand_in(
        &mut self,
        node: &Node,
        by: &str,
        nonce: u64,
        ballots: Vec<Vec<u8>>,
    ) -> [u8; 32] {
        let price = Price {
            max: 100_000_000_000,
            tip: 1_000_000_000,
        };
        let to = *self.domain.verifying_contract();
        let call = contract::cast_call(ballots.concat());
        self.submitted.extend(ballots);
        let account = Account::new(signer(by), self.domain.chain_id());
        let signed = account.sign(Some(&to), call, nonce, 3_000_000, price);
        node.send(&signed.raw).unwrap();
        signed.hash
    }

    /// What the officers certify: what a reader of one node finds now.
    pub fn certify(&mut self, town: &Town, node: &str) {
        let (report, chain, mut files) =
            reader::observe(&town.config(&self.domain, &[node]), &self.script);
        assert!(report.verdict.is_verified(), "{:?}", report.verdict);
        let size = chain.tip().unwrap().number;
        let mut transcript = ChainTranscript {
            chain: &chain,
            files: &mut files,
        };
        let certified = Certified {
            election: self.script.id(),
            ledger_size: size,
            ledger_head: transcript.head(size).unwrap(),
            tally_hash: report.elections[0].tally_hash,
        };
        self.script.officers_state(Statement::Certified(certified));
    }
}

/// Everything settled that a node shows, in its order.
pub fn entries(town: &Town, domain: &Domain, name: &str) -> Vec<Vec<u8>> {
    let mut chain = Chain::open(&town.config(domain, &[name])).unwrap();
    let mut entries = Vec::new();
    while let Some(page) = chain.read_on().unwrap() {
        entries.extend(page);
    }
    entries
}

/// Waits for a transaction's receipt.
pub fn receipt(town: &Town, node: &Node, hash: &[u8; 32]) -> Receipt {
    town.wait("a receipt", 60, || node.receipt(hash).ok().flatten())
}
