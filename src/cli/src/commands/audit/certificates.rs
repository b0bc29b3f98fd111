//! Certificates of destroyed keys, as leaves of the log hold them.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_election::{Destruction, words::utc};
use symbolon_tlog::{Frontier, Hash, Note, VerifierKey};

use super::violated;
use crate::{Error, output::printable};

/// How many leaves before its own a certificate's tree may end.
const NEWEST: usize = 1 << 16;

/// Checks certificates while the tree grows.
pub(super) struct Certificates<'a> {
    key: &'a VerifierKey,
    /// The tree's roots at its last sizes, the newest last.
    roots: VecDeque<Hash>,
    pub(super) found: Vec<(u64, Destruction)>,
}

#[derive(Deserialize)]
struct Leaf {
    certificate: Option<String>,
}

impl<'a> Certificates<'a> {
    pub(super) fn new(key: &'a VerifierKey) -> Self {
        Self {
            key,
            roots: VecDeque::new(),
            found: Vec::new(),
        }
    }

    /// Looks at the next leaf; `tree` holds those before it.
    pub(super) fn look_at(&mut self, tree: &Frontier, leaf: &[u8]) -> Result<(), Error> {
        if self.roots.len() == NEWEST {
            self.roots.pop_front();
        }
        self.roots.push_back(tree.root());
        // What is no leaf of this form holds none.
        let Ok(Leaf {
            certificate: Some(note),
        }) = serde_json::from_slice(leaf)
        else {
            return Ok(());
        };
        let wrong = |what: &dyn std::fmt::Display| {
            violated(format!("the certificate in leaf {}: {what}", tree.size()))
        };
        let note = Note::parse(note.as_bytes()).map_err(|e| wrong(&e))?;
        let mut signatures = note.signatures().iter();
        let own = signatures.find(|signature| self.key.claims(signature));
        let own = own.ok_or_else(|| wrong(&"the log's key didn't sign it"))?;
        self.key.verify(note.text(), own).map_err(|e| wrong(&e))?;
        let destruction = Destruction::parse(note.text(), self.key.name());
        let destruction = destruction.map_err(|e| wrong(&e))?;
        let back = tree.size().checked_sub(destruction.tree.size);
        let root = back.and_then(|back| {
            let at = self
                .roots
                .len()
                .checked_sub(1 + usize::try_from(back).ok()?)?;
            self.roots.get(at)
        });
        if root.is_none_or(|root| <[u8; 32]>::from(*root) != destruction.tree.root) {
            return Err(wrong(
                &"it names a tree that the log never had, or an old one",
            ));
        }
        self.found.push((tree.size(), destruction));
        Ok(())
    }
}

/// A certificate as JSON and in words.
pub(super) fn shown(index: u64, destruction: &Destruction) -> (Value, String) {
    let keys = destruction.keys.iter();
    let json = json!({
        "leaf": index,
        "destroyed": destruction.destroyed,
        "rows": destruction.rows,
        "keys": keys.clone().map(|key| json!({
            "purpose": key.purpose, "epoch": key.epoch, "id": hex::encode(key.id),
        })).collect::<Vec<_>>(),
        "ringSecret": destruction.ring_secret.map(hex::encode),
    });
    let keys = keys.map(|key| format!("{}, epoch {}", printable(&key.purpose), key.epoch));
    let keys: Vec<_> = keys.collect();
    let line = format!(
        "leaf {index}: destroyed {}: {}; {} rows. Copies of key ring and ring secret from before open it still.",
        utc(destruction.destroyed),
        keys.join("; "),
        destruction.rows,
    );
    (json, line)
}
