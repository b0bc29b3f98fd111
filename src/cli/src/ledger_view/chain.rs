//! A contract on Ethereum, read from a node.

use clap::Args;
use symbolon_election::{LedgerHead, TrustFile};
use symbolon_ledger::{Chronicle, Pins, Report, Verifier};
use symbolon_ledger_ethereum::{Chain, ChainTranscript, Config, EthereumError, Settle};

use super::{LedgerView, View};
use crate::error::Error;

const PAGE: usize = 4_096;

/// How the contract is reached that the trust file names.
#[derive(Args)]
pub struct NodeOptions {
    /// Where the ledger is a contract: a node of its chain. May be given several times: the first one
    /// that answers serves.
    #[arg(long, value_name = "URL")]
    rpc: Vec<String>,
    /// How many blocks follow one that is settled; without it, what the chain calls final is.
    #[arg(long, value_name = "BLOCKS", requires = "rpc")]
    confirmations: Option<u64>,
    /// The block from which on the contract is there.
    #[arg(long, value_name = "BLOCK", requires = "rpc", default_value_t = 0)]
    from_block: u64,
}

impl NodeOptions {
    /// None where no node is named.
    pub(super) fn config(&self, trust: &TrustFile) -> Result<Option<Config>, Error> {
        if self.rpc.is_empty() {
            return Ok(None);
        }
        if trust.domain().chain_id() == 0 {
            return Err(Error::usage(
                "the trust file names a log and no contract",
                "Leave --rpc out.",
            ));
        }
        let settle = self.confirmations.map_or(Settle::Finalized, Settle::Depth);
        let config = Config::new(self.rpc.clone(), trust.domain().clone(), settle);
        Ok(Some(Config {
            from_block: self.from_block,
            ..config
        }))
    }
}

/// The settled entries of a contract, and the files beside them.
pub(super) struct ChainView {
    chain: Chain,
    files: LedgerView,
}

impl ChainView {
    pub(super) fn open(config: &Config, files: LedgerView) -> Result<Self, Error> {
        let chain = Chain::open(config).map_err(unread)?;
        Ok(Self { chain, files })
    }

    fn transcript(&mut self) -> ChainTranscript<'_, LedgerView> {
        ChainTranscript {
            chain: &self.chain,
            files: &mut self.files,
        }
    }
}

impl View for ChainView {
    fn verify(&mut self, trust: &TrustFile) -> Result<Report, Error> {
        let pins = Pins::Trust(Box::new(trust.clone()));
        let mut verifier = Verifier::new(pins, trust.domain().clone());
        while let Some(entries) = self.chain.read_on().map_err(unread)? {
            let mut transcript = self.transcript();
            verifier.renew_times(&mut transcript);
            verifier.feed(&entries, &mut transcript);
        }
        Ok(verifier.report(&mut self.transcript()))
    }

    fn head_at(&mut self, size: u64) -> Option<LedgerHead> {
        self.transcript().head(size)
    }

    fn settled_until(&self) -> Option<u64> {
        Some(self.chain.tip().map_or(0, |tip| tip.time))
    }

    fn entries(&self, each: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let mut from = 0;
        while from < self.chain.size() {
            let page = self.chain.read_again(from, PAGE).map_err(unread)?;
            if page.is_empty() {
                return Err(unread(EthereumError::Moved));
            }
            page.iter().for_each(|entry| each(entry));
            from += page.len() as u64;
        }
        Ok(())
    }
}

fn unread(error: EthereumError) -> Error {
    Error::unreadable("the contract", error)
}
