//! What the verifier says of entries that stand on the chain.

use symbolon_election::ledger_keys::LedgerKeys;
use symbolon_election::{ContentHash, Domain, ElectionId, LedgerHead, VoterId};
use symbolon_ledger::{
    Chronicle, FileSource, Pins, Place, RollSource, Rule, Timeline, Unread, Verifier,
};

/// What only files and the chain's genesis tell: the contract can't know it.
const OFF_CHAIN: [Rule; 7] = [
    Rule::OtherLedger,
    Rule::FileInvalid,
    Rule::RollRoot,
    Rule::BallotNotOnRoll,
    Rule::CertifiedSize,
    Rule::CertifiedHead,
    Rule::CertifiedTally,
];

/// A broken rule, and what was found.
pub type Named = (Rule, String);

/// For each of the last entries, the rule that it breaks, if it breaks any that a contract can check.
/// `entries` stand there with their times.
pub fn named(domain: &Domain, entries: &[(Vec<u8>, u64)], last: usize) -> Vec<Option<Named>> {
    let times = entries.iter().enumerate();
    let times = times.map(|(at, (_, time))| (at as u64 + 1, *time));
    let mut transcript = Times(Timeline::from_blocks(times));
    let mut verifier = Verifier::new(Pins::Nothing, domain.clone());
    let bytes: Vec<_> = entries.iter().map(|(entry, _)| entry.clone()).collect();
    verifier.feed(&bytes, &mut transcript);
    let report = verifier.report(&mut transcript);
    let first = entries.len() - last;
    let mut named = vec![None; last];
    for violation in report.verdict.violations() {
        let Place::Entry(at) = violation.place else {
            continue;
        };
        let at = usize::try_from(at).unwrap();
        if at >= first && !OFF_CHAIN.contains(&violation.rule) {
            assert!(named[at - first].is_none(), "one rule an entry");
            named[at - first] = Some((violation.rule, violation.detail.clone()));
        } else if at < first {
            assert!(
                OFF_CHAIN.contains(&violation.rule),
                "a recorded entry breaks a rule: {violation}"
            );
        }
    }
    named
}

/// A chain of any genesis that gives times, and no file.
struct Times(Timeline);

impl RollSource for Times {
    fn leaves(&mut self, _: &ElectionId, _: u32, _: u32) -> Result<Vec<VoterId>, Unread> {
        let path = "roll".to_owned();
        Err(Unread::Missing { path })
    }
}

impl FileSource for Times {
    fn file(&mut self, _: &ContentHash, _: u64) -> Result<Vec<u8>, Unread> {
        let path = "content".to_owned();
        Err(Unread::Missing { path })
    }
}

impl Chronicle for Times {
    fn timeline(&mut self, _: &LedgerKeys) -> Timeline {
        self.0.clone()
    }

    fn blocks(&mut self, _: &ContentHash) -> Option<Timeline> {
        Some(self.0.clone())
    }

    fn head(&mut self, _: u64) -> Option<LedgerHead> {
        None
    }
}
