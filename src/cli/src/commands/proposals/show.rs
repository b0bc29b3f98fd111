use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use symbolon_api_closed::admin::{
    GetProposalRequest, Proposal as Given, proposals_client::ProposalsClient,
};
use symbolon_election::{Address, Digest, Nonce, Proposal, proposal::Action, words};

use super::{folder::Folder, name, place};
use crate::{
    Context, Error,
    context::refused,
    output::{Report, printable},
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  symbolon --profile pki/officer-two.toml proposals show 4b1d…
  symbolon --profile pki/officer-two.toml proposals show 4b1d… --out resume")]
pub struct Show {
    /// The proposal's digest.
    digest: Digest,
    /// Writes proposal.json and content.json to a new folder, to be signed.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Show {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let digest = self.digest.as_bytes().to_vec();
        let (proposal, (installation, trust)) = context.call(|channel| async {
            let proposal = ProposalsClient::new(channel.clone())
                .get_proposal(GetProposalRequest { digest })
                .await;
            let proposal = proposal.map_err(refused)?.into_inner().proposal;
            Ok((proposal, place(channel).await?))
        })?;
        let given = proposal.unwrap_or_default();
        if let Some(out) = &self.out {
            let wrong = |e| Error::unreadable("the vault's answer", e);
            let action = Action::parse(&given.content).map_err(wrong)?;
            let proposal = Proposal {
                installation,
                nonce: Nonce::from_slice(&given.nonce).map_err(wrong)?,
                expires: given.expires,
                content_hash: action.content_hash(),
            };
            let folder = Folder::write(out, proposal, trust.domain(), &action)?;
            if folder.digest() != self.digest {
                return Err(Error::failed(
                    "the vault's proposal has another digest than the one that was asked for",
                    "Don't sign what was written: ask who runs the vault.",
                ));
            }
        }
        Ok(report(&given))
    }
}

/// A proposal for machines.
pub(super) fn value(given: &Given) -> Value {
    json!({
        "digest": hex::encode(&given.digest), "what": name(given),
        "content": String::from_utf8_lossy(&given.content), "state": given.state,
        "signers": signers(given), "threshold": given.threshold,
        "submitted": given.submitted, "expires": given.expires, "decided": given.decided,
    })
}

/// A proposal in plain words.
pub(super) fn report(given: &Given) -> Report {
    let mut report = Report::new(value(given));
    let words = match Action::parse(&given.content) {
        Ok(action) => action.in_words(),
        Err(error) => vec![format!("THE CONTENT IS NOT READABLE: {error}")],
    };
    for line in words {
        report = report.line(printable(&line));
    }
    let mut facts = vec![
        ("digest", format!("0x{}", hex::encode(&given.digest))),
        ("state", printable(&given.state)),
        (
            "signed by",
            format!("{} of {} needed", given.signers.len(), given.threshold),
        ),
    ];
    facts.extend(signers(given).into_iter().map(|signer| ("", signer)));
    facts.push(("handed in", words::utc(given.submitted)));
    facts.push(("may be executed until", words::utc(given.expires)));
    if given.decided > 0 {
        facts.push(("decided", words::utc(given.decided)));
    }
    report.facts(facts)
}

fn signers(given: &Given) -> Vec<String> {
    let signers = given.signers.iter();
    let shown = signers.map(|bytes| match Address::from_slice(bytes) {
        Ok(address) => address.checksummed(),
        Err(_) => "not an address".to_owned(),
    });
    shown.collect()
}
