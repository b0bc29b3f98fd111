//! The steps that every kind shares.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use zeroize::Zeroizing;

use super::flaw::Flaw;
use super::fold::Folds;

/// Real text settles in one round or two.
const ROUNDS: usize = 8;

/// Refuses, settles, collapses white space, and refuses stray marks. `before` replaces
/// characters that compatibility normalization would change beyond recognition.
pub(super) fn common(
    value: &str,
    folds: Folds,
    before: impl Fn(char) -> char,
) -> Result<Zeroizing<String>, Flaw> {
    value.chars().try_for_each(admissible)?;
    let mut text = buffer(value.len());
    text.extend(decompose(value).chars().map(before));
    let text = collapse(&settle(text, folds)?);
    if stray_mark(&text) {
        return Err(Flaw::StrayMark);
    }
    Ok(text)
}

/// NFKC, full case folding, NFKC, no default-ignorable characters, folds: until nothing
/// changes.
pub(super) fn settle(text: Zeroizing<String>, folds: Folds) -> Result<Zeroizing<String>, Flaw> {
    let mut text = text;
    if text.is_ascii() {
        text.make_ascii_lowercase();
        return Ok(text);
    }
    for _ in 0..ROUNDS {
        let next = round(&text, folds);
        if *next == *text {
            return Ok(text);
        }
        text = next;
    }
    Err(Flaw::Unstable)
}

pub(super) fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

pub(super) fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphabetic()
    } else {
        GeneralCategoryGroup::Letter.contains(category(c))
    }
}

pub(super) fn is_mark(c: char) -> bool {
    !c.is_ascii() && GeneralCategoryGroup::Mark.contains(category(c))
}

/// An empty text with room for what normalization usually adds, so that it seldom moves
/// and leaves copies behind.
pub(super) fn buffer(len: usize) -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(3 * len + 32))
}

fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn admissible(c: char) -> Result<(), Flaw> {
    if (' '..='~').contains(&c) {
        return Ok(());
    }
    if CodePointSetData::new::<BidiControl>().contains(c) {
        return Err(Flaw::Bidi);
    }
    match category(c) {
        GeneralCategory::Control => Err(Flaw::Control),
        GeneralCategory::PrivateUse => Err(Flaw::PrivateUse),
        GeneralCategory::Unassigned => Err(Flaw::Unassigned),
        _ if c == char::REPLACEMENT_CHARACTER => Err(Flaw::Damaged),
        _ => Ok(()),
    }
}

fn round(text: &str, folds: Folds) -> Zeroizing<String> {
    let normalized = nfkc(text);
    let folded = match CaseMapper::new().fold_string(&normalized) {
        std::borrow::Cow::Borrowed(_) => normalized,
        std::borrow::Cow::Owned(folded) => nfkc(&Zeroizing::new(folded)),
    };
    let mut folded = folded;
    folded.retain(|c| !is_ignorable(c));
    folds.apply(&mut folded);
    folded
}

/// Without default-ignorable characters, which would keep marks from being put in order, and
/// decomposed, so that a character is replaced alone and under a mark alike.
fn decompose(value: &str) -> Zeroizing<String> {
    let (mut kept, mut out) = (buffer(value.len()), buffer(value.len()));
    kept.extend(value.chars().filter(|c| !is_ignorable(*c)));
    DecomposingNormalizerBorrowed::new_nfd()
        .normalize_to(&kept, &mut *out)
        .expect("writing to a string never fails");
    out
}

fn nfkc(text: &str) -> Zeroizing<String> {
    let mut out = buffer(text.len());
    ComposingNormalizerBorrowed::new_nfkc()
        .normalize_to(text, &mut *out)
        .expect("writing to a string never fails");
    out
}

fn collapse(text: &str) -> Zeroizing<String> {
    let space = CodePointSetData::new::<WhiteSpace>();
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut pending = false;
    for c in text.chars() {
        if if c.is_ascii() {
            c == ' '
        } else {
            space.contains(c)
        } {
            pending = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut pending) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

fn stray_mark(text: &str) -> bool {
    let mut before = ' ';
    text.chars()
        .any(|c| std::mem::replace(&mut before, c) == ' ' && is_mark(c))
}
