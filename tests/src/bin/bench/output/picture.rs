//! The picture: how far each judged row is from its aim.

use std::fmt::Write as _;

use super::table::aim;
use crate::row::{Aim, Report, Row};

const LINE: usize = 26;
const NAMES: f64 = 430.0;
const SCALE: f64 = 260.0;
const WIDTH: f64 = NAMES + 2.0 * SCALE + 40.0;
/// A row twice as good as its aim, or half as good, ends at the frame.
const MOST: f64 = 2.0;

/// The report as SVG: a bar a row, to the right of the line where the aim is met.
pub(crate) fn picture(report: &Report) -> String {
    let rows: Vec<(&Row, f64)> = report
        .rows
        .iter()
        .filter_map(|row| Some((row, margin(row)?)))
        .collect();
    let height = (rows.len() + 3) * LINE;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="white"/>
<text x="12" y="18" font-weight="bold">How each row stands to its aim</text>
<text x="12" y="38" fill="dimgray">commit {} · {}</text>
"#,
        escaped(&report.commit),
        escaped(&report.machine),
    );
    for (place, (row, margin)) in rows.iter().enumerate() {
        bar(&mut svg, row, *margin, (place + 2) * LINE);
    }
    axis(&mut svg, height);
    svg.push_str("</svg>\n");
    svg
}

/// By which factor a row is better than its aim.
fn margin(row: &Row) -> Option<f64> {
    match row.aim {
        Aim::AtLeast(least) => Some(row.ratio.median() / least),
        Aim::AtMost(most) => Some(most / row.ratio.median()),
        Aim::None => None,
    }
}

fn bar(svg: &mut String, row: &Row, margin: f64, top: usize) {
    let length = margin.log2().clamp(-MOST.log2(), MOST.log2()) * SCALE;
    let (middle, color) = (
        NAMES + SCALE,
        if length >= 0.0 {
            "seagreen"
        } else {
            "firebrick"
        },
    );
    let (left, width) = (middle + length.min(0.0), length.abs().max(2.0));
    let (name, told) = (escaped(&row.name), aim(row.aim));
    let ratio = row.ratio.median();
    let _ = writeln!(svg, r#"<text x="12" y="{}">{name}</text>"#, top + 17);
    let _ = writeln!(
        svg,
        r#"<text x="{}" y="{}" text-anchor="end" fill="dimgray">{ratio:.2}, aim {told}</text>"#,
        NAMES - 12.0,
        top + 17
    );
    let _ = writeln!(
        svg,
        r#"<rect x="{left:.1}" y="{}" width="{width:.1}" height="{}" fill="{color}"/>"#,
        top + 5,
        LINE - 10
    );
}

fn axis(svg: &mut String, height: usize) {
    let bottom = height - LINE + 4;
    for (at, label) in [(-1.0, "half as good"), (0.0, "aim"), (1.0, "twice as good")] {
        let x = NAMES + SCALE + at * SCALE;
        let _ = writeln!(
            svg,
            r#"<line x1="{x}" y1="{}" x2="{x}" y2="{bottom}" stroke="gray"/>"#,
            2 * LINE
        );
        let _ = writeln!(
            svg,
            r#"<text x="{x}" y="{}" text-anchor="middle" fill="dimgray">{label}</text>"#,
            bottom + 16
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
