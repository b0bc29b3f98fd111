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

#[derive(Args)]
#[command(after_help = "\
Examples:
  symbolon --profile pki/officer-one.toml proposals draft --out resume resume-portal main
  symbolon --profile pki/officer-one.toml proposals draft --out more raise-budget main --people 50000 --until +3d
  symbolon --profile pki/officer-one.toml proposals draft --out new change-officers --threshold 2 --officer 0x5aAe… --officer 0x71C7…

Then each officer signs FOLDER/proposal.json: symbolon officer sign")]
pub struct Draft {
    /// The new folder.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Until when it may be executed: a time, or +7d from now on; at most 30 days.
    #[arg(long, default_value = "+7d", value_name = "TIME")]
    expires: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Issues an election's tokens again.
    ResumeIssuance {
        /// The election's ID.
        election: ElectionId,
    },
    /// Lets a portal call again.
    ResumePortal {
        /// The name in its certificate.
        name: String,
    },
    /// Lets a portal ask about more distinct people a day.
    RaiseBudget {
        /// The name in the portal's certificate.
        name: String,
        /// How many more.
        #[arg(long)]
        people: u32,
        /// Until when: a time, or +3d from now on.
        #[arg(long, value_name = "TIME")]
        until: String,
    },
    /// Makes others the officers, or changes how many of them must sign.
    ChangeOfficers {
        /// Everybody who is an officer from then on.
        #[arg(long = "officer", value_name = "ADDRESS", required = true)]
        officers: Vec<Address>,
        /// How many of them must sign.
        #[arg(long)]
        threshold: u8,
    },
    /// Replaces a key of the vault, and destroys it once nothing lies under it.
    RotateKey {
        /// Which.
        key: Which,
        /// The share of the time that the vault works at it, in percent.
        #[arg(long, default_value = "50", value_name = "PERCENT")]
        share: u8,
    },
}

/// A key that can be rotated.
#[derive(Clone, Copy, ValueEnum)]
enum Which {
    /// The one by which people are found.
    Index,
    /// The one that seals records.
    Sealing,
}

impl What {
    fn action(self, now: u64) -> Result<Action, Error> {
        Ok(match self {
            Self::ResumeIssuance { election } => Action::ResumeIssuance { election },
            Self::ResumePortal { name } => Action::ResumePortal { portal: name },
            Self::RaiseBudget {
                name,
                people,
                until,
            } => Action::RaiseBudget {
                portal: name,
                people,
                until: clock::parse_time(&until, now)?,
            },
            Self::RotateKey { key, share } => Action::RotateKey {
                key: match key {
                    Which::Index => RotatedKey::Index,
                    Which::Sealing => RotatedKey::Sealing,
                },
                share,
            },
            Self::ChangeOfficers {
                mut officers,
                threshold,
            } => {
                officers.sort_unstable();
                Action::ChangeOfficers {
                    officers,
                    threshold,
                }
            }
        })
    }
}

impl Draft {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let action = self.what.action(context.now)?;
        // What the vault would refuse is told before anybody signs.
        let action = Action::parse(&action.to_json())
            .map_err(|e| Error::usage(e.to_string(), "Change what it names."))?;
        let expires = clock::parse_time(&self.expires, context.now)?;
        let (installation, trust) = context.call(place)?;
        let proposal = Proposal {
            installation,
            nonce: Nonce::new(random::bytes(&mut context.rng())),
            expires,
            content_hash: action.content_hash(),
        };
        let folder = Folder::write(&self.out, proposal, trust.domain(), &action)?;
        let digest = folder.digest();
        let mut report = Report::new(json!({"digest": digest.to_string(), "folder": self.out}));
        for line in action.in_words() {
            report = report.line(printable(&line));
        }
        Ok(report.facts([
            ("digest to sign", format!("0x{digest}")),
            ("may be executed until", words::utc(expires)),
            ("folder", self.out.display().to_string()),
        ]))
    }
}
