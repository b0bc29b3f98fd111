//! Statements of officers in an election: unverified, and verified.

use std::fmt;

use crate::officers;
use crate::{
    Address, Cancelled, Certified, Close, ElectionId, Error, IssuerRotation, RollStatement,
    Signature, Typed, VerifiedManifest,
};

/// A statement with signatures that nobody has checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Unverified<T> {
    /// What it says.
    pub statement: T,
    /// The officers' signatures, in ascending order of their addresses.
    pub signatures: Vec<Signature>,
}

impl<T: fmt::Debug> fmt::Debug for Unverified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Unverified({:?}, {} signatures)",
            self.statement,
            self.signatures.len()
        )
    }
}

/// A statement of this election that enough of its officers signed.
#[derive(Clone)]
pub struct Verified<T> {
    statement: T,
    signatures: Vec<Signature>,
    signers: Vec<Address>,
}

impl<T: fmt::Debug> fmt::Debug for Verified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Verified({:?}, {} signatures)",
            self.statement,
            self.signatures.len()
        )
    }
}

/// A statement that belongs to an election and that its officers sign.
pub trait OfficerStatement: Typed {
    /// The election.
    fn election(&self) -> ElectionId;

    /// Checks the rules that the statement alone can break.
    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl<T: OfficerStatement> Unverified<T> {
    /// Checks election, officers' signatures and rules. What only the ledger can
    /// tell (time, order, what came first) is not checked here.
    pub fn verify(self, manifest: &VerifiedManifest) -> Result<Verified<T>, Error> {
        let Self {
            statement,
            signatures,
        } = self;
        if statement.election() != manifest.election() {
            return Err(Error::OtherElection { what: T::NAME });
        }
        let digest = statement.digest(manifest.domain());
        let signers = officers::verify(
            T::NAME,
            &digest,
            &signatures,
            &manifest.manifest().officers,
            manifest.manifest().threshold,
        )?;
        statement.validate()?;
        Ok(Verified {
            statement,
            signatures,
            signers,
        })
    }
}

impl<T: Clone> Verified<T> {
    /// The statement.
    pub fn statement(&self) -> &T {
        &self.statement
    }

    /// Who signed, ascending.
    pub fn signers(&self) -> &[Address] {
        &self.signers
    }

    /// As it came, to be written out again.
    pub fn to_unverified(&self) -> Unverified<T> {
        Unverified {
            statement: self.statement.clone(),
            signatures: self.signatures.clone(),
        }
    }
}

impl OfficerStatement for RollStatement {
    fn election(&self) -> ElectionId {
        self.election
    }
}

impl OfficerStatement for IssuerRotation {
    fn election(&self) -> ElectionId {
        self.election
    }

    fn validate(&self) -> Result<(), Error> {
        match self.current == self.next {
            true => Err(Error::field(Self::NAME, "next", "never used before")),
            false => Ok(()),
        }
    }
}

impl OfficerStatement for Close {
    fn election(&self) -> ElectionId {
        self.election
    }
}

impl OfficerStatement for Certified {
    fn election(&self) -> ElectionId {
        self.election
    }
}

impl OfficerStatement for Cancelled {
    fn election(&self) -> ElectionId {
        self.election
    }
}
