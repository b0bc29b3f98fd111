//! The demo's command line.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use symbolon_service::program::causes;

use crate::{ledger::Kind, show::Show, story};

/// A city votes on this machine: vault, gateway, portal, observer and all the voters' devices.
#[derive(Parser)]
#[command(
    name = "symbolon-demo",
    version,
    after_help = "\
Examples:
  symbolon-demo
  symbolon-demo --people my-town.csv --dir my-town
  symbolon-demo --stay --dir town      (everything stays up; addresses and profiles are printed)
  symbolon-demo --ledger ethereum      (built with --features ethereum; needs anvil)

The CSV has the columns family_name, given_name, birth_date, document and district."
)]
pub struct Arguments {
    /// The people; the demo brings some of its own.
    #[arg(long, value_name = "FILE")]
    pub people: Option<PathBuf>,
    /// Keeps everything in this folder, which must be new.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Leaves everything running until Ctrl-C.
    #[arg(long)]
    pub stay: bool,
    /// What the polls are published on.
    #[arg(long, value_enum, default_value_t)]
    pub ledger: Kind,
    /// The anvil that makes the chain, where it isn't found as `anvil`.
    #[arg(long, value_name = "FILE")]
    pub anvil: Option<PathBuf>,
    /// Ends with one JSON object on standard output; the story goes to standard error.
    #[arg(long)]
    pub json: bool,
}

/// Runs the demo from the program's arguments.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let colours = io::stdout().is_terminal();
    let mut show = Show::new(arguments.json, colours);
    match story::tell(&arguments, &mut show) {
        Ok(figures) => {
            let verified = figures.verified();
            if arguments.json {
                let mut out = io::stdout().lock();
                let text = serde_json::to_string(&figures).unwrap_or_default();
                if writeln!(out, "{text}").is_err() {
                    return ExitCode::FAILURE;
                }
            }
            if verified {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            show.failure(&causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
