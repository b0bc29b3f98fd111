//! The table for people.

use std::fmt::Write as _;

use crate::row::{Aim, Report, Row, Spread};

/// The report as text.
pub(crate) fn table(report: &Report) -> String {
    let mut text = String::new();
    let kind = if report.quick {
        "quick run"
    } else {
        "whole run"
    };
    let (commit, machine) = (&report.commit, &report.machine);
    let _ = writeln!(
        text,
        "commit {commit} · {machine} · {kind}, {} s",
        report.seconds
    );
    let mut notes: Vec<&str> = Vec::new();
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    let mut group = "";
    for row in &report.rows {
        if row.group != group {
            group = row.group;
            lines.push([
                group.to_owned(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ]);
        }
        lines.push(line(row, &mut notes));
    }
    aligned(&mut text, &lines);
    for missing in &report.missing {
        let _ = writeln!(text, "{}: can't run: {}", missing.name, missing.why);
    }
    for (number, note) in notes.iter().enumerate() {
        let _ = writeln!(text, "[{}] {note}", number + 1);
    }
    text
}

const HEADINGS: [&str; 6] = [
    "row",
    "figure",
    "reference",
    "ratio (least–most)",
    "aim",
    "met",
];

fn line<'a>(row: &'a Row, notes: &mut Vec<&'a str>) -> [String; 6] {
    let mut marks = String::new();
    for note in std::iter::once(&row.beside).chain(&row.notes) {
        let known = notes.iter().position(|known| known == note);
        let number = known.unwrap_or_else(|| {
            notes.push(note);
            notes.len() - 1
        });
        let _ = write!(marks, " [{}]", number + 1);
    }
    let ratio = &row.ratio;
    [
        format!("  {}{marks}", row.name),
        format!("{} {}", short(row.value.median()), row.unit),
        short(row.reference.median()),
        format!("{:.2} ({})", ratio.median(), span(ratio)),
        aim(row.aim),
        met(row.met).to_owned(),
    ]
}

fn span(ratio: &Spread) -> String {
    format!("{:.2}–{:.2}", ratio.least(), ratio.most())
}

pub(crate) fn aim(aim: Aim) -> String {
    match aim {
        Aim::AtLeast(least) => format!("≥ {least}"),
        Aim::AtMost(most) => format!("≤ {most}"),
        Aim::None => "–".to_owned(),
    }
}

fn met(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "",
    }
}

/// Three figures that count.
fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn aligned(text: &mut String, lines: &[[String; 6]]) {
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..6).map(width).collect();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| {
            let pad = width - cell.chars().count();
            format!("{cell}{}", " ".repeat(pad))
        });
        let joined = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", joined.trim_end());
    }
}
