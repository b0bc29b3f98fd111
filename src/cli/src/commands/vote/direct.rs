use clap::Args;
use serde_json::json;
use symbolon_election::Selections;
use symbolon_ledger_ethereum::{Account, Config, Settle, direct};
use symbolon_voter::{ElectionKeys, Token, cast};

use super::token::refused;
use crate::{
    Error, clock,
    commands::ethereum::{self, Payer},
    device::Paper,
    output::Report,
};

/// The way to the contract without a gateway.
#[derive(Args)]
pub(super) struct Direct {
    /// Sends the ballot to the contract itself, through this node of its chain and without a gateway:
    /// there is no receipt. The account of --account-key pays. May be given several times.
    #[arg(long, value_name = "URL", requires = "account_key", conflicts_with_all = ["out", "gateway"])]
    direct: Vec<String>,
    #[command(flatten)]
    payer: Payer,
}

impl Direct {
    pub(super) fn is_meant(&self) -> bool {
        !self.direct.is_empty()
    }

    pub(super) fn cast(
        &self,
        (keys, paper, token): (&ElectionKeys, &Paper, &Token),
        selections: &Selections,
        sequence: u8,
    ) -> Result<Report, Error> {
        let manifest = paper.manifest();
        let domain = manifest.domain().clone();
        if domain.chain_id() == 0 {
            return Err(Error::usage(
                "the election's ledger is a log and no contract",
                "Cast at a gateway: --gateway URL.",
            ));
        }
        let ballot = cast(keys, manifest, token, selections, sequence, clock::now());
        let ballot = ballot.map_err(refused)?;
        let account = Account::new(self.payer.key()?, domain.chain_id());
        let config = Config {
            fees: self.payer.fees(),
            ..Config::new(self.direct.clone(), domain, Settle::Finalized)
        };
        let done = direct::cast(&config, &account, manifest, ballot.fields());
        let done = done.map_err(ethereum::refused)?;
        let transaction = format!("0x{}", hex::encode(done.transaction));
        let value = json!({
            "election": paper.election().to_string(), "entryHash": done.entry.to_string(), "sequence": sequence,
            "transaction": transaction, "block": done.block, "gas": done.gas,
        });
        Ok(Report::new(value)
            .facts([
                ("ballot", done.entry.to_string()),
                ("number", sequence.to_string()),
                ("transaction", transaction),
                ("block", done.block.to_string()),
                ("gas", done.gas.to_string()),
            ])
            .line("It counts once its block is settled; `symbolon-observer` shows it."))
    }
}
