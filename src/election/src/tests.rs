//! Tests that need a whole election.

mod ballots;
mod digests;
mod entries;
mod manifests;
mod ranking;
mod typed_data;

use symbolon_crypto::Secret;
use symbolon_crypto::ecdsa::SigningKey;

use crate::typed::Typed;
use crate::*;

pub(crate) const ORIGIN: &str = "log.example";
pub(crate) const ISSUER: u8 = 21;
pub(crate) const GATEWAY: u8 = 31;

pub(crate) fn key(byte: u8) -> SigningKey {
    SigningKey::new(Secret::from_slice(&[byte; 32]).unwrap()).unwrap()
}

pub(crate) fn domain() -> Domain {
    Domain::for_log(ORIGIN)
}

/// Three officers in the order of their addresses.
pub(crate) fn officers() -> Vec<SigningKey> {
    let mut officers = vec![key(11), key(12), key(13)];
    officers.sort_by_key(SigningKey::address);
    officers
}

pub(crate) fn trust() -> TrustFile {
    let officers = officers().iter().map(SigningKey::address).collect();
    TrustFile::for_log("City", ORIGIN, officers, 2).unwrap()
}

pub(crate) fn manifest() -> Manifest {
    Manifest {
        nonce: Nonce::new([1; 32]),
        content_hash: ContentHash::new([2; 32]),
        shape: vec![3, 0, 2, 2, 1, 1],
        opens: 1_000,
        closes: 2_000,
        grace: 60,
        forget_after: 10_000,
        max_ballots: 3,
        roll_batch_min: 0,
        ballot_batch_min: 5,
        custody: 0,
        anonymity: 0,
        results: 0,
        tally_key: TallyKey::new([0; 32]),
        officers: officers().iter().map(SigningKey::address).collect(),
        threshold: 2,
        issuer: key(ISSUER).address(),
        request_key: RequestKey::new([5; 32]),
        gateways: vec![key(GATEWAY).address()],
        ledger_keys: ContentHash::new([4; 32]),
        payload: 0,
    }
}

/// Signed by the first two officers, in order.
pub(crate) fn signed<T: Typed>(statement: T) -> Unverified<T> {
    let officers = officers();
    signed_by(statement, &[&officers[0], &officers[1]])
}

pub(crate) fn signed_by<T: Typed>(statement: T, keys: &[&SigningKey]) -> Unverified<T> {
    let digest = statement.digest(&domain());
    let signatures = keys.iter().map(|key| key.sign(digest.as_bytes())).collect();
    Unverified {
        statement,
        signatures,
    }
}

pub(crate) fn verified() -> VerifiedManifest {
    signed(manifest()).verify(&trust()).unwrap()
}

pub(crate) fn election() -> ElectionId {
    manifest().election(&domain())
}

pub(crate) fn voter(place: u32) -> VoterId {
    let mut bytes = [0; 32];
    bytes[28..].copy_from_slice(&place.to_be_bytes());
    VoterId::new(bytes)
}

/// A ballot at a place, signed by the key made of a byte.
pub(crate) fn ballot(place: u32, by: u8, sequence: u8, choice: &[u8]) -> UnverifiedBallot {
    let mut ballot = UnverifiedBallot {
        election: election(),
        voter_id: voter(place),
        roll_index: RollIndex(place),
        ballot_key: key(by).address(),
        sequence,
        choice: choice.to_vec(),
        token_signature: Signature::from_bytes([0; 64]),
        ballot_signature: Signature::from_bytes([0; 64]),
    };
    ballot.token_signature = key(ISSUER).sign(ballot.token().digest(&domain()).as_bytes());
    ballot.ballot_signature = key(by).sign(ballot.ballot().digest(&domain()).as_bytes());
    ballot
}
