//! What can go wrong; no message carries a key, a plaintext or a password.

use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value of fixed length came with another length.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// How many bytes the value has by definition.
        expected: usize,
        /// How many there were.
        got: usize,
    },
    /// Zero, or not below the order of the curve.
    #[error("not a secret key of secp256k1")]
    InvalidScalar,
    /// Not a signature of the curve, or nothing can be recovered from it.
    #[error("not a valid signature")]
    InvalidSignature,
    /// A signature whose `s` lies in the upper half of the order.
    #[error("a signature with high s")]
    HighS,
    /// The zero address, which nobody can hold.
    #[error("the zero address is never valid")]
    ZeroAddress,
    /// Not 40 hexadecimal digits, or mixed case with a wrong EIP-55 checksum.
    #[error(
        "not an address: 40 hexadecimal digits are wanted, in one case or with an EIP-55 checksum"
    )]
    InvalidAddress,
    /// Not lower- or upper-case hexadecimal of the wanted length.
    #[error("not hexadecimal of {expected} bytes")]
    InvalidHex {
        /// How many bytes are wanted.
        expected: usize,
    },
    /// A public key that no honest party holds.
    #[error("not a valid public key")]
    InvalidPublicKey,
    /// A wrong key, other associated data, or altered bytes: they can't be told apart.
    #[error("the sealed bytes don't open")]
    DoesNotOpen,
    /// Fewer than two of a secret's shares needed, or more than there are.
    #[error("a secret is shared among 2 to 255, and from 2 to all of them combine it")]
    InvalidSharing,
    /// Too few shares, or two of one number: they are shares of nothing.
    #[error("the shares don't combine")]
    DoNotCombine,
    /// More bytes than the construction takes.
    #[error("the input is too long")]
    TooLong,
    /// An Argon2id cost outside of what this software runs.
    #[error("an Argon2id {name} of {value} is outside {least} to {most}")]
    CostOutOfRange {
        /// Which cost.
        name: &'static str,
        /// What was asked for.
        value: u32,
        /// The least that is accepted.
        least: u32,
        /// The most that is accepted.
        most: u32,
    },
    /// A salt shorter than Argon2id takes.
    #[error("the salt is too short")]
    SaltTooShort,
    /// A file of secrets can't be used as it is.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: FileProblem,
    },
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The operating system said no.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A folder, a device, a socket.
    #[error("not a regular file")]
    NotAFile,
    /// Group or others may read or write it.
    #[error("mode {mode:04o} lets others in; it must be 0600 or 0400")]
    TooOpen {
        /// The permission bits.
        mode: u32,
    },
    /// It belongs to another user.
    #[error("it belongs to user {owner}, not to user {user} who runs this program")]
    ForeignOwner {
        /// Who owns it.
        owner: u32,
        /// Who runs the program.
        user: u32,
    },
    /// It doesn't have its exact length.
    #[error("it has {got} bytes and must have exactly {expected}")]
    Length {
        /// The exact length.
        expected: u64,
        /// The length found.
        got: u64,
    },
    /// It has more bytes than such a file may have.
    #[error("it has more than {most} bytes")]
    TooLong {
        /// The most that is read.
        most: u64,
    },
    /// A passphrase file that isn't text.
    #[error("it isn't UTF-8 text")]
    NotText,
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Its bytes are not a key of the wanted kind.
    #[error("its bytes are not a valid key")]
    InvalidKey,
}

impl Error {
    /// The problem with the file at `path`.
    pub fn file(path: &Path, problem: impl Into<FileProblem>) -> Self {
        Self::File {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }
}
