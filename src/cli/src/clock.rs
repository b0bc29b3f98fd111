//! Times as people write them, Unix seconds as statements hold them.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::error::Error;

/// Now, in Unix seconds.
#[allow(clippy::disallowed_methods, reason = "the program's one clock")]
pub fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// A point in time: RFC 3339, Unix seconds, or `+1h` from now.
pub fn parse_time(text: &str, now: u64) -> Result<u64, Error> {
    if let Some(span) = text.strip_prefix('+') {
        return parse_span(span)?
            .checked_add(now)
            .ok_or_else(|| unreadable(text, "too far away"));
    }
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(seconds);
    }
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| unreadable(text, "neither RFC 3339, nor Unix seconds, nor like +90m"))?;
    u64::try_from(time.unix_timestamp()).map_err(|_| unreadable(text, "before 1970"))
}

/// A span of time: seconds, or a number with s, m, h or d.
pub fn parse_span(text: &str) -> Result<u64, Error> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| unreadable(text, "not a span like 30s, 15m, 2h or 7d"))?;
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(unreadable(text, "the units are s, m, h and d")),
    };
    number
        .checked_mul(unit)
        .ok_or_else(|| unreadable(text, "too long"))
}

/// RFC 3339 in UTC; the bare number where no calendar holds it.
pub fn show_time(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok())
        .and_then(|t| t.format(&Rfc3339).ok())
        .unwrap_or_else(|| seconds.to_string())
}

fn unreadable(text: &str, problem: &str) -> Error {
    Error::unreadable(format!("time {text:?}"), problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_in_three_forms() {
        assert_eq!(parse_time("+90m", 1_000).unwrap(), 1_000 + 5_400);
        assert_eq!(parse_time("1793491200", 0).unwrap(), 1_793_491_200);
        assert_eq!(
            parse_time("2026-11-01T00:00:00+03:00", 0).unwrap(),
            1_793_480_400
        );
    }

    #[test]
    fn wrong_times_are_named() {
        for wrong in [
            "tomorrow",
            "+5y",
            "+",
            "-5",
            "1969-12-31T00:00:00Z",
            "+99999999999999999999d",
        ] {
            assert!(parse_time(wrong, 0).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_shown_as_it_can_be_read_again() {
        assert_eq!(
            parse_time(&show_time(1_793_480_400), 0).unwrap(),
            1_793_480_400
        );
        assert_eq!(show_time(u64::MAX), u64::MAX.to_string());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*", now in proptest::num::u64::ANY) {
            let _ = parse_time(&text, now);
            let _ = parse_span(&text);
        }
    }
}
