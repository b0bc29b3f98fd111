mod certify;
mod draft;
mod export;
mod extend;
mod ledger_keys;
mod open;
mod rotate;
mod settings;
mod show;
mod stages;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use symbolon_api_closed::admin::{
    GetElectionRequest, GetTrustFileRequest, elections_client::ElectionsClient,
};
use symbolon_election::{ElectionId, Entry, TrustFile, VerifiedManifest};
use tonic::transport::Channel;

use crate::{Context, Error, context::refused, output::Report, statements};

#[derive(Subcommand)]
pub enum Election {
    /// Writes the list of log and witness keys that a draft names.
    LedgerKeys(ledger_keys::MakeLedgerKeys),
    /// Drafts an election: writes manifest and roll statement for the officers to sign.
    Draft(draft::Draft),
    /// Opens a draft that enough officers have signed.
    Open(open::Open),
    /// Writes an addition to an extensible roll, for the officers to sign.
    PrepareExtend(extend::PrepareExtend),
    /// Extends a roll with the officers' signatures.
    Extend(extend::Extend),
    /// Writes the rotation of an open election's token key, for the officers to sign.
    PrepareRotation(rotate::PrepareRotation),
    /// Lets another key sign tokens, with the officers' signatures.
    Rotate(rotate::Rotate),
    /// After closes: writes the Close statement for the officers to sign.
    PrepareClose(stages::PrepareClose),
    /// Closes an election with the officers' signatures.
    Close(stages::Close),
    /// After closes and grace: verifies the log, tallies, and writes the result for the officers to sign.
    PrepareCertify(certify::PrepareCertify),
    /// Certifies the result with the officers' signatures.
    Certify(certify::Certify),
    /// Writes the statement that cancels an election, for the officers to sign.
    PrepareCancel(stages::PrepareCancel),
    /// Cancels an election with the officers' signatures.
    Cancel(stages::Cancel),
    /// Shows all elections.
    List(show::List),
    /// Shows one election.
    Show(show::Show),
    /// Writes all that a gateway needs into a folder.
    Export(export::Export),
    /// Writes the trust file that the city publishes.
    Trust(export::Trust),
}

/// Whose officers count.
#[derive(Args)]
struct TrustOption {
    /// The city's trust file; the vault's own word where absent.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

impl Election {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::LedgerKeys(command) => command.run(),
            Self::Draft(command) => command.run(context),
            Self::Open(command) => command.run(context),
            Self::PrepareExtend(command) => command.run(context),
            Self::Extend(command) => command.run(context),
            Self::PrepareRotation(command) => command.run(context),
            Self::Rotate(command) => command.run(context),
            Self::PrepareClose(command) => command.run(context),
            Self::Close(command) => command.run(context),
            Self::PrepareCertify(command) => command.run(context),
            Self::Certify(command) => command.run(context),
            Self::PrepareCancel(command) => command.run(context),
            Self::Cancel(command) => command.run(context),
            Self::List(command) => command.run(context),
            Self::Show(command) => command.run(context),
            Self::Export(command) => command.run(context),
            Self::Trust(command) => command.run(context),
        }
    }
}

/// Contents of many elections, or many leaves of a roll.
const LARGEST_ANSWER: usize = 64 << 20;

pub(super) fn elections(channel: Channel) -> ElectionsClient<Channel> {
    ElectionsClient::new(channel).max_decoding_message_size(LARGEST_ANSWER)
}

impl TrustOption {
    async fn load(&self, client: &mut ElectionsClient<Channel>) -> Result<TrustFile, Error> {
        match &self.trust {
            Some(path) => statements::read_trust(path),
            None => fetch_trust(client).await,
        }
    }
}

/// The vault's own trust file.
pub(super) async fn fetch_trust(client: &mut ElectionsClient<Channel>) -> Result<TrustFile, Error> {
    let answer = client
        .get_trust_file(GetTrustFileRequest {})
        .await
        .map_err(refused)?;
    TrustFile::parse(&answer.into_inner().trust)
        .map_err(|e| Error::unreadable("the vault's trust file", e))
}

/// An election's manifest, checked against the trust file.
async fn manifest(
    client: &mut ElectionsClient<Channel>,
    election: ElectionId,
    trust: &TrustFile,
) -> Result<VerifiedManifest, Error> {
    let request = GetElectionRequest {
        election: election.as_bytes().to_vec(),
    };
    let answer = client
        .get_election(request)
        .await
        .map_err(refused)?
        .into_inner();
    let entry = answer
        .election
        .map(|election| election.manifest)
        .unwrap_or_default();
    let wrong =
        |problem: &dyn std::fmt::Display| Error::unreadable("the election's manifest", problem);
    let Ok(Entry::Manifest(unverified)) = Entry::decode(&entry) else {
        return Err(wrong(&"not a manifest"));
    };
    let verified = unverified.verify(trust).map_err(|e| wrong(&e))?;
    match verified.election() == election {
        true => Ok(verified),
        false => Err(wrong(&"of another election")),
    }
}
