//! One form for every spelling of the same value.
//!
//! Every value goes the same way, whatever its kind:
//!
//! 1. Refused: control characters, bidirectional controls, private-use and unassigned
//!    code points, and U+FFFD, which says that the text was damaged before it came here.
//! 2. Default-ignorable characters (joiners, soft hyphens, variation selectors, fillers)
//!    are dropped; NFKC, full case folding (not Turkic), NFKC; what of that is
//!    default-ignorable is dropped, then the attribute's folds are applied. Dropping and
//!    folding can bring characters together that compose, so this is repeated until
//!    nothing changes.
//! 3. White space at the ends is dropped, any other run of it becomes one space.
//!    A combining mark with nothing to stand on is refused.
//! 4. What the kind asks for (see [`Kind`]).
//! 5. Scripts: each word meets UTS #39 *Highly Restrictive*: one script, or Latin beside
//!    one of Han with kana, Han with Bopomofo, Han with Hangul. The identifier profile of
//!    UTS #39 is not applied: names lawfully hold apostrophes, Hebrew points and the like.
//!
//! Nothing is transliterated, and nothing else is dropped: what a kind doesn't know, it
//! refuses. A value of which nothing is left is refused.

mod common;
mod digit;
mod document;
mod email;
mod flaw;
mod fold;
mod kind;
mod name;
mod numeric;
mod script;

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub use flaw::Flaw;
pub use fold::{Fold, Folds};
pub use kind::Kind;

/// The version of these rules. With [`UNICODE_VERSION`] it is part of every rule's ID.
pub const VERSION: u32 = 1;

/// The version of Unicode in the compiled tables: normalization, case folding,
/// properties and scripts alike.
pub const UNICODE_VERSION: (u8, u8, u8) = (18, 0, 0);

/// The longest value that is looked at, in bytes of UTF-8.
pub const MAX_VALUE_BYTES: usize = 4096;

/// The canonical form of one value: wiped when it goes, never shown.
pub struct Canonical(Zeroizing<String>);

impl Canonical {
    /// The form itself. Only match keys are made of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many characters (Unicode scalar values) it has.
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }
}

/// Brings `value` into its canonical form.
pub fn canonical(kind: Kind, folds: Folds, value: &str) -> Result<Canonical, Flaw> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(Flaw::TooBig);
    }
    let form = match kind {
        Kind::Name => name::name(value, folds)?,
        Kind::Text => name::text(value, folds)?,
        Kind::Date => numeric::date(value)?,
        Kind::Digits => numeric::digits(value)?,
        Kind::Phone => numeric::phone(value)?,
        Kind::Document => document::document(value)?,
        Kind::Email => email::email(value)?,
    };
    if form.is_empty() {
        return Err(Flaw::Empty);
    }
    Ok(Canonical(form))
}
