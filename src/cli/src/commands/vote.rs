mod all;
mod cast;
mod choices;
#[cfg(feature = "ethereum")]
mod direct;
mod elections;
mod new_device;
mod options;
mod simple;
mod status;
mod token;

pub(super) use options::PaperOptions;

use clap::Subcommand;

use crate::{Context, Error, output::Report};

#[derive(Subcommand)]
pub enum Vote {
    /// Makes a device: a seed file, and recovery words that are shown once.
    NewDevice(new_device::NewDevice),
    /// Makes the device again from its recovery words.
    RestoreDevice(new_device::RestoreDevice),
    /// Shows the city's elections that a portal or a gateway offers.
    Elections(elections::Elections),
    /// Asks for a token through the portal, or writes the sealed request into a file.
    Request(token::Request),
    /// Opens a sealed token.
    Open(token::Open),
    /// Casts a ballot and keeps its receipt.
    Cast(cast::Cast),
    /// Where a ballot is, with proof once it is on the ledger.
    Status(status::Status),
    /// Asks, opens and casts at once.
    All(all::All),
    /// Votes through a portal that holds the voters' keys, where the election says so.
    Simple(simple::Simple),
}

impl Vote {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::NewDevice(command) => command.run(context),
            Self::RestoreDevice(command) => command.run(),
            Self::Elections(command) => command.run(),
            Self::Request(command) => command.run(context),
            Self::Open(command) => command.run(),
            Self::Cast(command) => command.run(context),
            Self::Status(command) => command.run(),
            Self::All(command) => command.run(context),
            Self::Simple(command) => command.run(context),
        }
    }
}
