use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_api_closed::issuance::{
    GetParticipationRequest, IssueTokenRequest, issuance_client::IssuanceClient,
};
use symbolon_election::ElectionId;

use crate::{
    Context, Error,
    context::refused,
    files::{self, Access},
    output::Report,
};

#[derive(Subcommand)]
pub enum Token {
    /// Passes a device's sealed request on and keeps the sealed token; a portal can read neither.
    Relay(Relay),
    /// Whether a person may vote and has a token; never whether a ballot was cast.
    Participation(Participation),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/portal-main.toml token relay 3f5c… --registration-id 9a0b… --request sealed-request --out sealed-token"
)]
pub struct Relay {
    /// The election's ID.
    election: ElectionId,
    /// Who asks, by this portal's registration ID.
    #[arg(long, value_name = "ID")]
    registration_id: String,
    /// The sealed request, as `symbolon vote request` wrote it.
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// The sealed token.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/portal-main.toml token participation 3f5c… --registration-id 9a0b…"
)]
pub struct Participation {
    /// The election's ID.
    election: ElectionId,
    /// Who, by this portal's registration ID.
    #[arg(long, value_name = "ID")]
    registration_id: String,
}

impl Token {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Relay(command) => command.run(context),
            Self::Participation(command) => command.run(context),
        }
    }
}

impl Relay {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let request = IssueTokenRequest {
            registration_id: registration_id(&self.registration_id)?,
            election: self.election.as_bytes().to_vec(),
            sealed_request: files::read(&self.request)?.to_vec(),
        };
        let answer = context.call(|channel| async {
            let answer = IssuanceClient::new(channel).issue_token(request).await;
            Ok(answer.map_err(refused)?.into_inner())
        })?;
        files::write(&self.out, &answer.sealed_token, Access::Private)?;
        Ok(
            Report::new(json!({"election": self.election.to_string(), "sealedToken": self.out}))
                .line(format!("{} written.", self.out.display())),
        )
    }
}

impl Participation {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let request = GetParticipationRequest {
            registration_id: registration_id(&self.registration_id)?,
            election: self.election.as_bytes().to_vec(),
        };
        let answer = context.call(|channel| async {
            let answer = IssuanceClient::new(channel)
                .get_participation(request)
                .await;
            Ok(answer.map_err(refused)?.into_inner())
        })?;
        let yes_or_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        Ok(
            Report::new(json!({"eligible": answer.eligible, "issued": answer.issued})).facts([
                ("may vote", yes_or_no(answer.eligible)),
                ("has a token", yes_or_no(answer.issued)),
            ]),
        )
    }
}

fn registration_id(text: &str) -> Result<Vec<u8>, Error> {
    let mut id = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut id).map_err(|_| {
        Error::usage(
            "this is no registration ID",
            "Write its 64 hexadecimal digits.",
        )
    })?;
    Ok(id.to_vec())
}
