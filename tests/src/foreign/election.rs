//! Statements, published files, ballots and receipts of an election.

use serde::Deserialize;
use symbolon_election::content::content_hash;
use symbolon_election::{
    ContentHash, Entry, Issuers, Shape, SignedReceipt, TrustFile, VerifiedBallot, VerifiedManifest,
};

use super::feed::Bytes;
use super::{Refusal, same};

/// The manifest of a packed ledger entry, under a trust file.
pub(super) fn manifest(trust: &str, entry: &Bytes) -> Result<VerifiedManifest, Refusal> {
    let trust = TrustFile::parse(trust.as_bytes())?;
    match Entry::decode(&entry.0)? {
        Entry::Manifest(manifest) => Ok(manifest.verify(&trust)?),
        _ => Err(Refusal::Form("not the entry of a manifest")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Statement {
    trust_file: String,
    manifest: Option<Bytes>,
}

impl Statement {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let Some(of) = &self.manifest else {
            return manifest(&self.trust_file, &Bytes(bytes.to_vec())).map(drop);
        };
        let manifest = manifest(&self.trust_file, of)?;
        match Entry::decode(bytes)? {
            Entry::RollStatement(statement) => statement.verify(&manifest).map(drop)?,
            Entry::IssuerRotation(statement) => statement.verify(&manifest).map(drop)?,
            Entry::Close(statement) => statement.verify(&manifest).map(drop)?,
            Entry::Certified(statement) => statement.verify(&manifest).map(drop)?,
            Entry::Cancelled(statement) => statement.verify(&manifest).map(drop)?,
            Entry::Manifest(_) | Entry::Ballot(_) => {
                return Err(Refusal::Form("not a statement under a manifest"));
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    hash: Bytes,
    shape: Bytes,
}

impl Content {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let content = symbolon_election::Content::parse(bytes)?;
        let hash = ContentHash::from_slice(&self.hash.0)?;
        same("hash", content_hash(bytes), hash)?;
        same("shape", content.shape(), Shape::parse(&self.shape.0)?)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct IssuedList {
    trust_file: String,
    manifest: Bytes,
    close: Bytes,
}

impl IssuedList {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let manifest = manifest(&self.trust_file, &self.manifest)?;
        let Entry::Close(close) = Entry::decode(&self.close.0)? else {
            return Err(Refusal::Form("not the entry of a Close"));
        };
        let close = close.verify(&manifest)?;
        let list = symbolon_election::IssuedList::parse(bytes)?;
        Ok(list.belongs_to(close.statement())?)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Ballot {
    trust_file: String,
    manifest: Bytes,
}

impl Ballot {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        ballot(&manifest(&self.trust_file, &self.manifest)?, bytes).map(drop)
    }
}

/// A ballot with a token of the manifest's issuer.
fn ballot(manifest: &VerifiedManifest, entry: &[u8]) -> Result<VerifiedBallot, Refusal> {
    let Entry::Ballot(ballot) = Entry::decode(entry)? else {
        return Err(Refusal::Form("not the entry of a ballot"));
    };
    let ballot = ballot.verify(manifest)?;
    match Issuers::new(manifest).knows(ballot.issuer()) {
        true => Ok(ballot),
        false => Err(Refusal::Other("issuer")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Receipt {
    trust_file: String,
    manifest: Bytes,
    ballot: Bytes,
}

impl Receipt {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let manifest = manifest(&self.trust_file, &self.manifest)?;
        let ballot = ballot(&manifest, &self.ballot.0)?;
        let receipt = SignedReceipt::parse(bytes)?;
        symbolon_voter::check_receipt(&manifest, &ballot, receipt)?;
        Ok(())
    }
}
