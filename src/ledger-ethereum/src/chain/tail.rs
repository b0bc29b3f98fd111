//! The blocks above the settled ones, which may still be replaced by others.

use std::collections::VecDeque;

use crate::node::BlockEntries;
use crate::{EthereumError, Header, Node};

/// Blocks in a row, each the parent of the next.
#[derive(Default)]
pub(super) struct Tail(VecDeque<(Header, BlockEntries)>);

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
        while let Some((last, _)) = self.0.back() {
            let still = last.number <= head.number
                && node
                    .header(last.number)?
                    .is_some_and(|now| now.hash == last.hash);
            if still {
                break;
            }
            self.0.pop_back();
        }
        let from = self.0.back().map_or(next, |(last, _)| last.number + 1);
        for number in from..=head.number {
            let header = node.header(number)?.ok_or(EthereumError::Moved)?;
            let before = self.0.back().map(|(last, _)| last).or(tip);
            if before.is_some_and(|before| header.parent != before.hash) {
                return Err(EthereumError::Moved);
            }
            let entries = node.entries_of(&header)?;
            // A node that gives up a block meanwhile may answer with less than it had.
            if node
                .header(number)?
                .is_none_or(|now| now.hash != header.hash)
            {
                return Err(EthereumError::Moved);
            }
            let block = BlockEntries {
                number,
                hash: header.hash,
                entries,
            };
            self.0.push_back((header, block));
        }
        match self.0.back().map(|(last, _)| last).or(tip) {
            Some(last) if last.hash != head.hash => Err(EthereumError::Moved),
            _ => Ok(()),
        }
    }

    /// The lowest block, if it is not above a number.
    pub(super) fn pop_until(&mut self, boundary: u64) -> Option<(Header, BlockEntries)> {
        self.0
            .front()
            .filter(|(header, _)| header.number <= boundary)?;
        self.0.pop_front()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.0
            .iter()
            .flat_map(|(_, block)| block.entries.iter().map(Vec::as_slice))
    }
}
