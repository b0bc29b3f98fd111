//! Why a device refuses.

/// What went wrong on a device. Never holds a key, a choice or a word of the code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Words that are no recovery code.
    #[error("recovery code: {0}")]
    RecoveryCode(&'static str),
    /// The seed gives no key for this election; of 2¹²⁷ seeds not one does that.
    #[error("this recovery code gives no ballot key for this election")]
    NoKey,
    /// The keys are those of another election.
    #[error("these keys belong to another election")]
    OtherElection,
    /// Neither a trust file nor a pinned election ID stands behind the manifest.
    #[error("nobody vouches for this election: no trust file, no pinned election ID")]
    NotTrusted,
    /// The election hasn't opened.
    #[error("the election has not opened")]
    NotOpen,
    /// The election has closed.
    #[error("the election has closed")]
    Closed,
    /// The manifest's request key takes no message.
    #[error("the election's request key is not usable")]
    RequestKey,
    /// The token was sealed for another key, or altered.
    #[error("the token does not open: it was sealed for another device or altered")]
    DoesNotOpen,
    /// The token's signature isn't an issuer's.
    #[error("the token was not signed by an issuer of this election for this device")]
    Issuer,
    /// The token is for another voter ID than the roll has at its place.
    #[error("the token's voter ID does not stand at its place in the roll")]
    NotInRoll,
    /// A statement, choice or receipt breaks a rule.
    #[error(transparent)]
    Election(#[from] symbolon_election::Error),
}
