//! Entries into transactions: ballots end to end, statements alone.

use crate::Config;
use crate::contract::{cast_call, publish_call};
use symbolon_election::entry::BALLOT;

/// What a transaction carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// How many entries, from the next one on.
    pub(crate) entries: usize,
    /// The call of the contract.
    pub(crate) call: Vec<u8>,
    /// Gas enough for it.
    pub(crate) gas: u64,
}

const TRANSACTION: u64 = 120_000;
/// Both recoveries, hashing and the log, over-estimated: what isn't used isn't paid.
const BALLOT_GAS: u64 = 12_000;
/// Calldata, copy and log of a byte.
const BYTE_GAS: u64 = 28;

/// The next transaction's load: as many ballots as its limits allow, or one statement.
pub(crate) fn next<'a>(entries: impl Iterator<Item = &'a [u8]>, config: &Config) -> Option<Load> {
    let mut entries = entries.peekable();
    let first = *entries.peek()?;
    if first.first() != Some(&BALLOT) {
        return Some(Load {
            entries: 1,
            call: publish_call(first),
            gas: statement_gas(first.len()).min(config.max_gas),
        });
    }
    let (mut packed, mut count, mut gas) = (Vec::new(), 0, TRANSACTION);
    for entry in entries.take_while(|entry| entry.first() == Some(&BALLOT)) {
        let more = ballot_gas(entry.len());
        let full = packed.len() + entry.len() > config.max_bytes || gas + more > config.max_gas;
        if full && count > 0 {
            break;
        }
        packed.extend_from_slice(entry);
        gas += more;
        count += 1;
    }
    Some(Load {
        entries: count,
        call: cast_call(packed),
        gas,
    })
}

fn ballot_gas(length: usize) -> u64 {
    BALLOT_GAS + BYTE_GAS * length as u64
}

/// A word of a manifest may be an officer, for whom two slots are written.
fn statement_gas(length: usize) -> u64 {
    500_000 + 1_200 * length as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use symbolon_election::{Address, Domain};

    use super::*;
    use crate::{Fees, Settle};

    fn config() -> Config {
        Config {
            endpoints: Vec::new(),
            domain: Domain::new(1, Address::new([1; 20]).unwrap()),
            from_block: 0,
            settle: Settle::Depth(1),
            fees: Fees::default(),
            max_gas: 1_000_000,
            max_bytes: 2_000,
            patience: Duration::ZERO,
            look: Duration::ZERO,
        }
    }

    proptest! {
        #[test]
        fn all_entries_go_in_their_order_and_within_the_limits(
            entries in prop::collection::vec((any::<bool>(), 1_usize..400), 0..60),
        ) {
            let entries: Vec<Vec<u8>> = entries
                .into_iter()
                .map(|(ballot, length)| vec![if ballot { BALLOT } else { 1 }; length])
                .collect();
            let (mut rest, config) = (&entries[..], config());
            while let Some(load) = next(rest.iter().map(Vec::as_slice), &config) {
                prop_assert!(load.entries >= 1);
                prop_assert!(load.gas <= config.max_gas);
                let (taken, left) = rest.split_at(load.entries);
                let packed: usize = taken.iter().map(Vec::len).sum();
                prop_assert!(packed <= config.max_bytes);
                let expected = match taken[0][0] == BALLOT {
                    true => cast_call(taken.concat()),
                    false => publish_call(&taken[0]),
                };
                prop_assert_eq!(load.call, expected);
                rest = left;
            }
            prop_assert!(rest.is_empty());
        }
    }
}
