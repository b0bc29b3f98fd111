//! The keys that signed a log, each of which vouches for the one that follows.
//!
//! A leaf names both; a later one holds a checkpoint that both signed, of a tree with the former leaf in it.

use symbolon_tlog::{SignedCheckpoint, VerifierKey};

use super::{
    leaves::{Leaf, Roots},
    violated,
};
use crate::Error;

/// By whom and as what the vault writes of it.
const CALLER: &str = "vault";
const OPERATION: &str = "RotateAuditKey";

/// Follows the keys while the tree grows.
#[derive(Default)]
pub(super) struct Chain {
    /// The first one first; none where the log tells of no other key.
    keys: Vec<VerifierKey>,
    /// The last leaf that named two keys.
    named: Option<(u64, [VerifierKey; 2])>,
}

impl Chain {
    /// Looks at the leaf at an index; `roots` are those of the trees before it.
    pub(super) fn look_at(&mut self, index: u64, leaf: &Leaf, roots: &Roots) -> Result<(), Error> {
        if leaf.caller != CALLER || leaf.operation != OPERATION {
            return Ok(());
        }
        let wrong = |what: &dyn std::fmt::Display| {
            violated(format!(
                "the rotation of the log's key in leaf {index}: {what}"
            ))
        };
        if let Some([before, next]) = &leaf.keys {
            let [before, next] = [before, next].map(|key| key.parse::<VerifierKey>());
            let keys = [before.map_err(|e| wrong(&e))?, next.map_err(|e| wrong(&e))?];
            if self.keys.last().is_some_and(|last| *last != keys[0]) {
                return Err(wrong(&"it is not from the key in force"));
            }
            self.named = Some((index, keys));
        }
        let Some(note) = &leaf.checkpoint else {
            return Ok(());
        };
        let Some((named, [before, next])) = self.named.take() else {
            return Err(wrong(&"no leaf before it names the keys"));
        };
        let signed = SignedCheckpoint::parse(note.as_bytes()).map_err(|e| wrong(&e))?;
        signed.verify(&before).map_err(|e| wrong(&e))?;
        let checkpoint = signed.verify(&next).map_err(|e| wrong(&e))?;
        if checkpoint.size() <= named {
            return Err(wrong(&"its tree ends before the leaf that names the keys"));
        }
        if roots.at(checkpoint.size()) != Some(checkpoint.root()) {
            return Err(wrong(
                &"it names a tree that the log never had, or an old one",
            ));
        }
        if self.keys.is_empty() {
            self.keys.push(before);
        }
        self.keys.push(next);
        Ok(())
    }

    /// The log's keys, the one in force last: `known` alone where the log tells of no other.
    /// A key that is known from elsewhere must be among them.
    pub(super) fn end(self, known: VerifierKey, pinned: bool) -> Result<Vec<VerifierKey>, Error> {
        if self.keys.is_empty() {
            return Ok(vec![known]);
        }
        match !pinned || self.keys.contains(&known) {
            true => Ok(self.keys),
            false => Err(violated(
                "the key that was pinned is none of those that the log went through",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use symbolon_tlog::{Checkpoint, Frontier, KeyKind, LogKey, leaf_hash};

    use super::*;

    const NAME: &str = "symbolon-vault/test";

    fn key(byte: u8) -> LogKey {
        LogKey::new(NAME, &[byte; 32]).unwrap()
    }

    fn public(key: &LogKey) -> VerifierKey {
        key.verifier(KeyKind::Ed25519)
    }

    /// A log that an auditor reads leaf by leaf.
    struct Log {
        tree: Frontier,
        roots: Roots,
        chain: Chain,
    }

    impl Log {
        fn new() -> Self {
            let mut log = Self {
                tree: Frontier::new(),
                roots: Roots::default(),
                chain: Chain::default(),
            };
            log.roots.push(&log.tree);
            log
        }

        fn push(&mut self, leaf: serde_json::Value) -> Result<(), Error> {
            let bytes = serde_json::to_vec(&leaf).unwrap();
            let looked = self
                .chain
                .look_at(self.tree.size(), &Leaf::read(&bytes), &self.roots);
            self.tree.push(leaf_hash(&bytes));
            self.roots.push(&self.tree);
            looked
        }

        fn other(&mut self) {
            self.push(json!({"caller": "portal/main", "operation": "IssueToken"}))
                .unwrap();
        }

        fn name(&mut self, before: &LogKey, next: &LogKey) -> Result<(), Error> {
            let keys = [before, next].map(|key| public(key).to_string());
            self.push(json!({"caller": CALLER, "operation": OPERATION, "keys": keys}))
        }

        fn checkpoint(&self, keys: &[&LogKey]) -> SignedCheckpoint {
            let checkpoint = Checkpoint::new(NAME, self.tree.size(), self.tree.root()).unwrap();
            let mut signed = checkpoint.sign(keys[0], 7).unwrap();
            for key in &keys[1..] {
                signed.sign_also(key, 7).unwrap();
            }
            signed
        }

        fn sign(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), Error> {
            let note = checkpoint.to_text();
            self.push(json!({"caller": CALLER, "operation": OPERATION, "checkpoint": note}))
        }

        fn rotate(&mut self, before: &LogKey, next: &LogKey) -> Result<(), Error> {
            self.name(before, next)?;
            self.other();
            let signed = self.checkpoint(&[before, next]);
            self.sign(&signed)
        }
    }

    #[test]
    fn whoever_knows_any_of_the_keys_follows_to_the_last_and_a_stranger_s_key_does_not() {
        let keys = [key(1), key(2), key(3)];
        let mut log = Log::new();
        log.other();
        log.rotate(&keys[0], &keys[1]).unwrap();
        log.other();
        log.rotate(&keys[1], &keys[2]).unwrap();
        let all: Vec<_> = keys.iter().map(public).collect();
        for known in &all {
            let mut same = Log::new();
            same.chain.keys.clone_from(&log.chain.keys);
            assert_eq!(same.chain.end(known.clone(), true).unwrap(), all);
        }
        assert!(log.chain.end(public(&key(9)), true).is_err());
    }

    #[test]
    fn a_log_without_a_rotation_has_the_key_that_is_known() {
        let mut log = Log::new();
        log.other();
        let known = public(&key(1));
        assert_eq!(log.chain.end(known.clone(), true).unwrap(), [known]);
    }

    #[test]
    fn an_earlier_checkpoint_vouches_for_nobody() {
        let (old, thief) = (key(1), key(9));
        let mut log = Log::new();
        log.other();
        // The log's key signed this before the thief's was named; the thief adds a signature.
        let mut earlier = log.checkpoint(&[&old]);
        earlier.sign_also(&thief, 7).unwrap();
        log.name(&old, &thief).unwrap();
        let refused = log.sign(&earlier).unwrap_err().to_string();
        assert!(refused.contains("before the leaf that names"), "{refused}");
    }

    #[test]
    fn one_signature_alone_another_tree_and_a_key_out_of_turn_are_refused() {
        let (old, new) = (key(1), key(2));
        for signers in [vec![&old], vec![&new]] {
            let mut log = Log::new();
            log.name(&old, &new).unwrap();
            let signed = log.checkpoint(&signers);
            assert!(log.sign(&signed).is_err());
        }
        let mut other = Log::new();
        other.other();
        other.other();
        let foreign = other.checkpoint(&[&old, &new]);
        let mut log = Log::new();
        log.name(&old, &new).unwrap();
        log.other();
        assert!(log.sign(&foreign).is_err());
        let mut log = Log::new();
        log.rotate(&old, &new).unwrap();
        assert!(log.name(&old, &key(3)).is_err());
        let signed = log.checkpoint(&[&new, &old]);
        assert!(log.sign(&signed).is_err(), "nothing named it");
    }

    #[test]
    fn leaves_of_callers_name_no_keys() {
        let mut log = Log::new();
        let keys = [1, 2].map(|byte| public(&key(byte)).to_string());
        log.push(json!({"caller": "officer/vault", "operation": OPERATION, "keys": keys}))
            .unwrap();
        assert!(log.chain.named.is_none());
    }
}
