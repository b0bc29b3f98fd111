use std::path::PathBuf;

use clap::Args;
use symbolon_api_closed::admin::{DraftRollAdditionRequest, ExtendRollRequest};
use symbolon_election::{ElectionId, Entry, Statement};

use super::{
    TrustOption, elections,
    stages::{Signed, other_statement, written},
};
use crate::{Context, Error, context::refused, output::Report, statements};

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election prepare-extend 3f5c… --out extending\n\nWhere the manifest allows it: people who joined the electorate since, at least so many at a time."
)]
pub struct PrepareExtend {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    trust: TrustOption,
    /// Where roll-statement.json goes.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election extend extending\n\nDIR holds roll-statement.json and the officers' signature files."
)]
pub struct Extend {
    #[command(flatten)]
    signed: Signed,
}

impl PrepareExtend {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let (statement, domain) = context.call(|channel| async {
            let mut client = elections(channel);
            let trust = self.trust.load(&mut client).await?;
            let request = DraftRollAdditionRequest {
                election: self.election.as_bytes().to_vec(),
            };
            let answer = client.draft_roll_addition(request).await.map_err(refused)?;
            let draft = statements::draft_of(&answer.into_inner().roll_statement)?;
            Ok((draft, trust.domain().clone()))
        })?;
        let right = matches!(&statement, Statement::RollStatement(roll)
            if roll.election == self.election && roll.sequence > 0);
        if !right {
            return Err(Error::unreadable(
                "the vault's draft",
                "not an addition to this election's roll",
            ));
        }
        written(&self.out.join("roll-statement.json"), &statement, &domain)
    }
}

impl Extend {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        self.signed.submit(
            context,
            "roll-statement.json",
            "extended",
            async |mut client, entry, manifest| {
                let Entry::RollStatement(unverified) = &entry else {
                    return Err(other_statement());
                };
                unverified
                    .clone()
                    .verify(&manifest)
                    .map_err(statements::unsigned)?;
                let request = ExtendRollRequest {
                    roll_statement: entry.encode(),
                };
                client.extend_roll(request).await.map_err(refused)?;
                Ok(())
            },
        )
    }
}
