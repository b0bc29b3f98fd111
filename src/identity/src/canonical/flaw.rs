use thiserror::Error;

/// What is wrong with a value. Never holds any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Flaw {
    /// An attribute that the schema doesn't have.
    #[error("not an attribute of this installation's schema")]
    Unknown,
    /// An attribute given twice.
    #[error("given more than once")]
    Repeated,
    /// An attribute that every request must carry is absent.
    #[error("required, but absent")]
    Missing,
    /// Nothing, or nothing but characters that don't count.
    #[error("empty; leave the attribute out if there is no value")]
    Empty,
    /// More bytes than are looked at.
    #[error("too many bytes")]
    TooBig,
    /// Fewer characters than the schema allows.
    #[error("too short: at least {least} characters")]
    TooShort {
        /// The bound.
        least: u16,
    },
    /// More characters than the schema allows.
    #[error("too long: at most {most} characters")]
    TooLong {
        /// The bound.
        most: u16,
    },
    /// A control character, such as NUL, tab or line feed.
    #[error("holds a control character")]
    Control,
    /// A character that only changes the direction of text.
    #[error("holds a bidirectional control character")]
    Bidi,
    /// A private-use code point.
    #[error("holds a private-use code point")]
    PrivateUse,
    /// A code point that Unicode hasn't assigned, or never will.
    #[error("holds an unassigned code point")]
    Unassigned,
    /// U+FFFD: the text was decoded wrongly before it came here.
    #[error("holds U+FFFD: the text was damaged before it came here")]
    Damaged,
    /// A combining mark at the start, after a space or after a separator.
    #[error("holds a combining mark with no character to stand on")]
    StrayMark,
    /// A word that mixes scripts.
    #[error("mixes scripts within a word, such as a Latin letter in a Cyrillic word")]
    MixedScripts,
    /// A name without a letter.
    #[error("a name needs at least one letter")]
    NoLetter,
    /// A character that this kind of attribute doesn't have.
    #[error("holds a character that does not belong in an attribute of this kind")]
    UnexpectedCharacter,
    /// Not an ISO 8601 calendar date.
    #[error("not a date of the form YYYY-MM-DD")]
    NotADate,
    /// A date that the calendar doesn't have.
    #[error("no such day in the calendar")]
    NoSuchDay,
    /// A year that nobody's papers show.
    #[error("a year before 1800 or after 2199")]
    ImplausibleYear,
    /// Not an address of the form `local@domain`.
    #[error("not an email address")]
    NotAnEmail,
    /// A domain label in its ASCII disguise.
    #[error("write the domain in its own letters, not as xn--")]
    EncodedDomain,
    /// Not an international number.
    #[error("not an international number: + and 7 to 15 digits, without a trunk (0)")]
    NotAPhone,
    /// The repeated steps came to no end.
    #[error("has no stable form")]
    Unstable,
}

impl Flaw {
    /// A stable word for programs.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN_ATTRIBUTE",
            Self::Repeated => "REPEATED",
            Self::Missing => "MISSING",
            Self::Empty => "EMPTY",
            Self::TooBig | Self::TooLong { .. } => "TOO_LONG",
            Self::TooShort { .. } => "TOO_SHORT",
            Self::Control | Self::Bidi | Self::PrivateUse | Self::Unassigned => {
                "FORBIDDEN_CHARACTER"
            }
            Self::Damaged => "DAMAGED_TEXT",
            Self::StrayMark => "STRAY_MARK",
            Self::MixedScripts => "MIXED_SCRIPTS",
            Self::NoLetter => "NO_LETTER",
            Self::UnexpectedCharacter => "UNEXPECTED_CHARACTER",
            Self::NotADate | Self::NoSuchDay | Self::ImplausibleYear => "INVALID_DATE",
            Self::NotAnEmail | Self::EncodedDomain => "INVALID_EMAIL",
            Self::NotAPhone => "INVALID_PHONE",
            Self::Unstable => "UNSTABLE",
        }
    }
}
