use zeroize::Zeroizing;

use super::common::{common, is_letter, is_mark};
use super::digit::decimal;
use super::flaw::Flaw;
use super::fold::Folds;
use super::script;

const LOCAL_CHARS: usize = 64;
const LABEL_CHARS: usize = 63;

pub(super) fn email(value: &str) -> Result<Zeroizing<String>, Flaw> {
    let text = common(value, Folds::NONE, |c| c)?;
    if text.is_empty() {
        return Err(Flaw::Empty);
    }
    script::check(&text, |c| !is_letter(c) && !is_mark(c))?;
    let (local, domain) = text.split_once('@').ok_or(Flaw::NotAnEmail)?;
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    out.push_str(local);
    out.push('@');
    // The full stop of Chinese and Japanese, as in internationalized domain names.
    out.extend(
        domain
            .chars()
            .map(|c| if c == '\u{3002}' { '.' } else { c }),
    );
    let domain = out.get(local.len() + 1..).unwrap_or_default();
    if !is_local(local) || !is_domain(domain) {
        return Err(Flaw::NotAnEmail);
    }
    if domain.split('.').any(|label| label.starts_with("xn--")) {
        return Err(Flaw::EncodedDomain);
    }
    Ok(out)
}

fn is_local(local: &str) -> bool {
    local.chars().count() <= LOCAL_CHARS
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom) && !starts_with_mark(atom))
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.') && domain.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_CHARS).contains(&label.chars().count())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !starts_with_mark(label)
        && label.chars().all(|c| c == '-' || is_alphanumeric(c))
}

/// RFC 5322 `atext`, and letters, marks and digits of any script (RFC 6531).
fn is_atom(c: char) -> bool {
    matches!(
        c,
        '!' | '#'
            | '$'
            | '%'
            | '&'
            | '\''
            | '*'
            | '+'
            | '-'
            | '/'
            | '='
            | '?'
            | '^'
            | '_'
            | '`'
            | '{'
            | '|'
            | '}'
            | '~'
    ) || is_alphanumeric(c)
}

fn is_alphanumeric(c: char) -> bool {
    is_letter(c) || is_mark(c) || decimal(c).is_some()
}

fn starts_with_mark(text: &str) -> bool {
    text.starts_with(is_mark)
}
