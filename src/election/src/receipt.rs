//! Receipts: a gateway's promise that a ballot will be on the ledger.

use serde::{Deserialize, Serialize};

use crate::json;
use crate::{
    Address, Digest, ElectionId, Error, Receipt, Signature, Typed, VerifiedManifest, officers,
};

const LIMIT: usize = 4 * 1024;

/// A receipt as it comes from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SignedReceipt {
    /// The election.
    pub election: ElectionId,
    /// The ballot's digest.
    pub ballot_digest: Digest,
    /// By when, Unix seconds.
    pub include_by: u64,
    /// The gateway's signature.
    pub signature: Signature,
}

impl SignedReceipt {
    /// A receipt with its signature.
    pub fn new(receipt: &Receipt, signature: Signature) -> Self {
        let Receipt {
            election,
            ballot_digest,
            include_by,
        } = *receipt;
        Self {
            election,
            ballot_digest,
            include_by,
            signature,
        }
    }

    /// What the gateway signed.
    pub fn receipt(&self) -> Receipt {
        Receipt {
            election: self.election,
            ballot_digest: self.ballot_digest,
            include_by: self.include_by,
        }
    }

    /// Checks that a gateway of the manifest signed it, and that its time is not
    /// beyond closes + grace.
    pub fn verify(self, manifest: &VerifiedManifest) -> Result<VerifiedReceipt, Error> {
        if self.election != manifest.election() {
            return Err(Error::OtherElection {
                what: Receipt::NAME,
            });
        }
        if self.include_by > manifest.last_moment() {
            return Err(Error::field(
                Receipt::NAME,
                "includeBy",
                "not after closes + grace",
            ));
        }
        let digest = self.receipt().digest(manifest.domain());
        let gateway = officers::recover(Receipt::NAME, &digest, &self.signature)?;
        match manifest.is_gateway(&gateway) {
            true => Ok(VerifiedReceipt {
                receipt: self,
                gateway,
            }),
            false => Err(Error::Signer {
                what: Receipt::NAME,
            }),
        }
    }

    /// Reads the JSON file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        json::parse("receipt", LIMIT, bytes)
    }

    /// Writes the JSON file.
    pub fn to_json(&self) -> Vec<u8> {
        json::canonical(self)
    }
}

/// A receipt that a gateway of the election signed.
#[derive(Clone, Debug)]
pub struct VerifiedReceipt {
    receipt: SignedReceipt,
    gateway: Address,
}

impl VerifiedReceipt {
    /// What it says.
    pub fn receipt(&self) -> Receipt {
        self.receipt.receipt()
    }

    /// As it came.
    pub fn signed(&self) -> &SignedReceipt {
        &self.receipt
    }

    /// Which gateway signed.
    pub fn gateway(&self) -> &Address {
        &self.gateway
    }

    /// Checks that it is about this ballot.
    pub fn covers(&self, ballot: &crate::VerifiedBallot) -> Result<(), Error> {
        match self.receipt.ballot_digest == ballot.digest() {
            true => Ok(()),
            false => Err(Error::field(
                Receipt::NAME,
                "ballotDigest",
                "the digest of the ballot",
            )),
        }
    }
}
