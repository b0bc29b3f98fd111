use std::fmt;

use serde::{Deserialize, Serialize};

/// What an attribute holds, and thereby how its spellings are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person's name. Apostrophes and what is typed for them become `'`, hyphens and
    /// dashes become `-`; at least one letter. Words end at white space and hyphens, so
    /// that each half of a double name may have a script of its own.
    Name,
    /// A calendar date, ISO 8601: `YYYY-MM-DD` or `YYYYMMDD`, years 1800 to 2199, digits of
    /// any script.
    Date,
    /// A document's number: letters and digits. Separators (white space, hyphens,
    /// `/ \ . , : ; _ # ( ) · |` and `№`) are dropped, decimal digits of any script become
    /// ASCII. Anything else is refused. Each run of letters is a word, and is judged before
    /// the separators go: `IV-АБ` with a Latin `IV` passes, one run that mixes them doesn't.
    Document,
    /// Digits alone, such as a tax number; separators as in documents.
    Digits,
    /// An email address: letters of any script and the signs that RFC 5322 allows unquoted,
    /// one `@`, a domain of at least two labels in its own letters. Folded in full like
    /// everything else, the part before the `@` too. Nothing is resolved or guessed: dots
    /// and `+tags` stay.
    Email,
    /// A telephone number in international form: `+` and 7 to 15 digits. Separators are
    /// dropped.
    Phone,
    /// Any other text.
    Text,
}

impl Kind {
    /// The word that stands for it in schemas, and in rule IDs and match keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Date => "date",
            Self::Document => "document",
            Self::Digits => "digits",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Text => "text",
        }
    }

    /// The least and most characters of a canonical value, unless the schema narrows them.
    pub fn length(self) -> (u16, u16) {
        match self {
            Self::Name => (1, 256),
            Self::Date => (10, 10),
            Self::Document => (3, 64),
            Self::Digits => (3, 64),
            Self::Email => (3, 254),
            Self::Phone => (8, 16),
            Self::Text => (1, 512),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
