//! Signatures of digests, and of typed data as wallets sign it.

use serde::Deserialize;
use serde_json::Value;
use symbolon_crypto::ecdsa;
use symbolon_election::{
    Address, Ballot, Digest, IssueRequest, Receipt, Statement, Typed, VotingToken, officers,
    typed_data,
};

use super::feed::Bytes;
use super::{Refusal, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    digest: Bytes,
    signer: Bytes,
}

impl Signature {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let digest = Digest::from_slice(&self.digest.0)?;
        let signature = ecdsa::Signature::from_slice(bytes)?;
        let signer = ecdsa::recover(digest.as_bytes(), &signature)?;
        same("signer", signer, Address::from_slice(&self.signer.0)?)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TypedData {
    typed_data: String,
    signer: Bytes,
}

impl TypedData {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let (name, digest) = self.read()?;
        // The text form is where officers' signatures come in, of 64 bytes or a wallet's 65.
        let signature: ecdsa::Signature = hex::encode(bytes).parse()?;
        let signer = officers::recover(name, &digest, &signature)?;
        same("signer", signer, Address::from_slice(&self.signer.0)?)
    }

    /// The struct's name and digest.
    fn read(&self) -> Result<(&'static str, Digest), Refusal> {
        let text = self.typed_data.as_bytes();
        let value: Value =
            serde_json::from_slice(text).map_err(|_| Refusal::Form("typed data: not JSON"))?;
        match value["primaryType"].as_str() {
            Some(IssueRequest::NAME) => read::<IssueRequest>(text),
            Some(VotingToken::NAME) => read::<VotingToken>(text),
            Some(Ballot::NAME) => read::<Ballot>(text),
            Some(Receipt::NAME) => read::<Receipt>(text),
            _ => {
                let (statement, domain) = Statement::from_typed_data(text)?;
                Ok((statement.name(), statement.digest(&domain)))
            }
        }
    }
}

fn read<T: Typed>(text: &[u8]) -> Result<(&'static str, Digest), Refusal> {
    let (typed, domain) = typed_data::read::<T>(text)?;
    Ok((T::NAME, typed.digest(&domain)))
}
