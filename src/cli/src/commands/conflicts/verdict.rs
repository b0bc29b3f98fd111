//! Verdicts on tickets: a folder with `verdict.json` to sign, and signature files.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use symbolon_api_closed::admin::{
    GetConflictRequest, SignVerdictRequest, conflicts_client::ConflictsClient,
};
use symbolon_election::{Statement, TicketId, Verdict};

use super::super::proposals::place;
use crate::{
    Context, Error,
    context::refused,
    files,
    output::{Report, printable},
    statements,
};

const VERDICT: &str = "verdict.json";

#[derive(Args)]
#[command(after_help = "\
Examples:
  symbolon --profile pki/registrar-one.toml conflicts settle 7 same --out verdict
  symbolon --profile pki/registrar-one.toml conflicts settle 8 different --out verdict

Then each registrar signs verdict/verdict.json: symbolon officer sign")]
pub struct Settle {
    /// The ticket's number.
    ticket: u64,
    /// Whether the person asked about is the one who is known.
    verdict: Which,
    /// The new folder.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// What registrars say.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Which {
    /// They are one person.
    Same,
    /// They are two people.
    Different,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon officer sign --key registrar-one.json verdict/verdict.json
  symbolon --profile pki/registrar-one.toml conflicts sign verdict

Signatures of both registrars may lie in the folder, or come one by one from different machines.")]
pub struct Sign {
    /// The folder with verdict.json and signature files.
    folder: PathBuf,
}

impl Settle {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let ticket = self.ticket;
        let (conflict, (installation, trust)) = context.call(|channel| async move {
            let request = GetConflictRequest { ticket };
            let answer = ConflictsClient::new(channel.clone())
                .get_conflict(request)
                .await;
            let conflict = answer.map_err(refused)?.into_inner().conflict;
            Ok((conflict.unwrap_or_default(), place(channel).await?))
        })?;
        let id = TicketId::from_slice(&conflict.id)
            .map_err(|e| Error::unreadable("the vault's answer", e))?;
        let statement = Statement::Verdict(Verdict {
            installation,
            ticket: id,
            same: self.verdict == Which::Same,
        });
        std::fs::create_dir_all(&self.out).map_err(|e| Error::unreadable_file(&self.out, e))?;
        let file = self.out.join(VERDICT);
        files::refuse_existing(&file)?;
        statements::write_statement(&file, &statement, trust.domain())?;
        let digest = statement.digest(trust.domain());
        let report = Report::new(json!({
            "digest": digest.to_string(), "ticket": ticket, "folder": self.out,
        }));
        let lines = statement.in_words(trust.domain()).into_iter();
        let report = lines.fold(report, |report, line| report.line(printable(&line)));
        Ok(report.facts([("folder", self.out.display().to_string())]))
    }
}

impl Sign {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let file = self.folder.join(VERDICT);
        let (statement, domain) = statements::read_statement(&file)?;
        let Statement::Verdict(verdict) = &statement else {
            return Err(Error::unreadable_file(&file, "it is no verdict"));
        };
        let files = statements::signature_files(&self.folder)?;
        let signatures = statements::signatures_on(&statement, &domain, &files)?;
        let conflict = context.call(|channel| async {
            let (mut client, mut last) = (ConflictsClient::new(channel), None);
            for signature in signatures {
                let request = SignVerdictRequest {
                    id: verdict.ticket.as_bytes().to_vec(),
                    same: verdict.same,
                    signature: signature.as_bytes().to_vec(),
                };
                let answer = client.sign_verdict(request).await.map_err(refused)?;
                last = answer.into_inner().conflict;
            }
            Ok(last)
        })?;
        let conflict = conflict.ok_or_else(|| statements::signed_by_nobody(VERDICT))?;
        Ok(super::report(&conflict))
    }
}
