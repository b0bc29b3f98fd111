//! Text for terminals: cleaned, cut and filled by the columns that it takes.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Keeps right-to-left text from moving what stands beside it.
const ISOLATE: char = '\u{2068}';
const END_ISOLATE: char = '\u{2069}';

/// Drops control characters and what steers the direction of text: files come from anywhere.
pub(crate) fn clean(text: &str) -> String {
    let steers = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_whitespace() || c.is_control();
    let spaced: String = text
        .chars()
        .map(|c| if breaks(c) { ' ' } else { c })
        .collect();
    let kept: String = spaced.chars().filter(|c| !steers(*c)).collect();
    kept.split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// The text in exactly so many columns, cut with an ellipsis or filled with spaces.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let mut cut = String::new();
    let mut taken = 0;
    if columns(text) <= width {
        cut.push_str(text);
        taken = columns(text);
    } else {
        for c in text.chars() {
            let wide = c.width().unwrap_or(0);
            if taken + wide + 1 > width {
                break;
            }
            cut.push(c);
            taken += wide;
        }
        cut.push('…');
        taken += 1;
    }
    let fill = " ".repeat(width.saturating_sub(taken));
    format!("{ISOLATE}{cut}{END_ISOLATE}{fill}")
}

/// Breaks a text into lines of at most so many columns.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let joined = columns(&line) + 1 + columns(word);
        if !line.is_empty() && joined > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// A number with its thousands apart.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut groups = Vec::new();
    if first > 0 {
        groups.push(&digits[..first]);
    }
    groups.extend(
        (first..digits.len())
            .step_by(3)
            .map(|at| &digits[at..at + 3]),
    );
    groups.join(" ")
}

/// A share in percent with one digit after the point.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = (u128::from(part) * 2000 + u128::from(whole)) / (2 * u128::from(whole));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Unix seconds as a date and time in UTC.
pub(crate) fn date(seconds: u64) -> String {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March put the leap day at their end (Hinnant, chrono-compatible dates).
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(date(1_795_305_599), "2026-11-21 23:59:59 UTC");
    }

    #[test]
    fn wide_and_right_to_left_text_fills_the_same_columns() {
        for text in ["Park", "公園を作る", "گزینهٔ نخست", "Thư viện", ""] {
            assert_eq!(columns(&fit(text, 12)), 12, "{text}");
        }
        assert_eq!(columns(&fit("公園を作る公園を作る", 7)), 7);
    }

    #[test]
    fn what_steers_a_terminal_is_dropped() {
        assert_eq!(clean("a\u{1b}[2J\u{202e}b\n c"), "a [2Jb c");
    }

    #[test]
    fn numbers_and_shares_are_rounded_for_people() {
        assert_eq!(number(1_234_567), "1 234 567");
        assert_eq!(number(12), "12");
        assert_eq!(percent(2, 3), "66.7 %");
        assert_eq!(percent(1, 0), "–");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }
}
