//! `symbolon-observer`: verifies and tallies a public log.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use symbolon_observer::{Args, ExitStatus, run};

fn main() -> ExitCode {
    match run(&Args::parse(), &mut std::io::stdout().lock()) {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => {
            // Nobody is left to tell where standard error is closed.
            let _ = writeln!(std::io::stderr(), "symbolon-observer: {error}");
            ExitCode::from(ExitStatus::Incomplete.code())
        }
    }
}
