//! One contract's entries, read from a node in the chain's order.

mod tail;

use symbolon_election::{ContentHash, EntryHash, LedgerHead};
use symbolon_ledger::Timeline;

use crate::node::BlockEntries;
use crate::{Config, EthereumError, Header, Node, Settle};
use tail::Tail;

/// How many blocks are asked for at a time, at most.
const PAGE: u64 = 2_000;
/// Blocks above the settled ones are read one by one up to this many.
const WATCHED: u64 = 128;

/// A settled block that holds entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its time.
    pub time: u64,
    /// How many entries there are up to its end.
    pub end: u64,
}

/// What is settled of one contract, and what stands above it.
pub struct Chain {
    node: Node,
    genesis: ContentHash,
    settle: Settle,
    from_block: u64,
    page: u64,
    /// Settled blocks that hold entries.
    blocks: Vec<Block>,
    /// The last settled block.
    tip: Option<Header>,
    tail: Tail,
}

impl Chain {
    /// The chain of a contract, nothing read yet. Refused where no contract is there.
    pub fn open(config: &Config) -> Result<Self, EthereumError> {
        let node = Node::new(config);
        node.check(&config.domain)?;
        let genesis = node.header(0)?.ok_or(EthereumError::Moved)?;
        Ok(Self {
            genesis: ContentHash::new(genesis.hash),
            node,
            settle: config.settle,
            from_block: config.from_block,
            page: PAGE,
            blocks: Vec::new(),
            tip: None,
            tail: Tail::default(),
        })
    }

    /// The nodes that it is read from.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The hash of the genesis block, by which a manifest names the chain.
    pub fn genesis(&self) -> &ContentHash {
        &self.genesis
    }

    /// How many entries are settled.
    pub fn size(&self) -> u64 {
        self.blocks.last().map_or(0, |block| block.end)
    }

    /// The last settled block.
    pub fn tip(&self) -> Option<&Header> {
        self.tip.as_ref()
    }

    /// The times of the settled entries.
    pub fn timeline(&self) -> Timeline {
        let blocks = self.blocks.iter().map(|block| (block.end, block.time));
        let tip = self.tip.iter().map(|tip| (self.size(), tip.time));
        Timeline::from_blocks(blocks.chain(tip))
    }

    /// How many entries there are up to the end of a settled block.
    pub fn entries_until(&self, number: u64) -> Option<u64> {
        self.tip.filter(|tip| number <= tip.number)?;
        let before = self.blocks.partition_point(|block| block.number <= number);
        let last = before.checked_sub(1).map(|at| self.blocks[at]);
        Some(last.map_or(0, |block| block.end))
    }

    /// The hash of a settled block.
    pub fn head(&self, number: u64) -> Result<Option<LedgerHead>, EthereumError> {
        if self.tip.is_none_or(|tip| number > tip.number) {
            return Ok(None);
        }
        let header = self.node.header(number)?;
        Ok(header.map(|header| LedgerHead::new(header.hash)))
    }

    /// The next settled entries, some at a time; none when everything settled was read.
    pub fn read_on(&mut self) -> Result<Option<Vec<Vec<u8>>>, EthereumError> {
        let head = self.node.latest()?;
        self.check_tip(&head)?;
        match self.node.boundary(self.settle, &head)? {
            Some(boundary) if self.next() <= boundary => self.read_page(boundary).map(Some),
            _ => Ok(None),
        }
    }

    /// Settled entries from an index on, at most so many, read anew.
    pub fn read_again(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, EthereumError> {
        let first = self.blocks.partition_point(|block| block.end <= from);
        let mut entries = Vec::new();
        let mut skip = match first.checked_sub(1) {
            Some(before) => from - self.blocks[before].end,
            None => from,
        };
        for block in &self.blocks[first..] {
            if entries.len() >= limit {
                break;
            }
            let found = self.node.entries_between(block.number, block.number)?;
            let found = found.into_iter().flat_map(|block| block.entries);
            let skipped = usize::try_from(std::mem::take(&mut skip)).unwrap_or(usize::MAX);
            entries.extend(found.skip(skipped));
        }
        entries.truncate(limit);
        Ok(entries)
    }

    fn next(&self) -> u64 {
        self.tip.map_or(self.from_block, |tip| tip.number + 1)
    }

    /// What was settled stands still.
    fn check_tip(&self, head: &Header) -> Result<(), EthereumError> {
        let Some(tip) = &self.tip else { return Ok(()) };
        if head.number < tip.number {
            self.node.turn();
            return Err(EthereumError::Behind {
                at: head.number,
                settled: tip.number,
            });
        }
        match self.node.header(tip.number)? {
            Some(header) if header.hash == tip.hash => Ok(()),
            Some(_) => Err(EthereumError::Reorganised(tip.number)),
            None => Err(EthereumError::Moved),
        }
    }

    fn read_page(&mut self, boundary: u64) -> Result<Vec<Vec<u8>>, EthereumError> {
        let from = self.next();
        let to = boundary.min(from + self.page - 1);
        let blocks = match self.node.entries_between(from, to) {
            // Nodes limit how much they answer at a time.
            Err(EthereumError::Refused { .. }) if self.page > 1 => {
                self.page = (self.page / 4).max(1);
                return self.read_page(boundary);
            }
            blocks => blocks?,
        };
        let last = self.node.header(to)?.ok_or(EthereumError::Moved)?;
        let mut settled = Vec::new();
        for block in blocks {
            let header = match block.number == to {
                true => last,
                false => self
                    .node
                    .header(block.number)?
                    .ok_or(EthereumError::Moved)?,
            };
            if header.hash != block.hash {
                return Err(EthereumError::Moved);
            }
            settled.push((header, block));
        }
        let entries = settled
            .into_iter()
            .flat_map(|(header, block)| self.settle(&header, block));
        let entries = entries.collect();
        self.tip = Some(last);
        Ok(entries)
    }

    fn settle(&mut self, header: &Header, block: BlockEntries) -> Vec<Vec<u8>> {
        if !block.entries.is_empty() {
            self.blocks.push(Block {
                number: header.number,
                time: header.time,
                end: self.size() + block.entries.len() as u64,
            });
        }
        block.entries
    }

    /// Reads everything up to the newest block, which it returns. What settled meanwhile is told
    /// with its index; what stands above it is in [`Chain::stands_above`].
    pub(crate) fn watch(
        &mut self,
        settled: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<Header, EthereumError> {
        let head = self.node.latest()?;
        self.check_tip(&head)?;
        let boundary = self.node.boundary(self.settle, &head)?;
        // Far behind, blocks are read by the page.
        while let Some(boundary) = boundary
            && boundary.saturating_sub(self.next()) > WATCHED
        {
            self.tail.clear();
            let first = self.size();
            let page = self.read_page(boundary)?;
            (first..)
                .zip(&page)
                .for_each(|(index, entry)| settled(index, entry));
        }
        let next = self.next();
        self.tail
            .follow(&self.node, self.tip.as_ref(), next, &head)?;
        while let Some(boundary) = boundary
            && let Some((header, block)) = self.tail.pop_until(boundary)
        {
            let first = self.size();
            let entries = self.settle(&header, block);
            (first..)
                .zip(&entries)
                .for_each(|(index, entry)| settled(index, entry));
            self.tip = Some(header);
        }
        Ok(head)
    }

    /// The hashes of the entries above the settled ones.
    pub(crate) fn stands_above(&self) -> impl Iterator<Item = &EntryHash> {
        self.tail.hashes()
    }
}
