use zeroize::Zeroizing;

use super::common::{common, is_letter};
use super::flaw::Flaw;
use super::fold::Folds;
use super::script;

pub(super) fn name(value: &str, folds: Folds) -> Result<Zeroizing<String>, Flaw> {
    let spelled = common(value, folds, accent_as_apostrophe)?;
    if spelled.is_empty() {
        return Err(Flaw::Empty);
    }
    let mut text = Zeroizing::new(String::with_capacity(spelled.len()));
    text.extend(spelled.chars().map(unify));
    if !text.chars().any(is_letter) {
        return Err(Flaw::NoLetter);
    }
    script::check(&text, |c| c == ' ' || c == '-')?;
    Ok(text)
}

pub(super) fn text(value: &str, folds: Folds) -> Result<Zeroizing<String>, Flaw> {
    let text = common(value, folds, |c| c)?;
    script::check(&text, |c| c == ' ' || is_hyphen(c))?;
    Ok(text)
}

/// Hyphens, and the dashes that are typed for them. The prolonged sound mark of kana is a
/// letter and stays.
pub(super) fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{58a}' | '\u{5be}' | '\u{1400}' | '\u{1806}' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{2e17}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{2e40}'
                | '\u{30a0}'
    )
}

fn unify(c: char) -> char {
    if is_apostrophe(c) {
        '\''
    } else if is_hyphen(c) {
        '-'
    } else {
        c
    }
}

/// Apostrophes, single quotation marks, primes, and the modifier letters and punctuation
/// of Hawaiian, Hebrew, Armenian, Ukrainian and transliterations that are typed alike.
fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{2b9}' | '\u{2bb}'
            ..='\u{2bf}'
                | '\u{2c8}'
                | '\u{2ca}'
                | '\u{2cb}'
                | '\u{55a}'
                | '\u{5f3}'
                | '\u{2018}'
                | '\u{2019}'
                | '\u{201b}'
                | '\u{2032}'
                | '\u{2035}'
                | '\u{a78c}'
    )
}

/// Accents that stand alone are typed for apostrophes. NFKC would make a space and a
/// combining mark of them.
fn accent_as_apostrophe(c: char) -> char {
    match c {
        '\u{b4}' | '\u{384}' | '\u{1fbd}' | '\u{1fbf}' | '\u{1ffd}' | '\u{1ffe}' => '\'',
        c => c,
    }
}
