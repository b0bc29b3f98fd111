//! Asking for a token.

use symbolon_crypto::hpke::{HpkePublicKey, OVERHEAD};
use symbolon_crypto::labels;
use symbolon_crypto::random::CryptoRng;
use symbolon_election::manifest::Authority;
use symbolon_election::{IssueRequest, RequestPlaintext, Typed, VerifiedManifest};

use crate::{ElectionKeys, Error};

/// The length of every sealed request.
pub const SEALED_REQUEST: usize = RequestPlaintext::LENGTH + OVERHEAD;

/// A request for a token, signed by the ballot key and sealed to the election's
/// request key: whoever passes it on learns neither key. Refused for an election
/// that nobody vouches for, and after it has closed.
pub fn request(
    keys: &ElectionKeys,
    manifest: &VerifiedManifest,
    now: u64,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    keys.check(manifest.election())?;
    if manifest.authority() == Authority::Nothing {
        return Err(Error::NotTrusted);
    }
    if now > manifest.manifest().closes {
        return Err(Error::Closed);
    }
    let request = IssueRequest {
        election: manifest.election(),
        delivery_key: keys.delivery_key(),
    };
    let digest = request.digest(manifest.domain());
    let plaintext = RequestPlaintext {
        delivery_key: request.delivery_key,
        signature: keys.ballot.sign(digest.as_bytes()),
    };
    HpkePublicKey::from_bytes(*manifest.manifest().request_key.as_bytes())
        .seal(
            labels::ISSUE_REQUEST,
            request.election.as_bytes(),
            &plaintext.encode(),
            rng,
        )
        .map_err(|_| Error::RequestKey)
}
