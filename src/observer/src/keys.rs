//! The ledger keys of an election, ready to verify notes.

use symbolon_election::LedgerKeys;
use symbolon_tlog::VerifierKey;

/// The log's key, the cosigners' keys, and how many of them must cosign.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    log: VerifierKey,
    cosigners: Vec<VerifierKey>,
    quorum: usize,
}

impl Keys {
    /// Reads the keys; refused where one isn't a point, or one for which anybody could sign.
    pub(crate) fn new(keys: &LedgerKeys) -> Result<Self, symbolon_tlog::Error> {
        let cosigners = keys.cosigners().iter().map(|key| key.to_vkey().parse());
        Ok(Self {
            log: keys.log().to_vkey().parse()?,
            cosigners: cosigners.collect::<Result<_, _>>()?,
            quorum: usize::from(keys.quorum()),
        })
    }

    pub(crate) fn log(&self) -> &VerifierKey {
        &self.log
    }

    pub(crate) fn cosigners(&self) -> &[VerifierKey] {
        &self.cosigners
    }

    pub(crate) fn quorum(&self) -> usize {
        self.quorum
    }
}
