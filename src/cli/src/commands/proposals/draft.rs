use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use symbolon_crypto::random;
use symbolon_election::{
    Address, ElectionId, Nonce, Proposal,
    proposal::{Action, RotatedKey},
    words,
};

use super::{folder::Folder, place};
use crate::{
    Context, Error, clock,
    output::{Report, printable},
};

/// Something to be decided.
#[derive(Subcommand)]
pub enum Draft {
    /// Issues an election's tokens again.
    #[command(
        after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals draft resume-issuance 0a9c… --out resume\n\nThen each officer signs resume/proposal.json: symbolon officer sign"
    )]
    ResumeIssuance {
        /// The election's ID.
        election: ElectionId,
        #[command(flatten)]
        to: To,
    },
    /// Lets a portal call again.
    #[command(
        after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals draft resume-portal main --out resume\n\nThen each officer signs resume/proposal.json: symbolon officer sign"
    )]
    ResumePortal {
        /// The name in its certificate.
        name: String,
        #[command(flatten)]
        to: To,
    },
    /// Lets a portal ask about more distinct people a day.
    #[command(
        after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals draft raise-budget main --people 50000 --until +3d --out more\n\nThen each officer signs more/proposal.json: symbolon officer sign"
    )]
    RaiseBudget {
        /// The name in the portal's certificate.
        name: String,
        /// How many more.
        #[arg(long)]
        people: u32,
        /// Until when: a time, or +3d from now on.
        #[arg(long, value_name = "TIME")]
        until: String,
        #[command(flatten)]
        to: To,
    },
    /// Makes others the officers, or changes how many of them must sign.
    #[command(
        after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals draft change-officers --threshold 2 --officer 0x5aAe… --officer 0x71C7… --out new\n\nThen each officer signs new/proposal.json: symbolon officer sign"
    )]
    ChangeOfficers {
        /// Everybody who is an officer from then on.
        #[arg(long = "officer", value_name = "ADDRESS", required = true)]
        officers: Vec<Address>,
        /// How many of them must sign.
        #[arg(long)]
        threshold: u8,
        #[command(flatten)]
        to: To,
    },
    /// Replaces a key of the vault, and destroys it once nothing lies under it.
    #[command(
        after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals draft rotate-key index --share 50 --out rotate\n\nThen each officer signs rotate/proposal.json: symbolon officer sign"
    )]
    RotateKey {
        /// Which.
        key: Which,
        /// The share of the time that the vault works at it, in percent.
        #[arg(long, default_value = "50", value_name = "PERCENT")]
        share: u8,
        #[command(flatten)]
        to: To,
    },
}

/// Where the proposal goes, and how long it stands.
#[derive(Args)]
pub struct To {
    /// The new folder.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Until when it may be executed: a time, or +7d from now on; at most 30 days.
    #[arg(long, default_value = "+7d", value_name = "TIME")]
    expires: String,
}

/// A key that can be rotated.
#[derive(Clone, Copy, ValueEnum)]
pub enum Which {
    /// The one by which people are found.
    Index,
    /// The one that seals records.
    Sealing,
}

impl Draft {
    fn action(self, now: u64) -> Result<(Action, To), Error> {
        Ok(match self {
            Self::ResumeIssuance { election, to } => (Action::ResumeIssuance { election }, to),
            Self::ResumePortal { name, to } => (Action::ResumePortal { portal: name }, to),
            Self::RaiseBudget {
                name,
                people,
                until,
                to,
            } => {
                let action = Action::RaiseBudget {
                    portal: name,
                    people,
                    until: clock::parse_time(&until, now)?,
                };
                (action, to)
            }
            Self::RotateKey { key, share, to } => {
                let key = match key {
                    Which::Index => RotatedKey::Index,
                    Which::Sealing => RotatedKey::Sealing,
                };
                (Action::RotateKey { key, share }, to)
            }
            Self::ChangeOfficers {
                mut officers,
                threshold,
                to,
            } => {
                officers.sort_unstable();
                let action = Action::ChangeOfficers {
                    officers,
                    threshold,
                };
                (action, to)
            }
        })
    }

    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let (action, to) = self.action(context.now)?;
        // What the vault would refuse is told before anybody signs.
        let action = Action::parse(&action.to_json())
            .map_err(|e| Error::usage(e.to_string(), "Change what it names."))?;
        let expires = clock::parse_time(&to.expires, context.now)?;
        let (installation, trust) = context.call(place)?;
        let proposal = Proposal {
            installation,
            nonce: Nonce::new(random::bytes(&mut context.rng())),
            expires,
            content_hash: action.content_hash(),
        };
        let folder = Folder::write(&to.out, proposal, trust.domain(), &action)?;
        let digest = folder.digest();
        let mut report = Report::new(json!({"digest": digest.to_string(), "folder": to.out}));
        for line in action.in_words() {
            report = report.line(printable(&line));
        }
        Ok(report.facts([
            ("digest to sign", format!("0x{digest}")),
            ("may be executed until", words::utc(expires)),
            ("folder", to.out.display().to_string()),
        ]))
    }
}
