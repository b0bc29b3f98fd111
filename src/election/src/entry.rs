//! Ledger entries: a tag byte, packed big-endian fields, signatures last.
//!
//! A statement is `tag ‖ signature count 1 ‖ abi.encode(struct) ‖ signatures`, with
//! Solidity's `abi.encode` of the one struct: [`Manifest`], which has dynamic fields,
//! starts with the offset word 0x20, the others are their words alone. A ballot is
//! `0x10 ‖ election 32 ‖ voterId 32 ‖ rollIndex 4 ‖ ballotKey 20 ‖ sequence 1 ‖
//! choice length 2 ‖ choice ‖ token signature 64 ‖ ballot signature 64`.
//!
//! There is one encoding of each entry; anything else is refused.

use sha2::{Digest as _, Sha256};
use symbolon_crypto::ecdsa::Address;

use crate::{
    Cancelled, Certified, Close, ElectionId, EntryHash, Error, IssuerRotation, Manifest, RollIndex,
    RollStatement, Signature, Statement, Typed, Unverified, UnverifiedBallot, VoterId,
};

/// The most bytes of an entry: what a tile of the log can hold.
pub const MAX_ENTRY: usize = u16::MAX as usize;
/// The most bytes of a choice on the embedded log.
pub const MAX_CHOICE: usize = 16 * 1024;

/// The tag of a ballot.
pub const BALLOT: u8 = 0x10;
const SIGNATURE: usize = 64;
const BEFORE_CHOICE: usize = 1 + 32 + 32 + 4 + 20 + 1 + 2;

/// A ledger entry, well formed, nothing checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Tag 0x01.
    Manifest(Unverified<Manifest>),
    /// Tag 0x02.
    RollStatement(Unverified<RollStatement>),
    /// Tag 0x03.
    IssuerRotation(Unverified<IssuerRotation>),
    /// Tag 0x04.
    Close(Unverified<Close>),
    /// Tag 0x05.
    Certified(Unverified<Certified>),
    /// Tag 0x06.
    Cancelled(Unverified<Cancelled>),
    /// Tag 0x10.
    Ballot(UnverifiedBallot),
}

/// RFC 6962 leaf hash: SHA-256 of `0x00` and the entry.
pub fn entry_hash(entry: &[u8]) -> EntryHash {
    let hash = Sha256::new()
        .chain_update([0])
        .chain_update(entry)
        .finalize();
    EntryHash::new(hash.into())
}

impl Entry {
    /// Reads an entry; whatever doesn't encode to the same bytes is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_ENTRY {
            return Err(Error::TooLong {
                what: "entry",
                limit: MAX_ENTRY,
            });
        }
        let (&tag, body) = bytes
            .split_first()
            .ok_or(Error::Truncated { what: "entry" })?;
        let entry = match tag {
            0x01 => Self::Manifest(decode_statement(body)?),
            0x02 => Self::RollStatement(decode_statement(body)?),
            0x03 => Self::IssuerRotation(decode_statement(body)?),
            0x04 => Self::Close(decode_statement(body)?),
            0x05 => Self::Certified(decode_statement(body)?),
            0x06 => Self::Cancelled(decode_statement(body)?),
            BALLOT => Self::Ballot(decode_ballot(body)?),
            other => return Err(Error::UnknownTag(other)),
        };
        match entry.encode() == bytes {
            true => Ok(entry),
            false => Err(Error::NotCanonical { what: "entry" }),
        }
    }

    /// Writes the entry.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Manifest(statement) => encode_statement(0x01, statement),
            Self::RollStatement(statement) => encode_statement(0x02, statement),
            Self::IssuerRotation(statement) => encode_statement(0x03, statement),
            Self::Close(statement) => encode_statement(0x04, statement),
            Self::Certified(statement) => encode_statement(0x05, statement),
            Self::Cancelled(statement) => encode_statement(0x06, statement),
            Self::Ballot(ballot) => encode_ballot(ballot),
        }
    }

    /// The entry's hash.
    pub fn hash(&self) -> EntryHash {
        entry_hash(&self.encode())
    }

    /// A statement of an election with its signatures. Proposals and verdicts are
    /// no ledger entries.
    pub fn from_statement(statement: Statement, signatures: Vec<Signature>) -> Result<Self, Error> {
        if signatures.len() > usize::from(u8::MAX) {
            return Err(Error::TooLong {
                what: "signatures",
                limit: 255,
            });
        }
        let entry = match statement {
            Statement::Manifest(statement) => Self::Manifest(Unverified {
                statement,
                signatures,
            }),
            Statement::RollStatement(statement) => Self::RollStatement(Unverified {
                statement,
                signatures,
            }),
            Statement::IssuerRotation(statement) => Self::IssuerRotation(Unverified {
                statement,
                signatures,
            }),
            Statement::Close(statement) => Self::Close(Unverified {
                statement,
                signatures,
            }),
            Statement::Certified(statement) => Self::Certified(Unverified {
                statement,
                signatures,
            }),
            Statement::Cancelled(statement) => Self::Cancelled(Unverified {
                statement,
                signatures,
            }),
            Statement::Proposal(_) | Statement::Verdict(_) => {
                return Err(Error::member(
                    "entry",
                    "statement",
                    "belongs to no election",
                ));
            }
        };
        Ok(entry)
    }

    /// The statement and its signatures; `None` for a ballot.
    pub fn statement(&self) -> Option<(Statement, &[Signature])> {
        Some(match self {
            Self::Manifest(u) => (Statement::Manifest(u.statement.clone()), &u.signatures),
            Self::RollStatement(u) => {
                (Statement::RollStatement(u.statement.clone()), &u.signatures)
            }
            Self::IssuerRotation(u) => (
                Statement::IssuerRotation(u.statement.clone()),
                &u.signatures,
            ),
            Self::Close(u) => (Statement::Close(u.statement.clone()), &u.signatures),
            Self::Certified(u) => (Statement::Certified(u.statement.clone()), &u.signatures),
            Self::Cancelled(u) => (Statement::Cancelled(u.statement.clone()), &u.signatures),
            Self::Ballot(_) => return None,
        })
    }

    /// The election it belongs to; `None` for a manifest, whose digest that is.
    pub fn election(&self) -> Option<ElectionId> {
        match self {
            Self::Manifest(_) => None,
            Self::RollStatement(u) => Some(u.statement.election),
            Self::IssuerRotation(u) => Some(u.statement.election),
            Self::Close(u) => Some(u.statement.election),
            Self::Certified(u) => Some(u.statement.election),
            Self::Cancelled(u) => Some(u.statement.election),
            Self::Ballot(ballot) => Some(ballot.election),
        }
    }
}

fn decode_statement<T: Typed>(body: &[u8]) -> Result<Unverified<T>, Error> {
    let truncated = Error::Truncated { what: T::NAME };
    let (&count, body) = body.split_first().ok_or(truncated.clone())?;
    let split = body
        .len()
        .checked_sub(usize::from(count) * SIGNATURE)
        .ok_or(truncated)?;
    let (statement, signatures) = body.split_at(split);
    let (signatures, _) = signatures.as_chunks::<SIGNATURE>();
    Ok(Unverified {
        statement: T::abi_decode(statement)?,
        signatures: signatures
            .iter()
            .map(|bytes| Signature::from_bytes(*bytes))
            .collect(),
    })
}

fn encode_statement<T: Typed>(tag: u8, unverified: &Unverified<T>) -> Vec<u8> {
    // More than 255 signatures can't be written; what is cut off fails to verify.
    let count = u8::try_from(unverified.signatures.len()).unwrap_or(u8::MAX);
    let mut bytes = vec![tag, count];
    bytes.extend_from_slice(&unverified.statement.abi_encode());
    for signature in &unverified.signatures[..usize::from(count)] {
        bytes.extend_from_slice(signature.as_bytes());
    }
    bytes
}

fn decode_ballot(body: &[u8]) -> Result<UnverifiedBallot, Error> {
    let mut reader = Reader(body);
    let election = ElectionId::new(reader.take()?);
    let voter_id = VoterId::new(reader.take()?);
    let roll_index = RollIndex(u32::from_be_bytes(reader.take()?));
    let ballot_key = Address::new(reader.take()?)
        .map_err(|_| Error::member("ballot", "ballotKey", "no address is zero"))?;
    let [sequence] = reader.take()?;
    let length = usize::from(u16::from_be_bytes(reader.take()?));
    if length > MAX_CHOICE {
        return Err(Error::TooLong {
            what: "choice",
            limit: MAX_CHOICE,
        });
    }
    let choice = reader.take_slice(length)?.to_vec();
    let token_signature = Signature::from_bytes(reader.take()?);
    let ballot_signature = Signature::from_bytes(reader.take()?);
    reader.end()?;
    Ok(UnverifiedBallot {
        election,
        voter_id,
        roll_index,
        ballot_key,
        sequence,
        choice,
        token_signature,
        ballot_signature,
    })
}

pub(crate) fn encode_ballot(ballot: &UnverifiedBallot) -> Vec<u8> {
    // A longer choice can't be written; what is cut off fails to verify.
    let length = u16::try_from(ballot.choice.len()).unwrap_or(u16::MAX);
    let choice = &ballot.choice[..usize::from(length)];
    let mut bytes = Vec::with_capacity(BEFORE_CHOICE + choice.len() + 2 * SIGNATURE);
    bytes.push(BALLOT);
    bytes.extend_from_slice(ballot.election.as_bytes());
    bytes.extend_from_slice(ballot.voter_id.as_bytes());
    bytes.extend_from_slice(&ballot.roll_index.0.to_be_bytes());
    bytes.extend_from_slice(ballot.ballot_key.as_bytes());
    bytes.push(ballot.sequence);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(choice);
    bytes.extend_from_slice(ballot.token_signature.as_bytes());
    bytes.extend_from_slice(ballot.ballot_signature.as_bytes());
    bytes
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(Error::Truncated { what: "ballot" })?;
        self.0 = rest;
        Ok(*head)
    }

    fn take_slice(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (head, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(Error::Truncated { what: "ballot" })?;
        self.0 = rest;
        Ok(head)
    }

    fn end(&self) -> Result<(), Error> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Error::NotCanonical { what: "ballot" }),
        }
    }
}
