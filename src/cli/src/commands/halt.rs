use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_api_closed::admin::{
    Halt as Halted, ListHaltsRequest, RevokeCertificateRequest, StopIssuanceRequest,
    SuspendPortalRequest, halt::What, halts_client::HaltsClient,
};
use symbolon_election::{ElectionId, words};

use super::serial::SerialNumber;
use crate::{
    Context, Error,
    context::refused,
    output::{Report, Table, printable},
};

#[derive(Subcommand)]
pub enum Halt {
    /// Stops the issuing of an election's tokens at once.
    Issuance(Issuance),
    /// Suspends a portal at once.
    Portal(Portal),
    /// Revokes a certificate at once, also on connections that are open.
    Certificate(Certificate),
    /// Shows what stands still.
    List(List),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/officer-one.toml halt issuance 0a9c…\n\nAny one officer may. Going on needs a proposal: symbolon proposals draft resume-issuance"
)]
pub struct Issuance {
    /// The election's ID.
    election: ElectionId,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/officer-one.toml halt portal main\n\nAny one officer may. Going on needs a proposal: symbolon proposals draft resume-portal"
)]
pub struct Portal {
    /// The name in the portal's certificate.
    name: String,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/officer-one.toml halt certificate 5b0c…\n\n`symbolon pki list` and `openssl x509 -noout -serial -in FILE` show serial numbers. Any one\nofficer may. Going on needs another certificate, or a proposal: symbolon proposals draft\nrestore-certificate"
)]
pub struct Certificate {
    /// Its serial number, hexadecimal.
    serial: SerialNumber,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml halt list")]
pub struct List {}

impl Halt {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Issuance(command) => command.run(context),
            Self::Portal(command) => command.run(context),
            Self::Certificate(command) => command.run(context),
            Self::List(_) => list(context),
        }
    }
}

impl Issuance {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let election = self.election.as_bytes().to_vec();
        context.call(|channel| async {
            let request = StopIssuanceRequest { election };
            let answer = HaltsClient::new(channel).stop_issuance(request).await;
            answer.map(drop).map_err(refused)
        })?;
        let id = self.election.to_string();
        Ok(Report::new(json!({"stopped": id}))
            .line("No token of this election is issued any more."))
    }
}

impl Portal {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let portal = self.name.clone();
        context.call(|channel| async {
            let request = SuspendPortalRequest { portal };
            let answer = HaltsClient::new(channel).suspend_portal(request).await;
            answer.map(drop).map_err(refused)
        })?;
        Ok(Report::new(json!({"suspended": self.name})).line("The portal's calls are refused."))
    }
}

impl Certificate {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let serial = self.serial.as_bytes().to_vec();
        context.call(|channel| async {
            let request = RevokeCertificateRequest { serial };
            let answer = HaltsClient::new(channel).revoke_certificate(request).await;
            answer.map(drop).map_err(refused)
        })?;
        let serial = self.serial.to_string();
        Ok(Report::new(json!({"revoked": serial}))
            .line("The vault takes no certificate of this serial number any more."))
    }
}

fn list(context: &Context) -> Result<Report, Error> {
    let halts = context.call(|channel| async {
        let answer = HaltsClient::new(channel)
            .list_halts(ListHaltsRequest {})
            .await;
        Ok(answer.map_err(refused)?.into_inner().halts)
    })?;
    let mut table = Table::new(&["stands still", "which", "since"]);
    let mut values = Vec::new();
    for halt in &halts {
        let (what, which) = words_of(halt);
        table.row([what.to_owned(), printable(&which), words::utc(halt.since)]);
        values.push(json!({"what": what, "which": which, "since": halt.since}));
    }
    let report = Report::new(json!({ "halts": values }));
    Ok(match halts.is_empty() {
        true => report.line("Nothing stands still."),
        false => report.table(&table),
    })
}

fn words_of(halt: &Halted) -> (&'static str, String) {
    match &halt.what {
        Some(What::Election(id)) => ("issuance", hex::encode(id)),
        Some(What::Portal(name)) => ("portal", name.clone()),
        Some(What::Certificate(serial)) => ("certificate", hex::encode(serial)),
        None => ("unknown", String::new()),
    }
}
