//! Opening a token.

use symbolon_crypto::hpke::OVERHEAD;
use symbolon_crypto::labels;
use symbolon_election::{
    Address, Issuers, RollIndex, Signature, TokenPlaintext, VerifiedManifest, VoterId, VotingToken,
};

use crate::{ElectionKeys, Error};

/// The length of every sealed token.
pub const SEALED_TOKEN: usize = TokenPlaintext::LENGTH + OVERHEAD;

/// A token that an issuer of the election signed for this device's ballot key.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    plaintext: TokenPlaintext,
    token: VotingToken,
    issuer: Address,
}

/// Opens a sealed token and checks that an issuer of the election, the present one
/// or an earlier one, signed it for this device's ballot key.
pub fn open_token(
    keys: &ElectionKeys,
    manifest: &VerifiedManifest,
    issuers: &Issuers,
    sealed: &[u8],
) -> Result<Token, Error> {
    keys.check(manifest.election())?;
    let election = manifest.election();
    let opened = keys
        .delivery
        .open(labels::VOTING_TOKEN, election.as_bytes(), sealed)
        .map_err(|_| Error::DoesNotOpen)?;
    let plaintext = TokenPlaintext::parse(opened.expose())?;
    Token::check(keys, manifest, issuers, plaintext)
}

impl Token {
    /// Checks an opened token again, as a device does that kept it.
    pub fn check(
        keys: &ElectionKeys,
        manifest: &VerifiedManifest,
        issuers: &Issuers,
        plaintext: TokenPlaintext,
    ) -> Result<Self, Error> {
        keys.check(manifest.election())?;
        let (election, ballot_key) = (manifest.election(), keys.ballot_key());
        let issuer = plaintext
            .issuer(election, ballot_key, manifest.domain())
            .map_err(|_| Error::Issuer)?;
        if !issuers.knows(&issuer) {
            return Err(Error::Issuer);
        }
        let token = plaintext.token(election, ballot_key);
        Ok(Self {
            plaintext,
            token,
            issuer,
        })
    }

    /// Checks that the roll has the token's voter ID at the token's place: `leaf` is
    /// the roll's leaf there.
    pub fn check_place(&self, leaf: &VoterId) -> Result<(), Error> {
        match *leaf == self.token.voter_id {
            true => Ok(()),
            false => Err(Error::NotInRoll),
        }
    }

    /// The place in the roll.
    pub fn roll_index(&self) -> RollIndex {
        self.token.roll_index
    }

    /// The voter ID.
    pub fn voter_id(&self) -> VoterId {
        self.token.voter_id
    }

    /// Who signed it.
    pub fn issuer(&self) -> &Address {
        &self.issuer
    }

    /// What was signed.
    pub fn token(&self) -> &VotingToken {
        &self.token
    }

    /// The issuer's signature.
    pub fn signature(&self) -> &Signature {
        &self.plaintext.signature
    }

    /// For keeping it on the device; [`Token::check`] reads it again.
    pub fn plaintext(&self) -> &TokenPlaintext {
        &self.plaintext
    }
}
