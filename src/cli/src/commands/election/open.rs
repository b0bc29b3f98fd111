use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use symbolon_api_closed::admin::OpenElectionRequest;
use symbolon_election::Entry;

use super::{TrustOption, elections};
use crate::{Context, Error, context::refused, output::Report, statements};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/organiser-main.toml election open draft

DIR holds manifest.json, roll-statement.json and the officers' signature files.")]
pub struct Open {
    /// The draft's folder.
    dir: PathBuf,
    /// Signature files that lie elsewhere.
    #[arg(long, value_name = "FILE")]
    signature: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustOption,
}

impl Open {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let mut files = statements::signature_files(&self.dir)?;
        files.extend(self.signature.iter().cloned());
        let manifest = self.entry("manifest.json", &files)?;
        let roll_statement = self.entry("roll-statement.json", &files)?;
        let election = context.call(|channel| async {
            let mut client = elections(channel);
            let trust = self.trust.load(&mut client).await?;
            let (Entry::Manifest(unverified), Entry::RollStatement(roll)) =
                (&manifest, &roll_statement)
            else {
                return Err(Error::unreadable_file(
                    &self.dir,
                    "not a manifest and its roll statement",
                ));
            };
            let verified = unverified
                .clone()
                .verify(&trust)
                .map_err(statements::unsigned)?;
            roll.clone()
                .verify(&verified)
                .map_err(statements::unsigned)?;
            let request = OpenElectionRequest {
                manifest: manifest.encode(),
                roll_statement: roll_statement.encode(),
            };
            client.open_election(request).await.map_err(refused)?;
            Ok(verified.election())
        })?;
        Ok(Report::new(json!({"election": election.to_string(), "state": "open"}))
            .line(format!("Election {election} is public."))
            .line("Next: `symbolon election export DIR` for gateways without a route to the vault."))
    }

    fn entry(&self, name: &str, files: &[PathBuf]) -> Result<Entry, Error> {
        let (statement, domain) = statements::read_statement(&self.dir.join(name))?;
        statements::assemble(statement, &domain, files)
    }
}
