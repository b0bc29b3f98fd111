use std::{path::PathBuf, time::Duration};

use clap::Args;
use serde_json::json;
use symbolon_election::ElectionId;
use symbolon_voter::{ElectionKeys, Token, open_token, request};

use super::options::{CaOption, DeviceOption, LoginOptions, PaperOptions, TrustOption};
use crate::{
    Context, Error,
    device::{Paper, Portal, TokenFile},
    files::{self, Access},
    output::Report,
};

/// How often an election is fetched anew, and how long to wait before.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Args)]
#[command(after_help = "\
Examples:
  symbolon vote request 3f5c… --device device.seed --trust trust.json --portal https://portal.city.example --login anna --out sealed-token
  symbolon vote request 3f5c… --device device.seed --trust trust.json --paper papers/3f5c….json --out sealed-request

With --portal the request is sent and the sealed token kept; without, the sealed request is written.
Asking again with the same device gets the same place.")]
pub struct Request {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    device: DeviceOption,
    #[command(flatten)]
    trust: TrustOption,
    /// The portal that passes the request on.
    #[arg(long, value_name = "URL", required_unless_present = "paper")]
    portal: Option<String>,
    #[command(flatten)]
    login: LoginOptions,
    #[command(flatten)]
    ca: CaOption,
    /// The election as `symbolon vote elections --save` wrote it.
    #[arg(long, value_name = "FILE")]
    paper: Option<PathBuf>,
    /// The sealed token, or the sealed request.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon vote open 3f5c… --device device.seed --trust trust.json --paper papers/3f5c….json --sealed sealed-token --out token.json"
)]
pub struct Open {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    device: DeviceOption,
    #[command(flatten)]
    paper: PaperOptions,
    /// The sealed token: its bytes, or 0x and hexadecimal.
    #[arg(long, value_name = "FILE")]
    sealed: PathBuf,
    /// The opened token.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Request {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let trust = self.trust.load()?;
        let keys = self.device.keys(self.election)?;
        let mut portal = None;
        if let Some(url) = &self.portal {
            let mut opened = Portal::new(self.ca.http(url)?);
            self.login.sign_in(&mut opened)?;
            portal = Some(opened);
        }
        let paper = match (&self.paper, &portal) {
            (Some(path), _) => Paper::read(path, &trust)?,
            (None, Some(portal)) => portal.elections(&trust)?.find(self.election)?,
            (None, None) => {
                return Err(Error::usage(
                    "nobody to ask",
                    "Name --portal URL or --paper FILE.",
                ));
            }
        };
        let sealed =
            request(&keys, paper.manifest(), context.now, &mut context.rng()).map_err(refused)?;
        let (kind, bytes) = match &portal {
            Some(portal) => ("sealedToken", portal.token(self.election, &sealed)?),
            None => ("sealedRequest", sealed),
        };
        files::write(&self.out, &bytes, Access::Private)?;
        let next = match &portal {
            Some(_) => "Next: `symbolon vote open`.",
            None => {
                "Next: hand it to the portal, and open what comes back with `symbolon vote open`."
            }
        };
        Ok(
            Report::new(json!({"election": self.election.to_string(), kind: self.out}))
                .line(format!("{} written.", self.out.display()))
                .line(next),
        )
    }
}

impl Open {
    pub(super) fn run(self) -> Result<Report, Error> {
        let paper = self.paper.load(self.election)?;
        let keys = self.device.keys(self.election)?;
        let sealed = sealed_bytes(&files::read(&self.sealed)?);
        let token = open_token(&keys, paper.manifest(), paper.issuers(), &sealed);
        let token = token.map_err(refused)?;
        let file = TokenFile::new(self.election, &token);
        file.write(&self.out)?;
        Ok(Report::new(json!({
            "election": self.election.to_string(), "token": self.out,
            "voterId": token.voter_id().to_string(), "rollIndex": token.roll_index().0,
        }))
        .facts([
            ("token", self.out.display().to_string()),
            ("voter ID", token.voter_id().to_string()),
            ("place in the roll", token.roll_index().to_string()),
        ])
        .line("The voter ID names your ballot on the public ledger: keep it to yourself."))
    }
}

/// A portal's answer may have been copied as text.
fn sealed_bytes(file: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(file)
        .ok()
        .and_then(|text| text.trim().strip_prefix("0x"));
    text.and_then(|text| hex::decode(text).ok())
        .unwrap_or_else(|| file.to_vec())
}

/// Opens a token. The officers may have let another key sign since the paper was read, and a portal
/// may pass on what it read a moment ago: it is fetched anew until it knows of that key.
pub(super) fn opened(
    mut paper: Paper,
    keys: &ElectionKeys,
    sealed: &[u8],
    newer: impl Fn() -> Result<Paper, Error>,
) -> Result<(Paper, Token), Error> {
    for _ in 0..TRIES {
        match open_token(keys, paper.manifest(), paper.issuers(), sealed) {
            Err(symbolon_voter::Error::Issuer) => {
                std::thread::sleep(PAUSE);
                paper = newer()?;
            }
            Err(error) => return Err(refused(error)),
            Ok(token) => return Ok((paper, token)),
        }
    }
    Err(refused(symbolon_voter::Error::Issuer))
}

/// What a device itself refuses to do.
pub(super) fn refused(error: symbolon_voter::Error) -> Error {
    let next = match error {
        symbolon_voter::Error::NotOpen => "Wait until it opens.",
        symbolon_voter::Error::Closed => "It is too late for this election.",
        symbolon_voter::Error::DoesNotOpen => {
            "Ask again with this device. If it stays so, somebody altered the token: tell the officers."
        }
        symbolon_voter::Error::Issuer => {
            "The officers may have let another key sign: read the election anew with `symbolon vote elections`, \
             and ask again with this device. If it stays so, tell the officers."
        }
        _ => "Check the device, the election and the trust file.",
    };
    Error::failed(error.to_string(), next)
}
