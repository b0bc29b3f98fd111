//! Why something was refused.

/// Why a statement, an entry, a file or a value was refused. Names the thing and
/// the rule; never repeats what was in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes have another length than the thing has.
    #[error("{what}: {got} bytes, not {expected}")]
    Length {
        /// The thing.
        what: &'static str,
        /// How long it is.
        expected: usize,
        /// How long the bytes are.
        got: usize,
    },
    /// More bytes than the thing may have.
    #[error("{what}: longer than {limit} bytes")]
    TooLong {
        /// The thing.
        what: &'static str,
        /// How many it may have.
        limit: usize,
    },
    /// Fewer bytes than the thing needs.
    #[error("{what}: ends too early")]
    Truncated {
        /// The thing.
        what: &'static str,
    },
    /// The bytes aren't the one encoding of what they say.
    #[error("{what}: not the canonical encoding")]
    NotCanonical {
        /// The thing.
        what: &'static str,
    },
    /// Not hexadecimal, or not in the expected form.
    #[error("{what}: not lower-case hexadecimal of the right length")]
    NotHex {
        /// The thing.
        what: &'static str,
    },
    /// The first byte of an entry names no kind of entry.
    #[error("entry: unknown tag 0x{0:02x}")]
    UnknownTag(u8),
    /// A field breaks a rule of its statement.
    #[error("{statement}.{field}: {rule}")]
    Field {
        /// The statement.
        statement: &'static str,
        /// The field, as the statement's type names it.
        field: &'static str,
        /// What it should be.
        rule: &'static str,
    },
    /// A value that is reserved and not built yet.
    #[error("Manifest.{field}: {value} is not supported yet")]
    NotBuilt {
        /// The field of the manifest.
        field: &'static str,
        /// The value by its name.
        value: &'static str,
    },
    /// A signature is malformed, has a high s, or recovers to nobody.
    #[error("{what}: invalid signature")]
    Signature {
        /// What was signed.
        what: &'static str,
    },
    /// A good signature of somebody else.
    #[error("{what}: signed by somebody else")]
    Signer {
        /// What was signed.
        what: &'static str,
    },
    /// Too few officers signed.
    #[error("{what}: {got} officers signed, {threshold} are needed")]
    TooFewSignatures {
        /// What was signed.
        what: &'static str,
        /// How many signed.
        got: usize,
        /// How many are needed.
        threshold: u8,
    },
    /// Officers' signatures are not in strictly ascending order of their addresses.
    #[error("{what}: signatures are not in ascending order of the officers' addresses")]
    SignatureOrder {
        /// What was signed.
        what: &'static str,
    },
    /// The statement belongs to another election.
    #[error("{what}: of another election")]
    OtherElection {
        /// The thing.
        what: &'static str,
    },
    /// An entry of another kind.
    #[error("not an entry of {wanted}")]
    OtherStatement {
        /// The statement that belongs there.
        wanted: &'static str,
    },
    /// The manifest isn't what the trust file or the pinned election ID names.
    #[error("manifest: {0}")]
    NotTrusted(&'static str),
    /// A choice that doesn't fit the questions.
    #[error("choice, question {question}: {rule}")]
    Choice {
        /// The question, from 1.
        question: usize,
        /// What it should be.
        rule: &'static str,
    },
    /// Not JSON, or JSON of another form.
    #[error("{what}: {message}, line {line}, column {column}")]
    Json {
        /// The file.
        what: &'static str,
        /// What is wrong, without values.
        message: &'static str,
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// A member of a JSON file breaks a rule.
    #[error("{what}, {member}: {rule}")]
    Member {
        /// The file.
        what: &'static str,
        /// The member.
        member: &'static str,
        /// What it should be.
        rule: &'static str,
    },
}

impl Error {
    pub(crate) const fn field(
        statement: &'static str,
        field: &'static str,
        rule: &'static str,
    ) -> Self {
        Self::Field {
            statement,
            field,
            rule,
        }
    }

    pub(crate) const fn member(
        what: &'static str,
        member: &'static str,
        rule: &'static str,
    ) -> Self {
        Self::Member { what, member, rule }
    }
}
