//! Ballots: as they come, and checked.

use crate::entry::{MAX_CHOICE, encode_ballot, entry_hash};
use crate::{
    Address, Ballot, BallotKey, Digest, ElectionId, EntryHash, Error, RollIndex, Selections,
    Signature, Typed, VerifiedManifest, VoterId, VotingToken, officers,
};

/// A ballot with its token as it comes from outside: the fields of its ledger entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedBallot {
    /// The election.
    pub election: ElectionId,
    /// The voter ID.
    pub voter_id: VoterId,
    /// Its place in the roll.
    pub roll_index: RollIndex,
    /// The key that signed the ballot.
    pub ballot_key: BallotKey,
    /// From 0; the highest counts.
    pub sequence: u8,
    /// The choice.
    pub choice: Vec<u8>,
    /// The issuer's signature of the token.
    pub token_signature: Signature,
    /// The ballot key's signature of the ballot.
    pub ballot_signature: Signature,
}

impl UnverifiedBallot {
    /// The token that the issuer signed.
    pub fn token(&self) -> VotingToken {
        VotingToken {
            election: self.election,
            voter_id: self.voter_id,
            roll_index: self.roll_index,
            ballot_key: self.ballot_key,
        }
    }

    /// The ballot that the ballot key signed.
    pub fn ballot(&self) -> Ballot {
        Ballot {
            election: self.election,
            voter_id: self.voter_id,
            choice: self.choice.clone(),
            sequence: self.sequence,
        }
    }

    /// The ledger entry.
    pub fn to_entry(&self) -> Vec<u8> {
        encode_ballot(self)
    }

    /// Checks both signatures, the choice and the sequence. Whose signature the
    /// token's is, [`VerifiedBallot::issuer`] tells; whether that is an issuer of the
    /// election, whether the voter ID stands at its roll place, and whether the
    /// ballot is in time, only the ledger can tell.
    pub fn verify(self, manifest: &VerifiedManifest) -> Result<VerifiedBallot, Error> {
        if self.election != manifest.election() {
            return Err(Error::OtherElection { what: Ballot::NAME });
        }
        if self.choice.len() > MAX_CHOICE {
            return Err(Error::TooLong {
                what: "choice",
                limit: MAX_CHOICE,
            });
        }
        if self.sequence >= manifest.manifest().max_ballots {
            return Err(Error::field(
                Ballot::NAME,
                "sequence",
                "less than maxBallots",
            ));
        }
        let selections = Selections::parse(&self.choice, manifest.shape())?;
        let digest = self.ballot().digest(manifest.domain());
        if officers::recover(Ballot::NAME, &digest, &self.ballot_signature)? != self.ballot_key {
            return Err(Error::Signer { what: Ballot::NAME });
        }
        let token = self.token().digest(manifest.domain());
        let issuer = officers::recover(VotingToken::NAME, &token, &self.token_signature)?;
        let entry_hash = entry_hash(&self.to_entry());
        Ok(VerifiedBallot {
            ballot: self,
            selections,
            issuer,
            digest,
            entry_hash,
        })
    }
}

/// A ballot of this election whose signatures and choice are good.
#[derive(Clone, Debug)]
pub struct VerifiedBallot {
    ballot: UnverifiedBallot,
    selections: Selections,
    issuer: Address,
    digest: Digest,
    entry_hash: EntryHash,
}

impl VerifiedBallot {
    /// Its fields.
    pub fn fields(&self) -> &UnverifiedBallot {
        &self.ballot
    }

    /// What was chosen.
    pub fn selections(&self) -> &Selections {
        &self.selections
    }

    /// Who signed the token; whether that is an issuer is for the caller to check.
    pub fn issuer(&self) -> &Address {
        &self.issuer
    }

    /// The ballot's digest, which its receipt names.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The hash of its ledger entry.
    pub fn entry_hash(&self) -> EntryHash {
        self.entry_hash
    }

    /// By what a batch is sorted on the ledger: roll index, sequence, entry hash.
    pub fn batch_order(&self) -> (RollIndex, u8, EntryHash) {
        (
            self.ballot.roll_index,
            self.ballot.sequence,
            self.entry_hash,
        )
    }
}
