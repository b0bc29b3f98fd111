//! A report as a table for people, as JSON, and as a picture.

mod picture;
mod table;

pub(crate) use picture::picture;
pub(crate) use table::table;

use crate::row::Report;

/// The report as one JSON object.
pub(crate) fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).unwrap()
}
