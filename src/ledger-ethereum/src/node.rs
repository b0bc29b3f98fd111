//! What is asked of a node.

use alloy_primitives::{Bloom, BloomInput, Bytes};
use serde_json::{Value, json};
use symbolon_election::{Address, Domain};

use crate::json::{array, bytes, quantity, to_bytes, to_quantity, wide_quantity};
use crate::{Config, EthereumError, Rpc, Settle};

/// A block's header, as far as it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// The hash of the block before.
    pub parent: [u8; 32],
    /// Its time, Unix seconds.
    pub time: u64,
    /// What a unit of gas costs at least; 0 where the chain knows no such fee.
    pub base_fee: u128,
    /// Of what contracts and topics it has logs, perhaps.
    pub bloom: Bloom,
}

/// Entries of one block, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockEntries {
    pub(crate) number: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) entries: Vec<Vec<u8>>,
}

/// The nodes of one chain, asked about one contract.
pub struct Node {
    rpc: Rpc,
    contract: Address,
}

impl Node {
    /// Through these endpoints.
    pub fn new(config: &Config) -> Self {
        Self {
            rpc: Rpc::new(config.endpoints.clone()),
            contract: *config.domain.verifying_contract(),
        }
    }

    /// Whether chain and contract are those of the domain.
    pub fn check(&self, domain: &Domain) -> Result<(), EthereumError> {
        let (got, expected) = (self.chain_id()?, domain.chain_id());
        if got != expected {
            return Err(EthereumError::OtherChain { expected, got });
        }
        let call = crate::contract::separator_call();
        match self.view(&call) {
            Ok(separator) if separator == domain.separator() => Ok(()),
            Ok(_) | Err(EthereumError::Refused { .. }) => Err(EthereumError::NoContract),
            Err(error) => Err(error),
        }
    }

    /// The chain's number.
    pub fn chain_id(&self) -> Result<u64, EthereumError> {
        self.ask("eth_chainId", json!([]), quantity)
    }

    /// The header of a block, by its number; none where the chain isn't that long.
    pub fn header(&self, number: u64) -> Result<Option<Header>, EthereumError> {
        self.header_at(to_quantity(number))
    }

    /// The newest block.
    pub fn latest(&self) -> Result<Header, EthereumError> {
        let latest = self.header_at("latest".into())?;
        latest.ok_or(EthereumError::Answer("eth_getBlockByNumber"))
    }

    /// Up to which block everything is settled, when `head` is the newest.
    pub(crate) fn boundary(
        &self,
        settle: Settle,
        head: &Header,
    ) -> Result<Option<u64>, EthereumError> {
        match settle {
            Settle::Depth(depth) => Ok(head.number.checked_sub(depth)),
            Settle::Finalized => {
                let block = self.header_at("finalized".into())?;
                Ok(block.map(|block| block.number.min(head.number)))
            }
        }
    }

    fn header_at(&self, block: Value) -> Result<Option<Header>, EthereumError> {
        let method = "eth_getBlockByNumber";
        let block = self.rpc.call(method, json!([block, false]))?;
        match block.is_null() {
            true => Ok(None),
            false => header(&block)
                .map(Some)
                .ok_or(EthereumError::Answer(method)),
        }
    }

    /// The entries of one block.
    pub(crate) fn entries_of(&self, block: &Header) -> Result<Vec<Vec<u8>>, EthereumError> {
        let contract = BloomInput::Raw(self.contract.as_bytes());
        if !block.bloom.contains_input(contract) {
            return Ok(Vec::new());
        }
        let blocks = self.entries(json!({
            "address": self.contract.to_0x(),
            "blockHash": to_bytes(&block.hash),
        }))?;
        if blocks.iter().any(|found| found.hash != block.hash) {
            return Err(EthereumError::Answer("eth_getLogs"));
        }
        // A node that gives up a block meanwhile may answer with less than it had.
        let now = self.header(block.number)?;
        if now.is_none_or(|now| now.hash != block.hash) {
            return Err(EthereumError::Moved);
        }
        Ok(blocks.into_iter().flat_map(|found| found.entries).collect())
    }

    /// The entries of blocks, those without any left out.
    pub(crate) fn entries_between(
        &self,
        from: u64,
        to: u64,
    ) -> Result<Vec<BlockEntries>, EthereumError> {
        self.entries(json!({
            "address": self.contract.to_0x(),
            "fromBlock": to_quantity(from),
            "toBlock": to_quantity(to),
        }))
    }

    fn entries(&self, filter: Value) -> Result<Vec<BlockEntries>, EthereumError> {
        let method = "eth_getLogs";
        let answer = self.rpc.call(method, json!([filter]))?;
        let logs = answer.as_array().ok_or(EthereumError::Answer(method))?;
        let mut blocks: Vec<BlockEntries> = Vec::new();
        let mut last = None;
        for log in logs {
            let log = Log::read(log, &self.contract).ok_or(EthereumError::Answer(method))?;
            // In the chain's order, each once.
            if last.is_some_and(|last| last >= (log.number, log.index)) {
                return Err(EthereumError::Answer(method));
            }
            last = Some((log.number, log.index));
            let Some(entry) = log.entry else { continue };
            match blocks.last_mut() {
                Some(block) if block.hash == log.hash => block.entries.push(entry),
                _ => blocks.push(BlockEntries {
                    number: log.number,
                    hash: log.hash,
                    entries: vec![entry],
                }),
            }
        }
        Ok(blocks)
    }

    /// How many transactions of an account the chain has up to a block. By the block's hash: another
    /// block of the same number would answer for another chain.
    pub(crate) fn nonce(&self, account: &Address, block: &Header) -> Result<u64, EthereumError> {
        let block = json!({"blockHash": to_bytes(&block.hash), "requireCanonical": true});
        let params = json!([account.to_0x(), block]);
        self.ask("eth_getTransactionCount", params, quantity)
    }

    /// The same with those that wait.
    pub(crate) fn pending_nonce(&self, account: &Address) -> Result<u64, EthereumError> {
        let params = json!([account.to_0x(), "pending"]);
        self.ask("eth_getTransactionCount", params, quantity)
    }

    /// How much an account has.
    pub fn balance(&self, account: &Address) -> Result<u128, EthereumError> {
        let params = json!([account.to_0x(), "latest"]);
        self.ask("eth_getBalance", params, wide_quantity)
    }

    /// Hands a signed transaction in.
    pub fn send(&self, raw: &[u8]) -> Result<[u8; 32], EthereumError> {
        self.ask("eth_sendRawTransaction", json!([to_bytes(raw)]), array)
    }

    /// The receipt of a transaction, where it is in a block: status, gas used, block, contract made.
    pub fn receipt(&self, hash: &[u8; 32]) -> Result<Option<Receipt>, EthereumError> {
        let method = "eth_getTransactionReceipt";
        let receipt = self.rpc.call(method, json!([to_bytes(hash)]))?;
        match receipt.is_null() {
            true => Ok(None),
            false => Receipt::read(&receipt)
                .map(Some)
                .ok_or(EthereumError::Answer(method)),
        }
    }

    /// What the contract would answer now.
    pub fn view(&self, call: &[u8]) -> Result<Vec<u8>, EthereumError> {
        let call = json!({"to": self.contract.to_0x(), "data": to_bytes(call)});
        self.ask("eth_call", json!([call, "latest"]), bytes)
    }

    /// Goes on with another node.
    pub(crate) fn turn(&self) {
        self.rpc.turn();
    }

    fn ask<T>(
        &self,
        method: &'static str,
        params: Value,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, EthereumError> {
        let answer = self.rpc.call(method, params)?;
        read(&answer).ok_or(EthereumError::Answer(method))
    }
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Whether it did what it should.
    pub success: bool,
    /// What it used.
    pub gas_used: u64,
    /// In which block.
    pub block: u64,
    /// The contract that it made.
    pub contract: Option<Address>,
    /// Its logs: topics and data.
    pub logs: Vec<(Vec<[u8; 32]>, Bytes)>,
}

impl Receipt {
    fn read(value: &Value) -> Option<Self> {
        let log = |log: &Value| {
            let topics = log["topics"]
                .as_array()?
                .iter()
                .map(array)
                .collect::<Option<_>>()?;
            Some((topics, bytes(&log["data"])?.into()))
        };
        Some(Self {
            success: quantity(&value["status"])? == 1,
            gas_used: quantity(&value["gasUsed"])?,
            block: quantity(&value["blockNumber"])?,
            contract: array(&value["contractAddress"]).and_then(|it| Address::new(it).ok()),
            logs: value["logs"]
                .as_array()?
                .iter()
                .map(log)
                .collect::<Option<_>>()?,
        })
    }
}

struct Log {
    number: u64,
    hash: [u8; 32],
    index: u64,
    /// Its data, where it has no topics.
    entry: Option<Vec<u8>>,
}

impl Log {
    fn read(log: &Value, contract: &Address) -> Option<Self> {
        let of: [u8; 20] = array(&log["address"])?;
        if of != *contract.as_bytes() || log["removed"] == true {
            return None;
        }
        let topics = log["topics"].as_array()?;
        let entry = match topics.is_empty() {
            true => Some(bytes(&log["data"])?),
            false => None,
        };
        Some(Self {
            number: quantity(&log["blockNumber"])?,
            hash: array(&log["blockHash"])?,
            index: quantity(&log["logIndex"])?,
            entry,
        })
    }
}

fn header(block: &Value) -> Option<Header> {
    Some(Header {
        number: quantity(&block["number"])?,
        hash: array(&block["hash"])?,
        parent: array(&block["parentHash"])?,
        time: quantity(&block["timestamp"])?,
        base_fee: wide_quantity(&block["baseFeePerGas"]).unwrap_or_default(),
        bloom: Bloom::new(array(&block["logsBloom"])?),
    })
}
