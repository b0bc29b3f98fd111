//! Checkpoints and proofs of a log.

use serde::Deserialize;
use symbolon_election::LedgerKeys;
use symbolon_tlog::{
    Hash, SignedCheckpoint, VerifierKey, leaf_hash, verify_consistency, verify_inclusion,
};

use super::feed::Bytes;
use super::{Refusal, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Checkpoint {
    ledger_keys: String,
    size: u64,
    root: Bytes,
}

impl Checkpoint {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let keys = LedgerKeys::parse(self.ledger_keys.as_bytes())?;
        let signed = SignedCheckpoint::parse(bytes)?;
        let log: VerifierKey = keys.log().to_vkey().parse()?;
        let checkpoint = signed.verify(&log)?;
        same("origin", checkpoint.origin(), keys.origin())?;
        same("size", checkpoint.size(), self.size)?;
        same("root", checkpoint.root(), &hash(&self.root)?)?;
        let mut cosigned = 0;
        // A false line of a listed cosigner is refused, however many others there are.
        for cosigner in keys.cosigners() {
            let cosigner: VerifierKey = cosigner.to_vkey().parse()?;
            cosigned += usize::from(signed.cosigned_at(&cosigner)?.is_some());
        }
        match cosigned >= usize::from(keys.quorum()) {
            true => Ok(()),
            false => Err(Refusal::Form("too few cosigners")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inclusion {
    entry: Bytes,
    index: u64,
    size: u64,
    root: Bytes,
}

impl Inclusion {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let (leaf, proof) = (leaf_hash(&self.entry.0), hashes(bytes)?);
        let root = hash(&self.root)?;
        Ok(verify_inclusion(
            &leaf, self.index, self.size, &proof, &root,
        )?)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Consistency {
    from: u64,
    to: u64,
    from_root: Bytes,
    to_root: Bytes,
}

impl Consistency {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let (from, to) = (hash(&self.from_root)?, hash(&self.to_root)?);
        Ok(verify_consistency(
            (self.from, &from),
            (self.to, &to),
            &hashes(bytes)?,
        )?)
    }
}

fn hash(bytes: &Bytes) -> Result<Hash, Refusal> {
    Ok(Hash::try_from(bytes.0.as_slice())?)
}

fn hashes(bytes: &[u8]) -> Result<Vec<Hash>, Refusal> {
    let hashes = bytes.chunks(Hash::LENGTH).map(Hash::try_from);
    Ok(hashes.collect::<Result<_, _>>()?)
}
