mod draft;
mod folder;
mod show;

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_api_closed::admin::{
    CancelProposalRequest, GetSealStatusRequest, ListProposalsRequest, Proposal,
    SubmitProposalRequest, proposals_client::ProposalsClient, seal_client::SealClient,
};
use symbolon_election::{Digest, InstallationId, TrustFile, proposal::Action, words};
use tonic::transport::Channel;

use super::election::{elections, fetch_trust};

use crate::{
    Context, Error,
    context::refused,
    output::{Report, Table, printable},
};
use folder::Folder;

#[derive(Subcommand)]
pub enum Proposals {
    /// Writes a proposal for the officers to sign.
    #[command(subcommand)]
    Draft(draft::Draft),
    /// Hands in the signatures of a proposal's folder; with enough of them it is done.
    Sign(Sign),
    /// Shows all proposals.
    List(List),
    /// Shows one in plain words, or writes it out to be signed.
    Show(show::Show),
    /// Ends a proposal that is open.
    Cancel(Cancel),
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon officer sign --key officer-one.json resume/proposal.json
  symbolon --profile pki/officer-one.toml proposals sign resume

Signatures of several officers may lie in the folder, or come one by one from different machines.")]
pub struct Sign {
    /// The folder with proposal.json, content.json and signature files.
    folder: std::path::PathBuf,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals list")]
pub struct List {}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/officer-one.toml proposals cancel 4b1d…\n\nAny one officer may."
)]
pub struct Cancel {
    /// The proposal's digest.
    digest: Digest,
}

impl Proposals {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Draft(command) => command.run(context),
            Self::Sign(command) => command.run(context),
            Self::List(_) => list(context),
            Self::Show(command) => command.run(context),
            Self::Cancel(command) => command.run(context),
        }
    }
}

impl Sign {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let folder = Folder::read(&self.folder)?;
        let signatures = folder.signatures()?;
        let proposal = context.call(|channel| async {
            let (mut client, mut last) = (ProposalsClient::new(channel), None);
            for signature in signatures {
                // With each its content: whoever comes first hands the proposal in.
                let request = SubmitProposalRequest {
                    nonce: folder.proposal.nonce.as_bytes().to_vec(),
                    expires: folder.proposal.expires,
                    content: folder.content.clone(),
                    signature: signature.as_bytes().to_vec(),
                };
                let answer = client.submit_proposal(request).await.map_err(refused)?;
                last = answer.into_inner().proposal;
            }
            Ok(last)
        })?;
        let proposal = proposal.ok_or_else(folder::unsigned)?;
        Ok(show::report(&proposal))
    }
}

impl Cancel {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let digest = self.digest.as_bytes().to_vec();
        let proposal = context.call(|channel| async {
            let request = CancelProposalRequest { digest };
            let answer = ProposalsClient::new(channel).cancel_proposal(request).await;
            Ok(answer.map_err(refused)?.into_inner().proposal)
        })?;
        Ok(show::report(&proposal.unwrap_or_default()))
    }
}

fn list(context: &Context) -> Result<Report, Error> {
    let mut proposals = context.call(|channel| async {
        let (mut client, mut all, mut after) = (ProposalsClient::new(channel), vec![], vec![]);
        loop {
            let answer = client.list_proposals(ListProposalsRequest { after }).await;
            let page = answer.map_err(refused)?.into_inner();
            all.extend(page.proposals);
            match page.next.is_empty() {
                true => return Ok(all),
                false => after = page.next,
            }
        }
    })?;
    proposals.sort_by_key(|proposal| proposal.submitted);
    let mut table = Table::new(&[
        "proposal",
        "what",
        "signed",
        "state",
        "handed in",
        "expires",
    ]);
    for proposal in &proposals {
        table.row([
            hex::encode(&proposal.digest),
            name(proposal),
            format!("{} of {}", proposal.signers.len(), proposal.threshold),
            printable(&proposal.state),
            words::utc(proposal.submitted),
            words::utc(proposal.expires),
        ]);
    }
    let values: Vec<_> = proposals.iter().map(show::value).collect();
    let report = Report::new(json!({ "proposals": values }));
    Ok(match proposals.is_empty() {
        true => report.line("There are no proposals."),
        false => report.table(&table),
    })
}

/// Where a proposal belongs: the vault's installation, and the ledger whose domain it is signed in.
pub(super) async fn place(channel: Channel) -> Result<(InstallationId, TrustFile), Error> {
    let status = SealClient::new(channel.clone())
        .get_seal_status(GetSealStatusRequest {})
        .await;
    let installation = status.map_err(refused)?.into_inner().installation;
    let installation = InstallationId::from_slice(&installation)
        .map_err(|e| Error::unreadable("the vault's answer", e))?;
    let trust = fetch_trust(&mut elections(channel)).await?;
    Ok((installation, trust))
}

fn name(proposal: &Proposal) -> String {
    let action = Action::parse(&proposal.content);
    action.map_or("unknown", |action| action.name()).to_owned()
}
