//! The commands, one module a group.

mod completions;
mod pki;

use clap::Subcommand;

use crate::{Context, Error, output::Report};

/// Everything that can be asked for.
#[derive(Subcommand)]
pub enum Command {
    /// Certificates for trials and tests.
    #[command(subcommand)]
    Pki(pki::Pki),
    /// Shell completions.
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Pki(pki) => pki.run(context),
            Self::Completions(completions) => completions.run(),
        }
    }
}
