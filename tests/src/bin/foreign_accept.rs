//! Gives feeds of programs in other languages to this project's code, and demands that
//! each case is accepted or refused as it says.
//!
//!     foreign_accept [--reasons] FEED.json ...

use std::io::{self, Write};
use std::process::ExitCode;

use symbolon_tests::foreign::Report;

fn main() -> io::Result<ExitCode> {
    let mut report = Report::default();
    let (options, files): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|arg| arg == "--reasons");
    for file in files {
        match std::fs::read(&file) {
            Ok(text) => report.take(&file, &text),
            Err(error) => report.fail(&file, &error),
        }
    }
    let reasons = match options.is_empty() {
        true => String::new(),
        false => report.reasons(),
    };
    write!(io::stdout().lock(), "{reasons}{report}")?;
    Ok(match report.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
