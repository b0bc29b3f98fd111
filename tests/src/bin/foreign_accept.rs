//! Gives feeds of programs in other languages to this project's code, and demands that
//! each case is accepted or refused as it says.

use std::io::{self, Write};
use std::process::ExitCode;

use symbolon_tests::foreign::Report;

fn main() -> io::Result<ExitCode> {
    let mut report = Report::default();
    for file in std::env::args().skip(1) {
        let text = std::fs::read(&file)
            .map_err(|error| io::Error::new(error.kind(), format!("{file}: {error}")))?;
        report.take(&file, &text);
    }
    write!(io::stdout().lock(), "{report}")?;
    Ok(match report.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
