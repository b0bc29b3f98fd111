//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::{
    echo::EchoServer,
    rows::{self, Group, store::OpenStore},
};

/// Measures the programs beside their references, and prints a table.
#[derive(Parser)]
#[command(name = "bench", after_help = after_help())]
pub(crate) struct Args {
    /// Small sizes and few repetitions: some eight minutes.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these groups of rows.
    #[arg(long, value_delimiter = ',', value_parser = group_names())]
    only: Vec<String>,
    /// Samples the cores while loads run, with perf, and tells what they were at.
    #[arg(long)]
    pub(crate) profile: bool,
    /// Prints JSON instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the picture and the JSON go.
    #[arg(long, default_value = "target/bench")]
    pub(crate) out: PathBuf,
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
}

/// What the program runs as a child of itself.
#[derive(Subcommand)]
pub(crate) enum Task {
    /// Serves empty calls until it is killed.
    #[command(hide = true)]
    Echo(EchoServer),
    /// Opens a store and tells what that took.
    #[command(hide = true)]
    OpenStore(OpenStore),
}

impl Args {
    /// Whether a group of rows was asked for.
    pub(crate) fn wants(&self, group: &Group) -> bool {
        match self.only.is_empty() {
            true => !group.apart,
            false => self.only.iter().any(|name| name == group.name),
        }
    }
}

fn group_names() -> Vec<&'static str> {
    rows::GROUPS.iter().map(|group| group.name).collect()
}

fn after_help() -> String {
    let apart = rows::GROUPS.iter().filter(|group| group.apart);
    let apart: Vec<_> = apart.map(|group| group.name).collect();
    format!(
        "Groups of rows: {}; only where they are named: {}",
        group_names().join(", "),
        apart.join(", ")
    )
}
