//! Certificates of destroyed keys, as leaves of the log hold them.

use serde_json::{Value, json};
use symbolon_election::{Destruction, words::utc};
use symbolon_tlog::{Note, VerifierKey};

use super::{
    leaves::{Leaf, Roots},
    violated,
};
use crate::{Error, output::printable};

/// Collects certificates while the tree grows.
#[derive(Default)]
pub(super) struct Certificates(Vec<(u64, Note)>);

impl Certificates {
    /// Looks at the leaf at an index.
    pub(super) fn look_at(&mut self, index: u64, leaf: &Leaf, roots: &Roots) -> Result<(), Error> {
        let Some(note) = &leaf.certificate else {
            return Ok(());
        };
        let note = Note::parse(note.as_bytes()).map_err(|e| wrong(index, &e))?;
        let destruction = parsed(&note).map_err(|e| wrong(index, &e))?;
        let root = roots.at(destruction.tree.size);
        if root.is_none_or(|root| <[u8; 32]>::from(*root) != destruction.tree.root) {
            let what = "it names a tree that the log never had, or an old one";
            return Err(wrong(index, &what));
        }
        self.0.push((index, note));
        Ok(())
    }

    /// Checks that one of the log's keys signed each.
    pub(super) fn signed_by(self, keys: &[VerifierKey]) -> Result<Vec<(u64, Destruction)>, Error> {
        let each = self.0.into_iter().map(|(index, note)| {
            let mut signatures = note.signatures().iter();
            let signed = signatures.find_map(|signature| {
                let key = keys.iter().find(|key| key.claims(signature))?;
                Some((key, signature))
            });
            let (key, own) = signed.ok_or_else(|| wrong(index, &"no key of the log signed it"))?;
            key.verify(note.text(), own).map_err(|e| wrong(index, &e))?;
            let destruction = Destruction::parse(note.text(), key.name());
            Ok((index, destruction.map_err(|e| wrong(index, &e))?))
        });
        each.collect()
    }
}

fn wrong(index: u64, what: &dyn std::fmt::Display) -> Error {
    violated(format!("the certificate in leaf {index}: {what}"))
}

/// What a note says, whatever log it is of.
fn parsed(note: &Note) -> Result<Destruction, symbolon_election::Error> {
    let origin = note.signatures().first().map_or("", |line| line.name());
    Destruction::parse(note.text(), origin)
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
