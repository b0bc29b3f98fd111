use std::path::PathBuf;

use clap::Args;
use symbolon_api_closed::admin::{PrepareRotationRequest, RotateIssuerRequest};
use symbolon_election::{ElectionId, Entry, Statement};

use super::{
    TrustOption, elections,
    stages::{Signed, other_statement, written},
};
use crate::{Context, Error, context::refused, output::Report, statements};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/organiser-main.toml election prepare-rotation 3f5c… --out rotating

The key that will sign waits in the vault from here on, and asking again gives the same one.
--anew replaces it: whoever stole the ring while it waited has it too.")]
pub struct PrepareRotation {
    /// The election's ID.
    election: ElectionId,
    /// Another key where one waits already.
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    trust: TrustOption,
    /// Where issuer-rotation.json goes.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/organiser-main.toml election rotate rotating

DIR holds issuer-rotation.json and the officers' signature files. From here on another key signs tokens;
those of before go on counting. Gateways without a route to the vault need `symbolon election export` at once.")]
pub struct Rotate {
    #[command(flatten)]
    signed: Signed,
}

impl PrepareRotation {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let (statement, domain) = context.call(|channel| async {
            let mut client = elections(channel);
            let trust = self.trust.load(&mut client).await?;
            let request = PrepareRotationRequest {
                election: self.election.as_bytes().to_vec(),
                anew: self.anew,
            };
            let answer = client.prepare_rotation(request).await.map_err(refused)?;
            let draft = statements::draft_of(&answer.into_inner().rotation)?;
            Ok((draft, trust.domain().clone()))
        })?;
        let right = matches!(&statement, Statement::IssuerRotation(rotation)
            if rotation.election == self.election);
        if !right {
            return Err(Error::unreadable(
                "the vault's draft",
                "not a rotation of this election's token key",
            ));
        }
        written(&self.out.join("issuer-rotation.json"), &statement, &domain)
    }
}

impl Rotate {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        self.signed.submit(
            context,
            "issuer-rotation.json",
            "rotated",
            async |mut client, entry, manifest| {
                let Entry::IssuerRotation(unverified) = &entry else {
                    return Err(other_statement());
                };
                unverified
                    .clone()
                    .verify(&manifest)
                    .map_err(statements::unsigned)?;
                let request = RotateIssuerRequest {
                    rotation: entry.encode(),
                };
                client.rotate_issuer(request).await.map_err(refused)?;
                Ok(())
            },
        )
    }
}
