use zeroize::Zeroizing;

use super::common::{common, is_letter, is_mark, settle};
use super::digit::decimal;
use super::flaw::Flaw;
use super::fold::Folds;
use super::name::is_hyphen;
use super::script;

pub(super) fn document(value: &str) -> Result<Zeroizing<String>, Flaw> {
    let text = common(value, Folds::NONE, numero_as_space)?;
    script::check(&text, |c| !is_letter(c) && !is_mark(c))?;
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut separated = true;
    for c in text.chars() {
        separated = match decimal(c) {
            Some(digit) => {
                out.push(digit);
                false
            }
            None if is_separator(c) => true,
            None if is_mark(c) && separated => return Err(Flaw::StrayMark),
            None if is_letter(c) || is_mark(c) => {
                out.push(c);
                false
            }
            None => return Err(Flaw::UnexpectedCharacter),
        };
    }
    // Letters that a separator kept apart may compose.
    settle(out, Folds::NONE)
}

/// What people put between the parts of a number.
pub(super) fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '/' | '\\' | '.' | ',' | ':' | ';' | '_' | '#' | '(' | ')' | '·' | '|'
    ) || is_hyphen(c)
}

/// NFKC would make letters of the sign that only says that a number follows.
pub(super) fn numero_as_space(c: char) -> char {
    if c == '№' { ' ' } else { c }
}
