//! The blocks above the settled ones, which may still be replaced by others.

use std::collections::VecDeque;

use symbolon_election::{EntryHash, entry::entry_hash};

use crate::node::BlockEntries;
use crate::{EthereumError, Header, Node};

/// Blocks in a row, each the parent of the next.
#[derive(Default)]
pub(super) struct Tail(VecDeque<Above>);

struct Above {
    header: Header,
    block: BlockEntries,
    /// Of its entries, which are looked for more often than blocks come.
    hashes: Vec<EntryHash>,
}

impl Tail {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Lets go of blocks that are no more on the chain, then reads on to the newest one.
    pub(super) fn follow(
        &mut self,
        node: &Node,
        tip: Option<&Header>,
        next: u64,
        head: &Header,
    ) -> Result<(), EthereumError> {
        while let Some(last) = self.last() {
            let still = last.number <= head.number
                && node
                    .header(last.number)?
                    .is_some_and(|now| now.hash == last.hash);
            if still {
                break;
            }
            self.0.pop_back();
        }
        let from = self.last().map_or(next, |last| last.number + 1);
        for number in from..=head.number {
            let header = node.header(number)?.ok_or(EthereumError::Moved)?;
            let before = self.last().or(tip);
            if before.is_some_and(|before| header.parent != before.hash) {
                return Err(EthereumError::Moved);
            }
            let entries = node.entries_of(&header)?;
            let block = BlockEntries {
                number,
                hash: header.hash,
                entries,
            };
            let hashes = block
                .entries
                .iter()
                .map(|entry| entry_hash(entry))
                .collect();
            self.0.push_back(Above {
                header,
                block,
                hashes,
            });
        }
        match self.last().or(tip) {
            Some(last) if last.hash != head.hash => Err(EthereumError::Moved),
            _ => Ok(()),
        }
    }

    /// The lowest block, if it is not above a number.
    pub(super) fn pop_until(&mut self, boundary: u64) -> Option<(Header, BlockEntries)> {
        self.0
            .front()
            .filter(|above| above.header.number <= boundary)?;
        let above = self.0.pop_front()?;
        Some((above.header, above.block))
    }

    pub(super) fn hashes(&self) -> impl Iterator<Item = &EntryHash> {
        self.0.iter().flat_map(|above| &above.hashes)
    }

    fn last(&self) -> Option<&Header> {
        self.0.back().map(|above| &above.header)
    }
}
