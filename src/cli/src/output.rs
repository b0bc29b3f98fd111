//! What a command says: words and tables for people, one JSON object for machines.

use std::{fmt::Write as _, io::Write as _};

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::error::Error;

/// The result of a command, in both forms.
pub struct Report {
    value: Value,
    text: String,
    failed: bool,
}

impl Report {
    /// Starts with the object for machines.
    pub fn new(value: Value) -> Self {
        Self {
            value,
            text: String::new(),
            failed: false,
        }
    }

    /// Adds a line for people.
    #[must_use]
    pub fn line(mut self, line: impl AsRef<str>) -> Self {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
        self
    }

    /// Adds a table for people.
    #[must_use]
    pub fn table(mut self, table: &Table) -> Self {
        self.text.push_str(&table.render());
        self
    }

    /// Adds "name: value" lines, aligned.
    #[must_use]
    pub fn facts<'a>(mut self, facts: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let facts: Vec<_> = facts.into_iter().collect();
        let width = facts
            .iter()
            .map(|(name, _)| name.width())
            .max()
            .unwrap_or(0);
        for (name, value) in facts {
            let pad = " ".repeat(width - name.width());
            let _ = writeln!(self.text, "{name}{pad}  {value}");
        }
        self
    }

    /// Marks the outcome as a failure: the process ends with 1.
    #[must_use]
    pub fn failed_if(mut self, failed: bool) -> Self {
        self.failed = failed;
        self
    }

    /// Whether the outcome is a failure.
    pub fn is_failed(&self) -> bool {
        self.failed
    }

    /// The object for machines.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Writes the report to standard output.
    pub fn print(&self, json: bool) {
        let text = if json {
            format!("{}\n", self.value)
        } else {
            self.text.clone()
        };
        to_stdout(&text);
    }
}

/// Tells an error: words on standard error, and an object on standard output for machines.
pub fn print_error(error: &Error, json: bool) {
    to_stderr(&format!("error: {error}\n  next: {}\n", error.next()));
    if json {
        let value = json!({"error": {
            "reason": error.reason(),
            "field": error.field(),
            "message": error.to_string(),
            "next": error.next(),
        }});
        to_stdout(&format!("{value}\n"));
    }
}

/// Writes to standard output; a closed pipe ends the output, not the command.
pub fn to_stdout(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to standard error, for questions and warnings.
pub fn to_stderr(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A table with a header, columns as wide as their widest cell.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Starts with the names of the columns.
    pub fn new(header: &[&str]) -> Self {
        Self {
            rows: vec![header.iter().map(|h| (*h).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|c| {
                let cells = self.rows.iter().filter_map(|r| r.get(c));
                cells.map(|cell| cell.width()).max().unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let line: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())))
                .collect();
            let _ = writeln!(text, "{}", line.join("  ").trim_end());
        }
        text
    }
}

/// Text from elsewhere made harmless for a terminal: no control or direction-changing characters.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if is_harmless(c) { c } else { '\u{fffd}' })
        .collect()
}

fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_for_wide_scripts() {
        let mut table = Table::new(&["a", "b"]);
        table.row(["東京".into(), "1".into()]);
        table.row(["x".into(), "2".into()]);
        assert_eq!(table.render(), "a     b\n東京  1\nx     2\n");
    }

    #[test]
    fn escape_sequences_and_overrides_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}c");
    }
}
