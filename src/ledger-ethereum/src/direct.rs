//! A ballot that its voter sends without any gateway, from an account of their own; and how a ballot
//! box is made.

use std::time::{Duration, Instant};

use symbolon_election::{Address, Domain, EntryHash, UnverifiedBallot, VerifiedManifest};

use crate::contract::{self, Known};
use crate::packing;
use crate::sender::usual_price;
use crate::{Account, Chain, Config, EthereumError, Fees, Node, Receipt, Settle, Skip};

/// Between two looks for a transaction.
const LOOK: Duration = Duration::from_millis(250);
/// Enough to make the contract.
const MAKING_GAS: u64 = 5_000_000;

/// Where a ballot stands that was sent directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// The ballot's entry.
    pub entry: EntryHash,
    /// The transaction.
    pub transaction: [u8; 32],
    /// Its block, which may still be replaced by another.
    pub block: u64,
    /// What it used.
    pub gas: u64,
}

/// Sends a ballot and waits until a block holds it. What would keep it from being recorded is said
/// before anything is paid.
pub fn cast(
    config: &Config,
    account: &Account,
    manifest: &VerifiedManifest,
    ballot: &UnverifiedBallot,
) -> Result<Cast, EthereumError> {
    let chain = Chain::open(config)?;
    if manifest.manifest().ledger_keys != *chain.genesis() {
        return Err(EthereumError::OtherGenesis);
    }
    let (node, entry) = (chain.node(), ballot.to_entry());
    check(node, ballot, &entry)?;
    let load = packing::next(std::iter::once(&entry[..]), config);
    let load = load.ok_or(EthereumError::Stopped)?;
    let receipt = pay(
        node,
        config,
        account,
        Some(config.domain.verifying_contract()),
        load.call,
        load.gas,
    )?;
    let recorded = |(topics, data): &(Vec<[u8; 32]>, _)| topics.is_empty() && *data == entry;
    if !receipt.1.success || !receipt.1.logs.iter().any(recorded) {
        let mut skips = receipt.1.logs.iter();
        let skip = skips.find_map(|(topics, data)| Skip::read(topics, data));
        return Err(EthereumError::PassedOver(
            skip.map_or("the transaction failed", |(_, skip)| skip.words()),
        ));
    }
    Ok(Cast {
        entry: symbolon_election::entry::entry_hash(&entry),
        transaction: receipt.0,
        block: receipt.1.block,
        gas: receipt.1.gas_used,
    })
}

/// Why the contract would pass a ballot over, were it in a block now.
fn check(node: &Node, ballot: &UnverifiedBallot, entry: &[u8]) -> Result<(), EthereumError> {
    let known = node.view(&contract::election_call(&ballot.election))?;
    let known = Known::read(&known).ok_or(EthereumError::Answer("eth_call"))?;
    if !known.has_manifest {
        return Err(EthereumError::Missing("the election's manifest"));
    }
    if !known.has_roll {
        return Err(EthereumError::Missing("the election's roll statement"));
    }
    let recorded = node.view(&contract::cast_call(entry.to_vec()))?;
    if recorded.last() == Some(&1) {
        return Ok(());
    }
    let now = node.latest()?.time;
    let skip = match () {
        () if now < known.opens || now > known.last_moment => Skip::OutOfTime,
        () if ballot.sequence >= known.max_ballots => Skip::Sequence,
        () if ballot.roll_index.0 >= known.roll_size => Skip::BeyondRoll,
        // The device has checked choice and signatures itself.
        () => Skip::UnknownIssuer,
    };
    Err(EthereumError::PassedOver(skip.words()))
}

/// A new ballot box on a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Chain and contract.
    pub domain: Domain,
    /// The block from which on it is there.
    pub block: u64,
    /// How manifests name the chain.
    pub genesis: symbolon_election::ContentHash,
    /// What it used.
    pub gas: u64,
}

/// Makes a ballot box. Nobody owns it, its maker neither.
pub fn make(
    endpoints: Vec<String>,
    account: impl FnOnce(u64) -> Account,
    fees: Fees,
) -> Result<Made, EthereumError> {
    // No contract is asked anything.
    let nowhere = Domain::new(
        1,
        Address::new([1; 20]).map_err(|_| EthereumError::NoContract)?,
    );
    let config = Config {
        fees,
        ..Config::new(endpoints, nowhere, Settle::Finalized)
    };
    let node = Node::new(&config);
    let chain = node.chain_id()?;
    let account = account(chain);
    let (_, receipt) = pay(
        &node,
        &config,
        &account,
        None,
        contract::bytecode(),
        MAKING_GAS,
    )?;
    let contract = receipt.contract.filter(|_| receipt.success);
    let genesis = node.header(0)?.ok_or(EthereumError::Moved)?;
    Ok(Made {
        domain: Domain::new(chain, contract.ok_or(EthereumError::NoContract)?),
        block: receipt.block,
        genesis: symbolon_election::ContentHash::new(genesis.hash),
        gas: receipt.gas_used,
    })
}

/// Sends one transaction and waits for its block, as long as ten times the configured patience.
fn pay(
    node: &Node,
    config: &Config,
    account: &Account,
    to: Option<&Address>,
    call: Vec<u8>,
    gas: u64,
) -> Result<([u8; 32], Receipt), EthereumError> {
    let address = account.address();
    let price = usual_price(&config.fees, &node.latest()?);
    let (has, needs) = (node.balance(&address)?, price.max * u128::from(gas));
    if has < needs {
        return Err(EthereumError::NoFunds {
            account: address,
            has,
            needs,
        });
    }
    let nonce = node.pending_nonce(&address)?;
    let signed = account.sign(to, call, nonce, gas, price);
    node.send(&signed.raw)?;
    let started = Instant::now();
    while started.elapsed() < 10 * config.patience {
        if let Some(receipt) = node.receipt(&signed.hash)? {
            return Ok((signed.hash, receipt));
        }
        std::thread::sleep(LOOK);
    }
    Err(EthereumError::Waits(signed.hash))
}
