//! The command line of `symbolon-gateway`.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use symbolon_service::{Shutdown, clock, logs};

use crate::{config::GatewayConfig, init::init, run::RunningGateway};

/// Takes ballots, signs receipts and publishes on the ledger.
#[derive(Parser)]
#[command(
    name = "symbolon-gateway",
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
    /// Makes the receipt key, the ledger's key and the outbox; prints what others need to know.
    Init(Init),
}

/// Runs the gateway until SIGINT or SIGTERM.
#[derive(Args)]
struct Run {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon-gateway init --config gateway.toml --ledger-keys ledger-keys.json

Prints the address that signs receipts: drafts of elections name it. Drafts name the ledger keys
file as well. Where the ledger is a contract there are no such keys: the account that pays for
transactions and the chain's genesis block, which drafts name instead, are printed too.")]
struct Init {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the list of the log's keys goes.
    #[arg(long, value_name = "FILE")]
    ledger_keys: Option<PathBuf>,
}

/// Does what the arguments say.
pub async fn run(arguments: Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    match (arguments.command, arguments.run) {
        (Some(Command::Init(command)), _) => command.run(out).await,
        (None, Some(run)) => run.run().await,
        (None, None) => bail!("say --config FILE, or init; --help tells more"),
    }
}

impl Run {
    async fn run(self) -> anyhow::Result<()> {
        let config = GatewayConfig::read(&self.config)?;
        logs::start(&config.log)?;
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let gateway =
            RunningGateway::start(&config, Arc::new(clock::unix_now), &shutdown, |error| {
                tracing::error!(%error, "outbox or ledger stopped: so does the gateway");
                std::process::exit(1);
            });
        gateway.await?.finished().await?;
        Ok(())
    }
}

impl Init {
    async fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let config = GatewayConfig::read(&self.config)?;
        match (&self.ledger_keys, &config.ledger.ethereum) {
            (None, None) => bail!("say where the list of the log's keys goes: --ledger-keys FILE"),
            (Some(_), Some(_)) => bail!("a contract has no ledger keys: leave --ledger-keys out"),
            _ => {}
        }
        let made = init(&config, clock::unix_now()).await?;
        if let (Some(path), Some(keys)) = (&self.ledger_keys, &made.ledger.keys) {
            std::fs::write(path, keys).with_context(|| path.display().to_string())?;
        }
        writeln!(out, "{}", made.receipts.to_0x())?;
        if let Some(account) = made.ledger.account {
            writeln!(out, "account {}", account.to_0x())?;
            writeln!(out, "genesis 0x{}", made.ledger.name)?;
        }
        Ok(())
    }
}
