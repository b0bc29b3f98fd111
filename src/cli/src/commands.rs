//! The commands, one module a group.

mod audit;
mod backup;
mod completions;
mod conflicts;
mod election;
mod electorate;
mod erasures;
#[cfg(feature = "ethereum")]
mod ethereum;
mod halt;
mod keys;
mod officer;
mod people;
mod person;
mod pki;
mod proposals;
mod receipt;
mod seal;
mod serial;
mod token;
mod vote;

use clap::Subcommand;

use crate::{Context, Error, output::Report};

/// Everything that can be asked for.
#[derive(Subcommand)]
pub enum Command {
    /// Certificates for trials and tests.
    #[command(subcommand)]
    Pki(pki::Pki),
    /// Whether the vault is sealed.
    Status(seal::Status),
    /// Opens the vault's key ring.
    Unseal(seal::Unseal),
    /// Wipes the vault's keys from its memory at once.
    Seal(seal::Seal),
    /// Officers' signing keys and signatures.
    #[command(subcommand)]
    Officer(officer::Officer),
    /// One person: register, check the form, correct, suspend, erase.
    #[command(subcommand)]
    Person(person::Person),
    /// Whole rolls of people.
    #[command(subcommand)]
    People(people::People),
    /// Named sets of people.
    #[command(subcommand)]
    Electorate(electorate::Electorate),
    /// The vault's keys: what there is, what is due, how a rotation goes.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Copies of the vault: what is planned, how far it is.
    #[command(subcommand)]
    Backup(backup::Backup),
    /// What any one officer stops at once: an election's tokens, a portal.
    #[command(subcommand)]
    Halt(halt::Halt),
    /// People whom no portal knows any more, and who wait to be erased.
    #[command(subcommand)]
    Erasures(erasures::Erasures),
    /// What is done once enough officers have signed it.
    #[command(subcommand)]
    Proposals(proposals::Proposals),
    /// Conflicts of identities that wait for registrars.
    #[command(subcommand)]
    Conflicts(conflicts::Conflicts),
    /// Tokens, for portals: pass requests on, see who has one.
    #[command(subcommand)]
    Token(token::Token),
    /// Elections, from the draft to the certified result.
    #[command(subcommand)]
    Election(election::Election),
    /// The ledger as a contract on Ethereum: an account, a ballot box.
    #[cfg(feature = "ethereum")]
    #[command(subcommand)]
    Ethereum(ethereum::Ethereum),
    /// A voter's device: ask for a token, cast, check.
    #[command(subcommand)]
    Vote(vote::Vote),
    /// Receipts, and complaints where one is broken.
    #[command(subcommand)]
    Receipt(receipt::Receipt),
    /// The vault's own log of what it did.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Shell completions.
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Pki(group) => group.run(context),
            Self::Status(command) => command.run(context),
            Self::Unseal(command) => command.run(context),
            Self::Seal(command) => command.run(context),
            Self::Officer(group) => group.run(context),
            Self::Person(group) => group.run(context),
            Self::People(group) => group.run(context),
            Self::Electorate(group) => group.run(context),
            Self::Keys(group) => group.run(context),
            Self::Backup(group) => group.run(context),
            Self::Halt(group) => group.run(context),
            Self::Erasures(group) => group.run(context),
            Self::Proposals(group) => group.run(context),
            Self::Conflicts(group) => group.run(context),
            Self::Token(group) => group.run(context),
            Self::Election(group) => group.run(context),
            #[cfg(feature = "ethereum")]
            Self::Ethereum(group) => group.run(),
            Self::Vote(group) => group.run(context),
            Self::Receipt(group) => group.run(context),
            Self::Audit(group) => group.run(context),
            Self::Completions(command) => command.run(),
        }
    }
}
