//! The chain as the verifier reads it: blocks give times and heads, files come from elsewhere.

use symbolon_election::{ContentHash, ElectionId, LedgerHead, LedgerKeys, VoterId};
use symbolon_ledger::{Chronicle, FileSource, RollSource, Timeline, Unread};

use crate::Chain;

/// What a verifier reads besides the entries: the chain, and the files of rolls and contents.
pub struct ChainTranscript<'a, F> {
    /// The chain, as far as it was read.
    pub chain: &'a Chain,
    /// Where rolls and published files are read.
    pub files: &'a mut F,
}

impl<F: RollSource> RollSource for ChainTranscript<'_, F> {
    fn leaves(
        &mut self,
        election: &ElectionId,
        from: u32,
        count: u32,
    ) -> Result<Vec<VoterId>, Unread> {
        self.files.leaves(election, from, count)
    }
}

impl<F: FileSource> FileSource for ChainTranscript<'_, F> {
    fn file(&mut self, sha256: &ContentHash, limit: u64) -> Result<Vec<u8>, Unread> {
        self.files.file(sha256, limit)
    }
}

impl<F> Chronicle for ChainTranscript<'_, F> {
    /// A chain has no cosigners.
    fn timeline(&mut self, _: &LedgerKeys) -> Timeline {
        Timeline::default()
    }

    fn blocks(&mut self, genesis: &ContentHash) -> Option<Timeline> {
        (self.chain.genesis() == genesis).then(|| self.chain.timeline())
    }

    fn head(&mut self, size: u64) -> Option<LedgerHead> {
        self.chain.head(size).ok().flatten()
    }

    fn size(&mut self, _: u64) -> u64 {
        self.chain.tip().map_or(0, |tip| tip.number)
    }

    fn entries(&mut self, size: u64) -> Option<u64> {
        self.chain.entries_until(size)
    }
}
