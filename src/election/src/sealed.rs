//! What lies inside of sealed requests and tokens.

use crate::{
    Address, BallotKey, DeliveryKey, Domain, ElectionId, Error, IssueRequest, RollIndex, Signature,
    Typed, VoterId, VotingToken, officers,
};

/// What a device seals to the election's request key:
/// `delivery key 32 ‖ signature 64`. No `Debug`: whoever reads logs must not learn
/// which device asked.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestPlaintext {
    /// Where the token shall be sealed to.
    pub delivery_key: DeliveryKey,
    /// The ballot key's signature of the [`IssueRequest`].
    pub signature: Signature,
}

impl RequestPlaintext {
    /// How many bytes there are.
    pub const LENGTH: usize = 96;

    /// Writes the bytes.
    pub fn encode(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..32].copy_from_slice(self.delivery_key.as_bytes());
        bytes[32..].copy_from_slice(self.signature.as_bytes());
        bytes
    }

    /// Reads the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let exact: &[u8; Self::LENGTH] = exact(IssueRequest::NAME, bytes)?;
        let (delivery_key, signature) = exact.split_at(32);
        Ok(Self {
            delivery_key: DeliveryKey::from_slice(delivery_key)?,
            signature: signature_of(IssueRequest::NAME, signature)?,
        })
    }

    /// The ballot key that signed the request for this election.
    pub fn ballot_key(&self, election: ElectionId, domain: &Domain) -> Result<BallotKey, Error> {
        let request = IssueRequest {
            election,
            delivery_key: self.delivery_key,
        };
        officers::recover(IssueRequest::NAME, &request.digest(domain), &self.signature)
    }
}

/// What the vault seals to a device's delivery key:
/// `voterId 32 ‖ rollIndex 4 ‖ signature 64`.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenPlaintext {
    /// The voter ID.
    pub voter_id: VoterId,
    /// Its place in the roll.
    pub roll_index: RollIndex,
    /// The issuer's signature of the [`VotingToken`].
    pub signature: Signature,
}

impl TokenPlaintext {
    /// How many bytes there are.
    pub const LENGTH: usize = 100;

    /// Writes the bytes.
    pub fn encode(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..32].copy_from_slice(self.voter_id.as_bytes());
        bytes[32..36].copy_from_slice(&self.roll_index.0.to_be_bytes());
        bytes[36..].copy_from_slice(self.signature.as_bytes());
        bytes
    }

    /// Reads the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let exact: &[u8; Self::LENGTH] = exact(VotingToken::NAME, bytes)?;
        let (voter_id, rest) = exact.split_at(32);
        let (roll_index, signature) = rest.split_at(4);
        let roll_index = roll_index.try_into().expect("split at 4");
        Ok(Self {
            voter_id: VoterId::from_slice(voter_id)?,
            roll_index: RollIndex(u32::from_be_bytes(roll_index)),
            signature: signature_of(VotingToken::NAME, signature)?,
        })
    }

    /// The token it stands for.
    pub fn token(&self, election: ElectionId, ballot_key: BallotKey) -> VotingToken {
        VotingToken {
            election,
            voter_id: self.voter_id,
            roll_index: self.roll_index,
            ballot_key,
        }
    }

    /// Who signed the token for this ballot key.
    pub fn issuer(
        &self,
        election: ElectionId,
        ballot_key: BallotKey,
        domain: &Domain,
    ) -> Result<Address, Error> {
        let digest = self.token(election, ballot_key).digest(domain);
        officers::recover(VotingToken::NAME, &digest, &self.signature)
    }
}

fn exact<'a, const N: usize>(what: &'static str, bytes: &'a [u8]) -> Result<&'a [u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Length {
        what,
        expected: N,
        got: bytes.len(),
    })
}

fn signature_of(what: &'static str, bytes: &[u8]) -> Result<Signature, Error> {
    Signature::from_slice(bytes).map_err(|_| Error::Signature { what })
}
