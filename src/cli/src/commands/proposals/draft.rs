use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use symbolon_crypto::random;
use symbolon_election::{
    Address, BackupNote, ContentHash, ElectionId, ErasureId, InstallationId, Nonce, Proposal,
    TrustFile,
    proposal::{Action, NewUnsealing, RotatedKey},
    words,
};
use symbolon_tlog::Note;

use super::{super::serial::SerialNumber, folder::Folder, place};
use crate::{
    Context, Error, clock, files,
    output::{Report, printable},
    statements,
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
    /// Makes a revoked certificate good again.
    #[command(
        after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals draft restore-certificate 5b0c… --out restore\n\nThen each officer signs restore/proposal.json: symbolon officer sign"
    )]
    RestoreCertificate {
        /// Its serial number, hexadecimal.
        serial: SerialNumber,
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
    /// Names the registrars, any two of whom settle a conflict of identities.
    #[command(
        after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals draft change-registrars --registrar 0x5aAe… --registrar 0x71C7… --out registrars\n\nThen each officer signs registrars/proposal.json: symbolon officer sign"
    )]
    ChangeRegistrars {
        /// Everybody who is a registrar from then on: at least two, or nobody.
        #[arg(long = "registrar", value_name = "ADDRESS")]
        registrars: Vec<Address>,
        #[command(flatten)]
        to: To,
    },
    /// Erases people whom no portal knows any more, for good.
    #[command(
        after_help = "Examples:\n  symbolon --profile pki/officer-one.toml erasures list\n  symbolon --profile pki/officer-one.toml proposals draft erase-people --erasure 3f07… --erasure 9be1… --out erase\n\nThen each officer signs erase/proposal.json: symbolon officer sign"
    )]
    ErasePeople {
        /// Who, as `symbolon erasures list` calls them; at most 32.
        #[arg(long = "erasure", value_name = "ID", required = true)]
        erasures: Vec<ErasureId>,
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
    /// Copies the vault, once or again and again.
    #[command(
        after_help = "Examples:\n  symbolon --profile pki/officer-one.toml proposals draft backup --out once\n  symbolon --profile pki/officer-one.toml proposals draft backup --every-hours 24 --until +90d --out daily\n\nThen each officer signs once/proposal.json: symbolon officer sign"
    )]
    Backup {
        /// Hours from one to the next.
        #[arg(long, value_name = "HOURS", requires = "until", value_parser = clap::value_parser!(u16).range(1..))]
        every_hours: Option<u16>,
        /// Until when: a time, or +90d from now on.
        #[arg(long, value_name = "TIME", requires = "every_hours")]
        until: Option<String>,
        #[command(flatten)]
        to: To,
    },
    /// Has the vault unsealed in another way: by a new passphrase, by new shares or by a PKCS#11 token.
    #[command(
        after_help = "Examples:\n  symbolon --profile pki/officer-one.toml proposals draft rewrap --passphrase-from one --out new\n  symbolon --profile pki/officer-one.toml proposals draft rewrap --threshold 2 --holder one --holder two --holder three --out new\n  symbolon --profile pki/officer-one.toml proposals draft rewrap --token LABEL --token-key LABEL --out new\n\nThen each officer signs new/proposal.json: symbolon officer sign. Once it is executed: symbolon keys rewrap status"
    )]
    Rewrap {
        #[command(flatten)]
        way: Way,
        #[command(flatten)]
        to: To,
    },
    /// Lets a vault go on from a backup that is older than what it had come to. Needs no vault.
    #[command(
        after_help = "Example:\n  symbolon proposals draft restore --note 20270115-080000.note --trust trust.json --out restore\n\nThen each officer signs restore/proposal.json: symbolon officer sign. On the vault's host: symbolon-vault restore"
    )]
    Restore {
        /// The note beside the store's backup.
        #[arg(long, value_name = "FILE")]
        note: PathBuf,
        /// The trust file that the city publishes.
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        #[command(flatten)]
        to: To,
    },
}

/// The new way of unsealing.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct Way {
    /// By a passphrase: the name in the certificate of the officer who enters it afterwards.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["holders", "token"])]
    passphrase_from: Option<String>,
    /// By shares: the name in the certificate of an officer who gets one; once for each.
    #[arg(
        long = "holder",
        value_name = "NAME",
        requires = "threshold",
        conflicts_with = "token"
    )]
    holders: Vec<String>,
    /// How many of the shares unseal.
    #[arg(long, value_name = "M", requires = "holders")]
    threshold: Option<u8>,
    /// By a PKCS#11 token: its label.
    #[arg(long, value_name = "LABEL", requires = "token_key")]
    token: Option<String>,
    /// The label of the key that it makes.
    #[arg(long, value_name = "LABEL", requires = "token")]
    token_key: Option<String>,
}

impl Way {
    fn read(self) -> NewUnsealing {
        if let Some(entered_by) = self.passphrase_from {
            return NewUnsealing::Passphrase { entered_by };
        }
        if let (Some(token), Some(key)) = (self.token, self.token_key) {
            return NewUnsealing::Token { key, token };
        }
        let (mut holders, threshold) = (self.holders, self.threshold.unwrap_or_default());
        holders.sort_unstable();
        NewUnsealing::Shares { holders, threshold }
    }
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
    /// The one that signs the audit log.
    Audit,
}

/// The note of a backup.
fn read_note(path: &Path) -> Result<BackupNote, Error> {
    let signed = Note::parse(&files::read(path)?).map_err(|e| Error::unreadable_file(path, e))?;
    BackupNote::parse(signed.text()).map_err(|e| Error::unreadable_file(path, e))
}

impl Draft {
    /// Where a proposal belongs whose vault may be gone.
    fn known_place(&self) -> Result<Option<(InstallationId, TrustFile)>, Error> {
        Ok(match self {
            Self::Restore { note, trust, .. } => Some((
                read_note(note)?.installation,
                statements::read_trust(trust)?,
            )),
            _ => None,
        })
    }

    fn action(self, now: u64) -> Result<(Action, To), Error> {
        Ok(match self {
            Self::ResumeIssuance { election, to } => (Action::ResumeIssuance { election }, to),
            Self::ResumePortal { name, to } => (Action::ResumePortal { portal: name }, to),
            Self::RestoreCertificate { serial, to } => {
                let serial = serial.as_bytes().to_vec();
                (Action::RestoreCertificate { serial }, to)
            }
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
            Self::ChangeRegistrars { mut registrars, to } => {
                registrars.sort_unstable();
                (Action::ChangeRegistrars { registrars }, to)
            }
            Self::ErasePeople { mut erasures, to } => {
                erasures.sort_unstable();
                (Action::ErasePeople { erasures }, to)
            }
            Self::RotateKey { key, share, to } => {
                let key = match key {
                    Which::Index => RotatedKey::Index,
                    Which::Sealing => RotatedKey::Sealing,
                    Which::Audit => RotatedKey::Audit,
                };
                (Action::RotateKey { key, share }, to)
            }
            Self::Backup {
                every_hours,
                until,
                to,
            } => {
                let until = until
                    .map(|time| clock::parse_time(&time, now))
                    .transpose()?;
                let action = Action::Backup {
                    every_hours: every_hours.unwrap_or(0),
                    until: until.unwrap_or(0),
                };
                (action, to)
            }
            Self::Rewrap { way, to } => (Action::Rewrap { to: way.read() }, to),
            Self::Restore { note, to, .. } => {
                let said = read_note(&note)?;
                let action = Action::Restore {
                    backup: ContentHash::new(said.store),
                    taken: said.taken,
                };
                (action, to)
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
        let known = self.known_place()?;
        let (action, to) = self.action(context.now)?;
        // What the vault would refuse is told before anybody signs.
        let action = Action::parse(&action.to_json())
            .map_err(|e| Error::usage(e.to_string(), "Change what it names."))?;
        let expires = clock::parse_time(&to.expires, context.now)?;
        let (installation, trust) = match known {
            Some(known) => known,
            None => context.call(place)?,
        };
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
