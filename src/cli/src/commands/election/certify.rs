use std::path::PathBuf;

use clap::Args;
use symbolon_api_closed::admin::CertifyElectionRequest;
use symbolon_election::{Certified, ElectionId, Entry, Statement, words};
use symbolon_ledger::{ElectionReport, Stage, Verdict};

use super::stages::{Signed, other_statement, written};
use crate::{
    Context, Error,
    context::refused,
    files::{self, Access},
    ledger_view::LogOption,
    output::Report,
    statements,
};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon election prepare-certify 3f5c… --source https://gateway.city.example/log --trust trust.json --out certifying

Reads the whole log (a folder or a URL), verifies it, tallies, and writes certified.json for the officers
to sign, with tally.json beside it. Refused before closes and grace are over, before Close, and where
anything on the log is violated or missing. Needs no service. Where the ledger is a contract, a node of
its chain gives the entries (--rpc URL, with the feature `ethereum`), and SOURCE rolls and contents.")]
pub struct PrepareCertify {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    log: LogOption,
    /// Where certified.json and tally.json go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election certify certifying\n\nDIR holds certified.json and the officers' signature files."
)]
pub struct Certify {
    #[command(flatten)]
    signed: Signed,
}

impl PrepareCertify {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let (mut view, trust) = self.log.open()?;
        let report = view.verify(&trust)?;
        check_verdict(&report.verdict)?;
        let found = report
            .elections
            .iter()
            .find(|report| report.election == self.election);
        let found = found.ok_or_else(|| {
            Error::failed("this election is not on the log", "Check ID and source.")
        })?;
        check_stage(found, context.now)?;
        let end = found.closes.saturating_add(found.grace);
        if view.settled_until().is_some_and(|time| time <= end) {
            return Err(Error::failed(
                "ballots that are still in time may stand in blocks that aren't settled yet",
                "Come back in a few blocks.",
            ));
        }
        let size = found.tally.ledger_size;
        let head = view
            .head_at(size)
            .ok_or_else(|| Error::unreadable("the log", "has no head"))?;
        let statement = Statement::Certified(Certified {
            election: self.election,
            ledger_size: size,
            ledger_head: head,
            tally_hash: found.tally_hash,
        });
        files::write(
            &self.out.join("tally.json"),
            &found.tally.to_json(),
            Access::Public,
        )?;
        let written = written(&self.out.join("certified.json"), &statement, trust.domain())?;
        Ok(tally_lines(written, found))
    }
}

fn tally_lines(mut report: Report, found: &ElectionReport) -> Report {
    report = report.line(format!(
        "Counted: {} of {} ballots; {} places in the roll.",
        found.tally.counted, found.tally.ballots, found.tally.roll_size
    ));
    for (at, question) in found.tally.questions.iter().enumerate() {
        let options: Vec<_> = question.options.iter().map(u64::to_string).collect();
        report = report.line(format!(
            "Question {}: {}; blank {}",
            at + 1,
            options.join(", "),
            question.blank
        ));
    }
    report
}

fn check_verdict(verdict: &Verdict) -> Result<(), Error> {
    let named = match verdict {
        Verdict::Verified => return Ok(()),
        Verdict::Incomplete { gaps } => gaps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        Verdict::Violated { violations, .. } => {
            violations.iter().map(ToString::to_string).collect()
        }
    };
    let some: Vec<_> = named.into_iter().take(5).collect();
    Err(Error::failed(
        format!(
            "the log is not verified: {}",
            crate::output::printable(&some.join("; "))
        ),
        "`symbolon-observer verify` shows all that was found. Nothing is certified.",
    ))
}

fn check_stage(found: &ElectionReport, now: u64) -> Result<(), Error> {
    let end = found.closes.saturating_add(found.grace);
    if now <= end {
        return Err(Error::failed(
            format!("ledgers take ballots until {}", words::utc(end)),
            "Come back after that.",
        ));
    }
    match found.stage {
        Stage::Closed => Ok(()),
        Stage::Certified => Err(Error::failed(
            "the election is certified already",
            "There is nothing to do.",
        )),
        Stage::Cancelled => Err(Error::failed(
            "the election was cancelled",
            "There is nothing to certify.",
        )),
        Stage::Announced | Stage::Open => Err(Error::failed(
            "no Close is on the log yet",
            "`symbolon election prepare-close` comes first.",
        )),
    }
}

impl Certify {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        self.signed.submit(
            context,
            "certified.json",
            "certified",
            async |mut client, entry, manifest| {
                let Entry::Certified(unverified) = &entry else {
                    return Err(other_statement());
                };
                unverified
                    .clone()
                    .verify(&manifest)
                    .map_err(statements::unsigned)?;
                let request = CertifyElectionRequest {
                    certified: entry.encode(),
                };
                client.certify_election(request).await.map_err(refused)?;
                Ok(())
            },
        )
    }
}
