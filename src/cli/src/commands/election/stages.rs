use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use symbolon_api_closed::admin::{
    CancelElectionRequest, CloseElectionRequest, PrepareCloseRequest,
    elections_client::ElectionsClient,
};
use symbolon_election::{Cancelled, Domain, ElectionId, Entry, Statement, VerifiedManifest};
use tonic::transport::Channel;

use super::{TrustOption, elections};
use crate::{
    Context, Error,
    context::refused,
    output::{Report, printable},
    statements,
};

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election prepare-close 3f5c… --out closing"
)]
pub struct PrepareClose {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    trust: TrustOption,
    /// Where close.json goes.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election close closing\n\nDIR holds close.json and the officers' signature files."
)]
pub struct Close {
    #[command(flatten)]
    signed: Signed,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election prepare-cancel 3f5c… --out cancelling"
)]
pub struct PrepareCancel {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    trust: TrustOption,
    /// Where cancelled.json goes.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election cancel cancelling\n\nDIR holds cancelled.json and the officers' signature files. There is no way back."
)]
pub struct Cancel {
    #[command(flatten)]
    signed: Signed,
}

/// A folder with a statement and its signatures.
#[derive(Args)]
pub(super) struct Signed {
    /// The statement's folder.
    dir: PathBuf,
    /// Signature files that lie elsewhere.
    #[arg(long, value_name = "FILE")]
    signature: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustOption,
}

impl PrepareClose {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let (statement, domain) = context.call(|channel| async {
            let mut client = elections(channel);
            let trust = self.trust.load(&mut client).await?;
            let request = PrepareCloseRequest {
                election: self.election.as_bytes().to_vec(),
            };
            let answer = client
                .prepare_close(request)
                .await
                .map_err(refused)?
                .into_inner();
            Ok((statements::draft_of(&answer.close)?, trust.domain().clone()))
        })?;
        let right =
            matches!(&statement, Statement::Close(close) if close.election == self.election);
        if !right {
            return Err(Error::unreadable(
                "the vault's draft",
                "not the Close of this election",
            ));
        }
        written(&self.out.join("close.json"), &statement, &domain)
    }
}

impl PrepareCancel {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let domain = context.call(|channel| async {
            let mut client = elections(channel);
            let trust = self.trust.load(&mut client).await?;
            super::manifest(&mut client, self.election, &trust).await?;
            Ok(trust.domain().clone())
        })?;
        let statement = Statement::Cancelled(Cancelled {
            election: self.election,
        });
        written(&self.out.join("cancelled.json"), &statement, &domain)
    }
}

impl Close {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        self.signed.submit(
            context,
            "close.json",
            "closed",
            async |mut client, entry, manifest| {
                let Entry::Close(unverified) = &entry else {
                    return Err(other_statement());
                };
                unverified
                    .clone()
                    .verify(&manifest)
                    .map_err(statements::unsigned)?;
                let request = CloseElectionRequest {
                    close: entry.encode(),
                };
                client.close_election(request).await.map_err(refused)?;
                Ok(())
            },
        )
    }
}

impl Cancel {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        self.signed.submit(
            context,
            "cancelled.json",
            "cancelled",
            async |mut client, entry, manifest| {
                let Entry::Cancelled(unverified) = &entry else {
                    return Err(other_statement());
                };
                unverified
                    .clone()
                    .verify(&manifest)
                    .map_err(statements::unsigned)?;
                let request = CancelElectionRequest {
                    cancelled: entry.encode(),
                };
                client.cancel_election(request).await.map_err(refused)?;
                Ok(())
            },
        )
    }
}

impl Signed {
    /// Collects the signatures, fetches the manifest to check them, and hands the entry over.
    pub(super) fn submit(
        self,
        context: &Context,
        name: &str,
        state: &str,
        send: impl AsyncFnOnce(ElectionsClient<Channel>, Entry, VerifiedManifest) -> Result<(), Error>,
    ) -> Result<Report, Error> {
        let mut files = statements::signature_files(&self.dir)?;
        files.extend(self.signature.iter().cloned());
        let path = self.dir.join(name);
        let (statement, domain) = statements::read_statement(&path)?;
        let election = statement
            .election(&domain)
            .ok_or_else(|| Error::unreadable_file(&path, "belongs to no election"))?;
        let entry = statements::assemble(statement, &domain, &files)?;
        context.call(|channel| async {
            let mut client = elections(channel);
            let trust = self.trust.load(&mut client).await?;
            let manifest = super::manifest(&mut client, election, &trust).await?;
            send(client, entry, manifest).await
        })?;
        Ok(
            Report::new(json!({"election": election.to_string(), "state": state}))
                .line(format!("Election {election} is {state}.")),
        )
    }
}

pub(super) fn other_statement() -> Error {
    Error::unreadable("the statement", "another one than its file's name says")
}

/// Writes a statement for officers to sign, and shows it.
pub(super) fn written(
    path: &Path,
    statement: &Statement,
    domain: &Domain,
) -> Result<Report, Error> {
    statements::write_statement(path, statement, domain)?;
    let digest = statement.digest(domain);
    let mut report = Report::new(json!({"file": path, "digest": format!("0x{digest}")}));
    for line in statement.in_words(domain) {
        report = report.line(printable(&line));
    }
    Ok(report.line(format!("Next: officers sign {}.", path.display())))
}
