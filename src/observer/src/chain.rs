//! Observing a contract on Ethereum: the entries from a node, rolls and contents from files.

use std::collections::BTreeMap;

use symbolon_ledger::{Findings, Pins, Report, Unread, Verifier};
use symbolon_ledger_ethereum::{Chain, ChainTranscript, Config, EthereumError, Settle};

use crate::args::Options;
use crate::heads::Heads;
use crate::run::{complaint, pins};
use crate::transcript::LogTranscript;
use crate::{Error, source};

/// A ledger on Ethereum.
#[derive(Debug, clap::Args)]
pub struct OnChain {
    /// A node of the chain whose contract the trust file names, to read the entries from; SOURCE
    /// then gives rolls and contents. May be given several times: the first that answers serves.
    #[arg(long, value_name = "URL", requires = "trust")]
    pub rpc: Vec<String>,
    /// How many blocks follow one that is settled; without it, what the chain calls final is.
    #[arg(long, value_name = "BLOCKS", requires = "rpc")]
    pub confirmations: Option<u64>,
    /// The block from which on the contract is there.
    #[arg(long, value_name = "BLOCK", requires = "rpc", default_value_t = 0)]
    pub from_block: u64,
}

impl OnChain {
    pub(crate) fn is_meant(&self) -> bool {
        !self.rpc.is_empty()
    }
}

/// Reads everything that is settled and gives the report on it.
pub(crate) fn observe(options: &Options) -> Result<Report, Error> {
    let pins = pins(options)?;
    let domain = match &pins {
        Pins::Trust(trust) => trust.domain().clone(),
        _ => return Err(Error::NoTrust),
    };
    let mut verifier = Verifier::new(pins, domain.clone());
    for path in &options.complaint {
        verifier.complain(complaint(path)?);
    }
    let on_chain = &options.ethereum;
    let settle = on_chain
        .confirmations
        .map_or(Settle::Finalized, Settle::Depth);
    let config = Config {
        from_block: on_chain.from_block,
        ..Config::new(on_chain.rpc.clone(), domain, settle)
    };
    let mut source = source::open(
        &options.source,
        options.ca.as_deref(),
        options.mirror.as_deref(),
    )?;
    let mut files = LogTranscript {
        source: &mut *source,
        heads: &Heads::default(),
        roots: &BTreeMap::new(),
    };
    let mut chain = Chain::open(&config).map_err(Error::Chain)?;
    let mut findings = Findings::new();
    if let Err(error) = read(&mut chain, &mut verifier, &mut files) {
        findings.unread(Unread::Unreadable {
            path: on_chain.rpc.join(", "),
            reason: error.to_string(),
        });
    }
    let mut transcript = ChainTranscript {
        chain: &chain,
        files: &mut files,
    };
    Ok(verifier.report_with(&mut transcript, findings))
}

fn read(
    chain: &mut Chain,
    verifier: &mut Verifier,
    files: &mut LogTranscript<'_>,
) -> Result<(), EthereumError> {
    while let Some(entries) = chain.read_on()? {
        let mut transcript = ChainTranscript {
            chain: &*chain,
            files: &mut *files,
        };
        verifier.renew_times(&mut transcript);
        verifier.feed(&entries, &mut transcript);
    }
    Ok(())
}
