//! Complaints: a ballot and the receipt for it. Whether the promise was broken, the
//! ledger tells.

use serde::{Deserialize, Serialize};

use crate::json;
use crate::{
    Entry, Error, SignedReceipt, UnverifiedBallot, VERSION, VerifiedBallot, VerifiedManifest,
    VerifiedReceipt,
};

const LIMIT: usize = 64 * 1024;

/// A complaint as it comes from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The ballot.
    pub ballot: UnverifiedBallot,
    /// The receipt.
    pub receipt: SignedReceipt,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(with = "json::blob")]
    entry: Vec<u8>,
    receipt: SignedReceipt,
}

impl Complaint {
    /// Checks ballot and receipt, and that they belong together. A receipt covers every ballot
    /// of one voter ID, choice and sequence, whatever its place, key and token: whether those
    /// are the election's, only the ledger can tell.
    pub fn verify(self, manifest: &VerifiedManifest) -> Result<VerifiedComplaint, Error> {
        let ballot = self.ballot.verify(manifest)?;
        let receipt = self.receipt.verify(manifest)?;
        receipt.covers(&ballot)?;
        Ok(VerifiedComplaint { ballot, receipt })
    }

    /// Reads the JSON file: version, ledger entry and receipt.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        const WHAT: &str = "complaint";
        let file: File = json::parse(WHAT, LIMIT, bytes)?;
        json::check_version(WHAT, &file.version)?;
        match Entry::decode(&file.entry)? {
            Entry::Ballot(ballot) => Ok(Self {
                ballot,
                receipt: file.receipt,
            }),
            _ => Err(Error::member(WHAT, "entry", "a ballot")),
        }
    }

    /// Writes the JSON file.
    pub fn to_json(&self) -> Vec<u8> {
        json::canonical(&File {
            version: VERSION.to_owned(),
            entry: self.ballot.to_entry(),
            receipt: self.receipt.clone(),
        })
    }
}

/// A ballot and a gateway's receipt for it, both good. Whether the token is an issuer's is for
/// the caller to check, as with [`VerifiedBallot::issuer`].
#[derive(Clone, Debug)]
pub struct VerifiedComplaint {
    ballot: VerifiedBallot,
    receipt: VerifiedReceipt,
}

impl VerifiedComplaint {
    /// The ballot.
    pub fn ballot(&self) -> &VerifiedBallot {
        &self.ballot
    }

    /// The receipt.
    pub fn receipt(&self) -> &VerifiedReceipt {
        &self.receipt
    }

    /// Whether a ballot on the ledger (before or at the receipt's time) keeps the
    /// promise: of the same place and ballot key, with at least this sequence.
    pub fn kept_by(&self, other: &VerifiedBallot) -> bool {
        let (mine, other) = (self.ballot.fields(), other.fields());
        mine.election == other.election
            && mine.roll_index == other.roll_index
            && mine.voter_id == other.voter_id
            && mine.ballot_key == other.ballot_key
            && other.sequence >= mine.sequence
    }
}
