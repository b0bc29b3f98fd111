//! One election's roll: statements by officers, recomputed from its leaves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use symbolon_election::roll::check_addition;
use symbolon_election::{ElectionId, RollIndex, RollStatement, VoterId};
use symbolon_tlog::{Frontier, leaf_hash};

use crate::source::{RollSource, Unread};
use crate::violation::Rule;

/// How many leaves are asked for at a time.
const CHUNK: u32 = 1 << 14;

/// A roll as it grows with its statements.
#[derive(Default)]
pub(crate) struct Roll {
    latest: Option<RollStatement>,
    /// Where each addition begins.
    starts: Vec<usize>,
    leaves: Vec<VoterId>,
    frontier: Frontier,
    /// Leaves are missing, or aren't those of the statements: only bounds are known.
    bounds_only: bool,
}

/// What a roll says of a voter ID at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// It is the one.
    Member,
    /// The place is within the roll; its leaf isn't known.
    Unknown,
    /// Another voter ID stands there.
    Other,
    /// There is no such place.
    Beyond,
}

impl Roll {
    /// The last statement so far.
    pub(crate) fn latest(&self) -> Option<&RollStatement> {
        self.latest.as_ref()
    }

    /// How many places there are so far.
    pub(crate) fn size(&self) -> u32 {
        self.latest.as_ref().map_or(0, |statement| statement.size)
    }

    /// Whether only bounds are known.
    pub(crate) fn bounds_only(&self) -> bool {
        self.bounds_only
    }

    /// Takes the next statement, reads the leaves it adds and compares the root. What is wrong
    /// with them comes back by name.
    pub(crate) fn extend(
        &mut self,
        statement: &RollStatement,
        source: &mut impl RollSource,
    ) -> Result<Vec<Rule>, Unread> {
        self.latest = Some(statement.clone());
        if self.bounds_only {
            return Ok(Vec::new());
        }
        let start = self.leaves.len();
        if let Err(unread) = self.read(&statement.election, statement.size, source) {
            self.bounds_only = true;
            return Err(unread);
        }
        self.starts.push(start);
        Ok(self.check(start, statement))
    }

    fn read(
        &mut self,
        election: &ElectionId,
        size: u32,
        source: &mut impl RollSource,
    ) -> Result<(), Unread> {
        while self.leaves_read() < size {
            let from = self.leaves_read();
            let wanted = CHUNK.min(size - from);
            let leaves = source.leaves(election, from, wanted)?;
            if leaves.is_empty() || leaves.len() > wanted as usize {
                let path = crate::layout::roll_leaves_folder(&election.to_string());
                return Err(Unread::Missing { path });
            }
            for leaf in leaves {
                self.frontier.push(leaf_hash(leaf.as_bytes()));
                self.leaves.push(leaf);
            }
        }
        Ok(())
    }

    /// How many leaves were read: room for them was made already.
    pub(crate) fn leaves_read(&self) -> u32 {
        u32::try_from(self.leaves.len()).expect("never more leaves than a statement's size")
    }

    fn check(&mut self, start: usize, statement: &RollStatement) -> Vec<Rule> {
        let mut broken = Vec::new();
        if self.frontier.root().as_bytes() != statement.root.as_bytes() {
            broken.push(Rule::RollRoot);
            self.bounds_only = true;
        }
        if check_addition(&self.leaves[start..]).is_err() {
            broken.push(Rule::RollNotAscending);
        }
        broken
    }

    /// What the roll says of a voter ID at a place.
    pub(crate) fn membership(&self, index: RollIndex, voter: &VoterId) -> Membership {
        if index.0 >= self.size() {
            return Membership::Beyond;
        }
        if self.bounds_only {
            return Membership::Unknown;
        }
        match self.leaves.get(index.0 as usize) {
            Some(leaf) if leaf == voter => Membership::Member,
            _ => Membership::Other,
        }
    }

    /// A place whose voter ID stands at another place too. Needs ascending additions.
    pub(crate) fn twice(&self) -> Option<RollIndex> {
        let mut heads: BinaryHeap<_> = (0..self.starts.len())
            .filter_map(|run| self.head(run, self.starts[run]))
            .collect();
        let mut last: Option<&VoterId> = None;
        while let Some(Reverse((leaf, run, at))) = heads.pop() {
            if last == Some(leaf) {
                return u32::try_from(at).ok().map(RollIndex);
            }
            last = Some(leaf);
            heads.extend(self.head(run, at + 1));
        }
        None
    }

    fn head(&self, run: usize, at: usize) -> Option<Reverse<(&VoterId, usize, usize)>> {
        let end = self
            .starts
            .get(run + 1)
            .copied()
            .unwrap_or(self.leaves.len());
        (at < end).then(|| Reverse((&self.leaves[at], run, at)))
    }
}
