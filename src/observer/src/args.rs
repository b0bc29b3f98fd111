//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use symbolon_election::ElectionId;

/// Verifies and tallies a public log from its files alone.
#[derive(Debug, Parser)]
#[command(
    name = "symbolon-observer",
    version,
    after_help = "Exit status: 0 verified; 1 violated; 2 incomplete, unreadable or nothing pinned.\n\n\
        Examples:\n  \
        symbolon-observer verify https://vote.example.org/log/ --trust city.json\n  \
        symbolon-observer follow https://vote.example.org/log/ --trust city.json --mirror /srv/log\n\n\
        A mirror holds the log's files under the same paths: any static web server serves it on,\n\
        and other observers read it like the original."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What an observer does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads a log once and says what it found.
    #[command(after_help = "Example: symbolon-observer verify ./log --trust city.json --json")]
    Verify(Options),
    /// Keeps reading a log and says whatever changes, until interrupted.
    #[command(after_help = "Example: symbolon-observer follow ./log --trust city.json --every 60")]
    Follow {
        /// What to read and how.
        #[command(flatten)]
        options: Options,
        /// How many seconds lie between two looks.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
        every: u64,
    },
    /// Lists every violation that there is by name, as a Markdown table.
    #[command(after_help = "Example: symbolon-observer rules")]
    Rules,
}

/// What to read, whose elections are meant, and how to answer.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A folder with the log's files, or the http:// or https:// address that serves them.
    pub source: String,
    /// The trust file that the city publishes: its officers, threshold and log.
    #[arg(long, value_name = "FILE", conflicts_with = "election")]
    pub trust: Option<PathBuf>,
    /// An election by its ID; may be given several times.
    #[arg(long, value_name = "ID")]
    pub election: Vec<ElectionId>,
    /// Keeps what was read in this folder, and reads on from there the next time.
    #[arg(long, value_name = "DIR")]
    pub mirror: Option<PathBuf>,
    /// A complaint about a receipt (JSON: entry and receipt); may be given several times.
    #[arg(long, value_name = "FILE")]
    pub complaint: Vec<PathBuf>,
    /// Certificate authorities (PEM) to believe instead of the usual ones.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Where the ledger is a contract on Ethereum.
    #[cfg(feature = "ethereum")]
    #[command(flatten)]
    pub ethereum: crate::chain::OnChain,
    /// Answers with one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
    /// The language of titles and options, where they have it.
    #[arg(long, value_name = "TAG", default_value = "en")]
    pub language: String,
}
