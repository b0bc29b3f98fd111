//! A reader of the chain who holds nothing but the script's files and trust.

use symbolon_ledger::{Report, Verifier};
use symbolon_ledger_ethereum::{Chain, ChainTranscript, Config};

use crate::support::{Memory, Script};

/// What a reader finds who reads everything settled from its beginning.
pub fn observe(config: &Config, script: &Script) -> (Report, Chain, Memory) {
    let mut chain = Chain::open(config).unwrap();
    let mut files = script.transcript();
    let mut verifier = Verifier::new(script.pins(), config.domain.clone());
    while let Some(entries) = chain.read_on().unwrap() {
        let mut transcript = ChainTranscript {
            chain: &chain,
            files: &mut files,
        };
        verifier.renew_times(&mut transcript);
        verifier.feed(&entries, &mut transcript);
    }
    let mut transcript = ChainTranscript {
        chain: &chain,
        files: &mut files,
    };
    let report = verifier.report(&mut transcript);
    (report, chain, files)
}
