use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_election::{Complaint, VerifiedComplaint, words};

use super::vote::PaperOptions;
use crate::{
    Context, Error,
    device::Standing,
    files::{self, Access},
    output::Report,
};

#[derive(Subcommand)]
pub enum Receipt {
    /// Checks a receipt and its ballot; offline with --paper.
    Check(Check),
    /// After the promised time: makes a complaint where the ledger doesn't show the ballot.
    Complain(Complain),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon receipt check receipt.json --trust trust.json --paper papers/3f5c….json"
)]
pub struct Check {
    /// The file that `symbolon vote cast` wrote.
    receipt: PathBuf,
    #[command(flatten)]
    paper: PaperOptions,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon receipt complain receipt.json --trust trust.json --gateway https://gateway.city.example --out complaint.json

Anybody can check a complaint against the ledger: symbolon-observer verify SOURCE --complaint complaint.json
It shows your ballot to whoever reads it.")]
pub struct Complain {
    /// The file that `symbolon vote cast` wrote.
    receipt: PathBuf,
    #[command(flatten)]
    paper: PaperOptions,
    /// The complaint.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Receipt {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Check(command) => command.run(context),
            Self::Complain(command) => command.run(context),
        }
    }
}

impl Check {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let record = read(&self.receipt)?;
        let paper = self.paper.load(record.receipt.election)?;
        let verified = verify(record, paper.manifest())?;
        let include_by = verified.receipt().receipt().include_by;
        let choices: Vec<_> = verified.ballot().selections().questions().collect();
        Ok(Report::new(json!({
            "valid": true, "election": paper.election().to_string(),
            "entryHash": verified.ballot().entry_hash().to_string(),
            "gateway": verified.receipt().gateway().to_0x(),
            "includeBy": include_by, "due": include_by < context.now, "choices": choices,
        }))
        .facts([
            (
                "receipt",
                "good: a gateway of the election promised this ballot".into(),
            ),
            ("ballot", verified.ballot().entry_hash().to_string()),
            ("on the ledger by", words::utc(include_by)),
        ]))
    }
}

impl Complain {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let gateway = self.paper.gateway()?;
        let record = read(&self.receipt)?;
        let paper = self.paper.load(record.receipt.election)?;
        let complaint = record.to_json();
        let verified = verify(record, paper.manifest())?;
        let include_by = verified.receipt().receipt().include_by;
        if context.now <= include_by {
            return Err(Error::failed(
                format!("the gateway has time until {}", words::utc(include_by)),
                "Come back after that.",
            ));
        }
        let hash = verified.ballot().entry_hash();
        let standing = gateway.standing(&hash);
        if let Ok(Standing::Included(inclusion)) = &standing {
            let keys = gateway.ledger_keys(paper.manifest())?;
            let in_time = inclusion
                .verify(&hash, &keys)
                .is_ok_and(|(_, seen)| seen <= include_by);
            if in_time {
                return Err(Error::failed(
                    format!(
                        "the promise was kept: entry {} of the ledger",
                        inclusion.index
                    ),
                    "There is nothing to complain about.",
                ));
            }
        }
        files::write(&self.out, &complaint, Access::Private)?;
        Ok(Report::new(
            json!({"complaint": self.out, "entryHash": hash.to_string(), "includeBy": include_by}),
        )
        .line(format!("{} holds ballot and receipt.", self.out.display()))
        .line("A later ballot of yours on the ledger keeps the promise too; an observer decides:")
        .line(format!(
            "  symbolon-observer verify SOURCE --complaint {}",
            self.out.display()
        )))
    }
}

fn read(path: &std::path::Path) -> Result<Complaint, Error> {
    Complaint::parse(&files::read(path)?).map_err(|e| Error::unreadable_file(path, e))
}

fn verify(
    record: Complaint,
    manifest: &symbolon_election::VerifiedManifest,
) -> Result<VerifiedComplaint, Error> {
    record.verify(manifest).map_err(|e| {
        Error::failed(
            format!("the receipt is not good: {e}"),
            "It proves nothing; cast the ballot again while the election is open.",
        )
    })
}
