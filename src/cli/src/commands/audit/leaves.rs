//! What the leaves of a log say of the log itself.

use std::collections::VecDeque;

use serde::Deserialize;
use symbolon_tlog::{Frontier, Hash};

/// How far back a leaf may name the tree.
const NEWEST: usize = 1 << 16;

/// What is read of a leaf; what is no leaf of this form says nothing.
#[derive(Default, Deserialize)]
pub(super) struct Leaf {
    #[serde(default)]
    pub(super) caller: String,
    #[serde(default)]
    pub(super) operation: String,
    pub(super) certificate: Option<String>,
    pub(super) checkpoint: Option<String>,
    pub(super) keys: Option<[String; 2]>,
}

impl Leaf {
    pub(super) fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }
}

/// The tree's roots at its last sizes, the newest last.
#[derive(Default)]
pub(super) struct Roots {
    size: u64,
    newest: VecDeque<Hash>,
}

impl Roots {
    /// The tree as it is now.
    pub(super) fn push(&mut self, tree: &Frontier) {
        if self.newest.len() == NEWEST {
            self.newest.pop_front();
        }
        self.newest.push_back(tree.root());
        self.size = tree.size();
    }

    /// The root at a size, if the tree had it not long ago.
    pub(super) fn at(&self, size: u64) -> Option<&Hash> {
        let back = usize::try_from(self.size.checked_sub(size)?).ok()?;
        let place = self.newest.len().checked_sub(1 + back)?;
        self.newest.get(place)
    }
}
