use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use symbolon_election::{ElectionId, Selections, VerifiedReceipt, words};
use symbolon_voter::{ElectionKeys, Token, cast, check_receipt, complain};

use super::{
    choices::ChoiceOptions,
    options::{DeviceOption, PaperOptions},
    token::refused,
};
use crate::{
    Context, Error, clock,
    device::{Gateway, Paper, TokenFile},
    files::{self, Access},
    output::Report,
};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon vote cast 3f5c… --device device.seed --token token.json --trust trust.json --gateway https://gateway.city.example --choices '1;2,3' --out receipt.json

Casting again replaces the earlier ballot where the election allows several. The receipt file holds
your ballot as well: nobody else should read it.")]
pub struct Cast {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    device: DeviceOption,
    #[command(flatten)]
    paper: PaperOptions,
    /// The opened token.
    #[arg(long, value_name = "FILE")]
    token: PathBuf,
    #[command(flatten)]
    choices: ChoiceOptions,
    /// The ballot's number from 0, where the token file shouldn't count.
    #[arg(long)]
    sequence: Option<u8>,
    /// The ballot with its receipt.
    #[arg(long, value_name = "FILE")]
    #[cfg_attr(not(feature = "ethereum"), arg(required = true))]
    #[cfg_attr(feature = "ethereum", arg(required_unless_present = "direct"))]
    out: Option<PathBuf>,
    #[cfg(feature = "ethereum")]
    #[command(flatten)]
    direct: super::direct::Direct,
}

impl Cast {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let paper = self.paper.load(self.election)?;
        let keys = self.device.keys(self.election)?;
        let mut file = TokenFile::read(&self.token)?;
        let token = file.check(&keys, &paper)?;
        let selections = self.choices.selections(&paper)?;
        #[cfg(feature = "ethereum")]
        if self.direct.is_meant() {
            let sequence = self.sequence.unwrap_or(file.next_sequence);
            let report = self
                .direct
                .cast((&keys, &paper, &token), &selections, sequence)?;
            file.next_sequence = file.next_sequence.max(sequence.saturating_add(1));
            file.write(&self.token)?;
            return Ok(report);
        }
        let out = self
            .out
            .as_deref()
            .ok_or_else(|| Error::usage("no receipt file", "Name one: --out FILE."))?;
        let gateway = self.paper.gateway()?;
        let urn = Urn {
            gateway: &gateway,
            paper: &paper,
            keys: &keys,
            token: &token,
        };
        let done = match self.sequence {
            Some(sequence) => urn.cast(&selections, sequence)?,
            None => urn.cast_next(&selections, file.next_sequence)?,
        };
        files::write(out, &done.record, Access::Private)?;
        file.next_sequence = file.next_sequence.max(done.sequence.saturating_add(1));
        file.write(&self.token)?;
        Ok(done.report(out, context.now))
    }
}

/// All that is needed to cast.
pub(super) struct Urn<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) paper: &'a Paper,
    pub(super) keys: &'a ElectionKeys,
    pub(super) token: &'a Token,
}

/// A ballot that a gateway has taken.
pub(super) struct Done {
    pub(super) sequence: u8,
    pub(super) record: Vec<u8>,
    entry_hash: String,
    receipt: VerifiedReceipt,
}

impl Urn<'_> {
    /// Casts the first ballot from `sequence` on that no other choice has taken.
    pub(super) fn cast_next(&self, selections: &Selections, sequence: u8) -> Result<Done, Error> {
        let most = self.paper.manifest().manifest().max_ballots;
        for sequence in sequence..most {
            match self.cast(selections, sequence) {
                Err(error) if error.reason() == "SEQUENCE_TAKEN" => {}
                other => return other,
            }
        }
        Err(Error::failed(
            format!("all {most} ballots of this place are cast"),
            "The last one counts.",
        ))
    }

    fn cast(&self, selections: &Selections, sequence: u8) -> Result<Done, Error> {
        let manifest = self.paper.manifest();
        let ballot = cast(
            self.keys,
            manifest,
            self.token,
            selections,
            sequence,
            clock::now(),
        )
        .map_err(refused)?;
        let receipt = self.gateway.cast(&ballot.fields().to_entry())?;
        let receipt = check_receipt(manifest, &ballot, receipt).map_err(|e| {
            Error::failed(
                format!("the gateway's receipt is not good: {e}"),
                "The ballot may be stored all the same: cast it again at another gateway of the election.",
            )
        })?;
        Ok(Done {
            sequence,
            record: complain(ballot.fields(), &receipt).to_json(),
            entry_hash: ballot.entry_hash().to_string(),
            receipt,
        })
    }
}

impl Done {
    pub(super) fn report(&self, out: &std::path::Path, now: u64) -> Report {
        let receipt = self.receipt.receipt();
        Report::new(json!({
            "election": receipt.election.to_string(), "entryHash": self.entry_hash, "sequence": self.sequence,
            "includeBy": receipt.include_by, "gateway": self.receipt.gateway().to_0x(), "receipt": out,
        }))
        .facts([
            ("ballot", self.entry_hash.clone()),
            ("number", self.sequence.to_string()),
            ("on the ledger by", words::utc(receipt.include_by)),
            ("receipt", out.display().to_string()),
        ])
        .line(format!(
            "Check it {} with `symbolon vote status`.",
            if receipt.include_by > now { "after that time" } else { "now" }
        ))
    }
}
