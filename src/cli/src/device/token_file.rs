use std::path::Path;

use serde::{Deserialize, Serialize};
use symbolon_election::{ElectionId, RollIndex, Signature, TokenPlaintext, VoterId};
use symbolon_voter::{ElectionKeys, Token};

use super::Paper;
use crate::{
    error::Error,
    files::{self, Access},
};

/// An opened token as a device keeps it. It holds the voter ID: for its owner's eyes alone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TokenFile {
    election: ElectionId,
    voter_id: VoterId,
    roll_index: RollIndex,
    signature: Signature,
    /// The number of the next ballot.
    pub next_sequence: u8,
}

impl TokenFile {
    /// A token with which nothing was cast.
    pub fn new(election: ElectionId, token: &Token) -> Self {
        Self {
            election,
            voter_id: token.voter_id(),
            roll_index: token.roll_index(),
            signature: *token.signature(),
            next_sequence: 0,
        }
    }

    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        files::read_json(path)
    }

    /// Writes the file.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        files::write_json(path, self, Access::Private)
    }

    /// Checks the token again.
    pub fn check(&self, keys: &ElectionKeys, paper: &Paper) -> Result<Token, Error> {
        if self.election != paper.election() {
            return Err(Error::unreadable("the token file", "of another election"));
        }
        let plaintext = TokenPlaintext {
            voter_id: self.voter_id,
            roll_index: self.roll_index,
            signature: self.signature,
        };
        Token::check(keys, paper.manifest(), paper.issuers(), plaintext)
            .map_err(|e| Error::unreadable("the token file", e))
    }
}
