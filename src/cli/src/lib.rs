//! `symbolon`: every operator's, officer's, portal's, voter's and auditor's task as a client of the services.
//!
//! In scope: the command line, a small certificate authority for trials ([`pki`]), officers' key files
//! ([`keystore`]) and reading what people write. Out of scope: serving anything.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod clock;
pub mod commands;
pub mod context;
pub mod device;
mod error;
pub mod files;
pub mod http;
pub mod keystore;
pub mod ledger_view;
pub mod output;
pub mod passphrase;
pub mod people;
pub mod pki;
pub mod statements;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::Parser;

pub use crate::{context::Context, error::Error};

/// Symbolon's command line.
#[derive(Parser)]
#[command(name = "symbolon", version, about, long_about = None, propagate_version = true)]
#[command(after_help = EXAMPLE)]
pub struct Cli {
    /// Where the service is and who we are: a file that `symbolon pki` writes.
    #[arg(long, global = true, value_name = "FILE", env = "SYMBOLON_PROFILE")]
    pub profile: Option<PathBuf>,
    /// One JSON object on standard output instead of words and tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: commands::Command,
}

const EXAMPLE: &str = "\
Example:
  symbolon pki init pki
  symbolon pki issue pki --role officer --name one --endpoint https://localhost:7443
  symbolon --profile pki/officer-one.toml status

Exit codes: 0 fine, 1 refused or failed, 2 wrong use or unreadable input.";

/// Runs a command line from the program's arguments.
pub fn run_from_args(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(message) => {
            // Help and version are no errors.
            let code = if message.use_stderr() {
                error::EXIT_USAGE
            } else {
                0
            };
            let _ = message.print();
            return ExitCode::from(code);
        }
    };
    let context = Context {
        profile: cli.profile,
        json: cli.json,
        now: clock::now(),
    };
    match cli.command.run(&context) {
        Ok(report) => {
            report.print(context.json);
            ExitCode::from(if report.is_failed() {
                error::EXIT_FAILED
            } else {
                0
            })
        }
        Err(error) => {
            output::print_error(&error, context.json);
            ExitCode::from(error.exit_code())
        }
    }
}
