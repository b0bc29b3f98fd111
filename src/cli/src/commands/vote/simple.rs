use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use symbolon_election::{Custody, ElectionId, words};

use super::{
    choices::ChoiceOptions,
    options::{CaOption, PortalOptions, TrustOption},
};
use crate::{
    Context, Error,
    device::receipt,
    files::{self, Access},
    output::Report,
};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon vote simple 3f5c… --trust trust.json --portal https://portal.city.example --login anna --choices '1;2,3' --out receipt.json

The portal holds the key and sees how you vote. Only elections whose manifest says so allow it.")]
pub struct Simple {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    trust: TrustOption,
    #[command(flatten)]
    portal: PortalOptions,
    #[command(flatten)]
    ca: CaOption,
    #[command(flatten)]
    choices: ChoiceOptions,
    /// The gateway's receipt.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Simple {
    pub(super) fn run(self, _: &Context) -> Result<Report, Error> {
        let trust = self.trust.load()?;
        let portal = self.portal.open(&self.ca)?;
        let paper = portal.elections(&trust)?.find(self.election)?;
        if paper.manifest().custody() != Custody::Portal {
            return Err(Error::failed(
                "in this election voters hold their own keys",
                "Vote with a device: `symbolon vote all`.",
            ));
        }
        let selections = self.choices.selections(&paper)?;
        let choices: Vec<_> = selections.questions().map(<[u8]>::to_vec).collect();
        let answer = portal.simple_vote(self.election, &choices)?;
        let signed = receipt(answer.get("receipt").unwrap_or(&answer))?;
        let verified = signed.clone().verify(paper.manifest()).map_err(|e| {
            Error::failed(
                format!("the receipt is not good: {e}"),
                "Tell the portal; the ballot may be cast all the same.",
            )
        })?;
        files::write(&self.out, &signed.to_json(), Access::Private)?;
        let include_by = verified.receipt().include_by;
        Ok(Report::new(json!({
            "election": self.election.to_string(), "includeBy": include_by,
            "gateway": verified.gateway().to_0x(), "receipt": self.out,
        }))
        .facts([
            ("on the ledger by", words::utc(include_by)),
            ("receipt", self.out.display().to_string()),
        ]))
    }
}
