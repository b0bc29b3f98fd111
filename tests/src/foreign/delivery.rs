//! Sealed requests as a vault opens them, and sealed tokens as a device does.

use serde::Deserialize;
use symbolon_crypto::hpke::HpkeSecretKey;
use symbolon_crypto::{Secret, labels};
use symbolon_election::{
    Address, DeliveryKey, ElectionId, Issuers, RequestPlaintext, RollIndex, VoterId,
};
use symbolon_voter::{DeviceSeed, open_token};

use super::election::manifest;
use super::feed::Bytes;
use super::{Refusal, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Domain {
    chain_id: u64,
    verifying_contract: Bytes,
}

impl Domain {
    fn read(&self) -> Result<symbolon_election::Domain, Refusal> {
        let contract = Address::from_slice(&self.verifying_contract.0)?;
        Ok(symbolon_election::Domain::new(self.chain_id, contract))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct IssueRequest {
    domain: Domain,
    election: Bytes,
    request_secret: Bytes,
    ballot_key: Bytes,
    delivery_key: Bytes,
}

impl IssueRequest {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let secret = HpkeSecretKey::new(Secret::from_slice(&self.request_secret.0)?);
        let election = ElectionId::from_slice(&self.election.0)?;
        let opened = secret.open(labels::ISSUE_REQUEST, election.as_bytes(), bytes)?;
        let request = RequestPlaintext::parse(opened.expose())?;
        let delivery_key = DeliveryKey::from_slice(&self.delivery_key.0)?;
        same("delivery key", request.delivery_key, delivery_key)?;
        let ballot_key = request.ballot_key(election, &self.domain.read()?)?;
        same(
            "ballot key",
            ballot_key,
            Address::from_slice(&self.ballot_key.0)?,
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Token {
    trust_file: String,
    manifest: Bytes,
    bits: Bytes,
    voter_id: Bytes,
    roll_index: u32,
}

impl Token {
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let manifest = manifest(&self.trust_file, &self.manifest)?;
        let seed = DeviceSeed::new(Secret::from_slice(&self.bits.0)?);
        let keys = seed.keys(&manifest.election())?;
        let token = open_token(&keys, &manifest, &Issuers::new(&manifest), bytes)?;
        token.check_place(&VoterId::from_slice(&self.voter_id.0)?)?;
        same("place", token.roll_index(), RollIndex(self.roll_index))
    }
}
