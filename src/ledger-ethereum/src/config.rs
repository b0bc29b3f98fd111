//! Which contract, through which nodes, and on what terms.

use std::time::Duration;

use symbolon_election::Domain;

/// When an entry is there for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// Once so many blocks follow its own.
    Depth(u64),
    /// Once the chain calls its block final.
    Finalized,
}

/// What a transaction may cost, in wei a unit of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// For whoever seals the block.
    pub tip: u128,
    /// The most in all, however high the chain's own fee rises.
    pub cap: u128,
}

impl Default for Fees {
    fn default() -> Self {
        Self {
            tip: 1_000_000_000,
            cap: 100_000_000_000,
        }
    }
}

/// All that is chosen about a ledger on Ethereum.
#[derive(Clone, Debug)]
pub struct Config {
    /// Nodes, the first one that answers serves: `http://` or `https://` addresses.
    pub endpoints: Vec<String>,
    /// Chain and contract.
    pub domain: Domain,
    /// The block from which on the contract is there; entries are looked for from here.
    pub from_block: u64,
    /// When an entry is there for good.
    pub settle: Settle,
    /// What transactions may cost.
    pub fees: Fees,
    /// The most gas of one transaction.
    pub max_gas: u64,
    /// The most bytes of ballots in one transaction.
    pub max_bytes: usize,
    /// How long a transaction waits before it is sent again with a higher fee.
    pub patience: Duration,
    /// Between two looks at the chain.
    pub look: Duration,
}

impl Config {
    /// The usual terms. A transaction stays below what clients take (131 072 bytes) and far below
    /// what EIP-7825 allows (16 777 216 gas).
    pub fn new(endpoints: Vec<String>, domain: Domain, settle: Settle) -> Self {
        Self {
            endpoints,
            domain,
            from_block: 0,
            settle,
            fees: Fees::default(),
            max_gas: 12_000_000,
            max_bytes: 125_000,
            patience: Duration::from_secs(30),
            look: Duration::from_millis(250),
        }
    }
}
