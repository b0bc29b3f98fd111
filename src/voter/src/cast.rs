//! Casting a ballot, and holding the gateway to its word.

use symbolon_election::{
    Ballot, Complaint, Selections, SignedReceipt, Typed, UnverifiedBallot, VerifiedBallot,
    VerifiedManifest, VerifiedReceipt,
};

use crate::{ElectionKeys, Error, Token};

/// A signed ballot with its token, as gateways take it; checked as they check it.
/// Of a place's ballots the one with the highest sequence counts.
pub fn cast(
    keys: &ElectionKeys,
    manifest: &VerifiedManifest,
    token: &Token,
    selections: &Selections,
    sequence: u8,
    now: u64,
) -> Result<VerifiedBallot, Error> {
    keys.check(manifest.election())?;
    if token.token().ballot_key != keys.ballot_key() {
        return Err(Error::OtherElection);
    }
    check_open(manifest, now)?;
    let ballot = Ballot {
        election: manifest.election(),
        voter_id: token.voter_id(),
        choice: selections.encode(),
        sequence,
    };
    let digest = ballot.digest(manifest.domain());
    let unverified = UnverifiedBallot {
        election: ballot.election,
        voter_id: ballot.voter_id,
        roll_index: token.roll_index(),
        ballot_key: keys.ballot_key(),
        sequence,
        choice: ballot.choice,
        token_signature: *token.signature(),
        ballot_signature: keys.ballot.sign(digest.as_bytes()),
    };
    Ok(unverified.verify(manifest)?)
}

fn check_open(manifest: &VerifiedManifest, now: u64) -> Result<(), Error> {
    if now < manifest.manifest().opens {
        return Err(Error::NotOpen);
    }
    match manifest.is_open(now) {
        true => Ok(()),
        false => Err(Error::Closed),
    }
}

/// Checks that a gateway of the election promised to publish this very ballot.
pub fn check_receipt(
    manifest: &VerifiedManifest,
    ballot: &VerifiedBallot,
    receipt: SignedReceipt,
) -> Result<VerifiedReceipt, Error> {
    let receipt = receipt.verify(manifest)?;
    receipt.covers(ballot)?;
    Ok(receipt)
}

/// A complaint about a ballot that isn't on the ledger although its receipt says so.
pub fn complain(ballot: &UnverifiedBallot, receipt: &VerifiedReceipt) -> Complaint {
    Complaint {
        ballot: ballot.clone(),
        receipt: receipt.signed().clone(),
    }
}
