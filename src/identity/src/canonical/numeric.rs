use zeroize::Zeroizing;

use super::common::common;
use super::digit::decimal;
use super::document::{is_separator, numero_as_space};
use super::flaw::Flaw;
use super::fold::Folds;
use super::name::is_hyphen;

const YEARS: std::ops::RangeInclusive<u32> = 1800..=2199;
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

pub(super) fn digits(value: &str) -> Result<Zeroizing<String>, Flaw> {
    only_digits(&common(value, Folds::NONE, numero_as_space)?)
}

pub(super) fn phone(value: &str) -> Result<Zeroizing<String>, Flaw> {
    let text = common(value, Folds::NONE, |c| c)?;
    if text.is_empty() {
        return Err(Flaw::Empty);
    }
    let national = text.strip_prefix('+').ok_or(Flaw::NotAPhone)?;
    let digits = only_digits(national)?;
    if national.contains("(0)") || digits.starts_with('0') || !PHONE_DIGITS.contains(&digits.len())
    {
        return Err(Flaw::NotAPhone);
    }
    let mut out = Zeroizing::new(String::with_capacity(digits.len() + 1));
    out.push('+');
    out.push_str(&digits);
    Ok(out)
}

pub(super) fn date(value: &str) -> Result<Zeroizing<String>, Flaw> {
    let text = common(value, Folds::NONE, |c| c)?;
    if text.is_empty() {
        return Err(Flaw::Empty);
    }
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    plain.extend(
        text.chars()
            .map(|c| decimal(c).unwrap_or(if is_hyphen(c) { '-' } else { c })),
    );
    let (year, month, day) = split_date(&plain).ok_or(Flaw::NotADate)?;
    let [y, m, d] = [year, month, day].map(number);
    if !YEARS.contains(&y) {
        return Err(Flaw::ImplausibleYear);
    }
    if !(1..=12).contains(&m) || !(1..=days(y, m)).contains(&d) {
        return Err(Flaw::NoSuchDay);
    }
    Ok(Zeroizing::new([year, "-", month, "-", day].concat()))
}

/// The digits, without separators.
fn only_digits(text: &str) -> Result<Zeroizing<String>, Flaw> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        match decimal(c) {
            Some(digit) => out.push(digit),
            None if is_separator(c) => {}
            None => return Err(Flaw::UnexpectedCharacter),
        }
    }
    Ok(out)
}

/// The two forms of ISO 8601, extended and basic: eight digits, or the same with hyphens.
fn split_date(text: &str) -> Option<(&str, &str, &str)> {
    let parts = match text.len() {
        10 if text.get(4..5)? == "-" && text.get(7..8)? == "-" => {
            (text.get(..4)?, text.get(5..7)?, text.get(8..)?)
        }
        8 => (text.get(..4)?, text.get(4..6)?, text.get(6..)?),
        _ => return None,
    };
    let all = [parts.0, parts.1, parts.2];
    all.iter()
        .all(|part| part.bytes().all(|b| b.is_ascii_digit()))
        .then_some(parts)
}

/// Of at most four ASCII digits.
fn number(digits: &str) -> u32 {
    digits.bytes().fold(0, |n, b| n * 10 + u32::from(b - b'0'))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}
