//! A bar chart of one question's answers.

use crate::text::{columns, fit, number, percent};

/// Eighths of a column, from one to seven.
const EIGHTHS: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const FULL: &str = "█";
const MIN_BAR: usize = 8;

/// One line of a chart.
pub(crate) struct Bar<'a> {
    /// What was to be chosen.
    pub(crate) label: &'a str,
    /// How many chose it.
    pub(crate) count: u64,
}

/// The lines of a chart in so many columns; shares are of `whole`.
pub(crate) fn chart(bars: &[Bar<'_>], whole: u64, width: usize) -> Vec<String> {
    let widest = |text: &dyn Fn(&Bar<'_>) -> usize| bars.iter().map(text).max().unwrap_or(0);
    let counts = widest(&|bar| columns(&number(bar.count)));
    let shares = widest(&|bar| columns(&percent(bar.count, whole)));
    let figures = counts + shares + 4;
    let room = width.saturating_sub(figures + MIN_BAR + 1).max(4);
    let labels = widest(&|bar| columns(bar.label)).min(room).min(width / 2);
    let bar_width = width.saturating_sub(labels + 1 + figures).max(MIN_BAR);
    let line = |bar: &Bar<'_>| {
        format!(
            "{} {}  {:>counts$}  {:>shares$}",
            fit(bar.label, labels),
            blocks(bar.count, whole, bar_width),
            number(bar.count),
            percent(bar.count, whole),
        )
    };
    bars.iter().map(line).collect()
}

/// A bar of blocks, filled to its width with spaces.
fn blocks(count: u64, whole: u64, width: usize) -> String {
    let eighths = match whole {
        0 => 0,
        whole => u128::from(count) * width as u128 * 8 / u128::from(whole),
    };
    let eighths = usize::try_from(eighths)
        .unwrap_or(usize::MAX)
        .min(width * 8);
    let (full, rest) = (eighths / 8, eighths % 8);
    let last = if rest > 0 { EIGHTHS[rest - 1] } else { "" };
    let drawn = format!("{}{last}", FULL.repeat(full));
    let taken = full + usize::from(rest > 0);
    format!("{drawn}{}", " ".repeat(width - taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(blocks(1, 2, 4), "██  ");
        assert_eq!(blocks(1, 16, 2), "▏ ");
        assert_eq!(blocks(5, 5, 3), "███");
        assert_eq!(blocks(0, 0, 3), "   ");
    }

    #[test]
    fn every_line_has_the_same_width_in_any_script() {
        let bars = [
            "Park",
            "図書館を建てる",
            "ספרייה",
            "Публичная библиотека города на реке",
        ];
        let bars: Vec<_> = bars
            .iter()
            .enumerate()
            .map(|(at, label)| Bar {
                label,
                count: 10 * at as u64,
            })
            .collect();
        for width in [40, 60, 100] {
            let lines = chart(&bars, 60, width);
            assert!(lines.iter().all(|line| columns(line) == width), "{lines:?}");
        }
    }
}
