use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use symbolon_election::{Complaint, words};

use super::options::PaperOptions;
use crate::{Error, device::Standing, files, output::Report};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon vote status receipt.json --trust trust.json --gateway https://gateway.city.example

Once the ballot is on the ledger, the proof, the log's signature and the cosignatures are checked
against the ledger keys that the manifest names. On a chain the blocks are the proof, and
symbolon-observer reads them from any node.")]
pub struct Status {
    /// The file that `symbolon vote cast` wrote.
    receipt: PathBuf,
    #[command(flatten)]
    paper: PaperOptions,
}

impl Status {
    pub(super) fn run(self) -> Result<Report, Error> {
        let gateway = self.paper.gateway()?;
        let record = Complaint::parse(&files::read(&self.receipt)?)
            .map_err(|e| Error::unreadable_file(&self.receipt, e))?;
        let paper = self.paper.load(record.receipt.election)?;
        let verified = record
            .verify(paper.manifest())
            .map_err(|e| Error::unreadable_file(&self.receipt, e))?;
        let hash = verified.ballot().entry_hash();
        let include_by = verified.receipt().receipt().include_by;
        let chain = paper.manifest().domain().chain_id() != 0;
        let (state, words) = match gateway.standing(&hash)? {
            Standing::Accepted => (
                "accepted",
                "Stored by the gateway, waiting for the next publication.".to_owned(),
            ),
            Standing::Published => (
                "published",
                "Handed to the ledger; the proof comes with its next checkpoint.".to_owned(),
            ),
            Standing::Settled(index) if chain => (
                "settled",
                format!(
                    "On the chain as entry {index}, the gateway says; any node of the chain shows it."
                ),
            ),
            Standing::Settled(_) => {
                return Err(Error::unreadable("the gateway's answer", "gives no proof"));
            }
            Standing::Included(inclusion) => {
                let keys = gateway.ledger_keys(paper.manifest())?;
                let (size, seen) = inclusion.verify(&hash, &keys)?;
                let value = json!({
                    "state": "included", "entryHash": hash.to_string(), "includeBy": include_by, "verified": true,
                    "index": inclusion.index, "ledgerSize": size, "cosignedAt": seen,
                });
                return Ok(Report::new(value)
                    .line(format!(
                        "On the ledger: entry {} of {size}, proven.",
                        inclusion.index
                    ))
                    .line(format!("Seen by enough cosigners at {}.", words::utc(seen))));
            }
        };
        Ok(Report::new(json!({
            "state": state, "entryHash": hash.to_string(), "includeBy": include_by, "verified": false,
        }))
        .line(words)
        .line(format!("Promised on the ledger by {}.", words::utc(include_by))))
    }
}
