//! The command line of `symbolon-portal`.

use std::{io::Write, path::PathBuf};

use anyhow::bail;
use clap::{Args, Parser, Subcommand};
use symbolon_crypto::random;
use symbolon_service::{Shutdown, logs};

use crate::{accounts, config::PortalConfig, run::RunningPortal};

/// A small reference portal: signs people in and relays sealed requests and tokens.
#[derive(Parser)]
#[command(
    name = "symbolon-portal",
    version,
    args_conflicts_with_subcommands = true
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Option<Run>,
}

#[derive(Subcommand)]
enum Command {
    /// Makes accounts with access codes: a stand-in for the city's own accounts.
    Accounts(Accounts),
}

/// Runs the portal until SIGINT or SIGTERM.
#[derive(Args)]
struct Run {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/portal-main.toml people register people.csv --out ids.csv
  symbolon-portal accounts ids.csv --out accounts.csv --codes codes.csv")]
struct Accounts {
    /// What `symbolon people register --out` wrote; the login is the line.
    ids: PathBuf,
    /// Where the accounts go.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the access codes go, for the letters to people.
    #[arg(long, value_name = "FILE")]
    codes: PathBuf,
}

/// Does what the arguments say.
pub async fn run(arguments: Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    match (arguments.command, arguments.run) {
        (Some(Command::Accounts(make)), _) => {
            let made = accounts::make(&make.ids, &make.out, &make.codes, &mut random::os())?;
            writeln!(out, "{made} accounts")?;
            Ok(())
        }
        (None, Some(run)) => run.run().await,
        (None, None) => bail!("say --config FILE, or accounts; --help tells more"),
    }
}

impl Run {
    async fn run(self) -> anyhow::Result<()> {
        let config = PortalConfig::read(&self.config)?;
        logs::start(&config.log)?;
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        RunningPortal::start(&config, &shutdown)?.finished().await;
        Ok(())
    }
}
