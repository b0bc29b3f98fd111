use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use symbolon_election::{LedgerKeys, content, ledger_keys::NoteKey};

use crate::{
    Error,
    files::{self, Access},
    output::Report,
};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon election ledger-keys --log 'log.city.example+1a2b3c4d+AS…' --cosigner 'log.city.example+5e6f7081+BC…' \\
    --cosigner 'witness.university.example+92a3b4c5+BD…' --quorum 2 --out ledger-keys.json

The log's own key stands among the cosigners. With --quorum 1 the log's operator alone says when a
ballot came.")]
pub struct MakeLedgerKeys {
    /// The log's verifier key (signature type 1).
    #[arg(long, value_name = "VKEY")]
    log: String,
    /// A key of cosignature/v1 (type 4): the log's own, and each witness's.
    #[arg(long = "cosigner", value_name = "VKEY", required = true)]
    cosigners: Vec<String>,
    /// How many of them must have seen a ballot.
    #[arg(long, default_value_t = 1)]
    quorum: u8,
    /// The ledger keys file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl MakeLedgerKeys {
    pub(super) fn run(self) -> Result<Report, Error> {
        let wrong = |e| Error::unreadable("the keys", e);
        let log = NoteKey::parse("log", &self.log).map_err(wrong)?;
        let cosigners = self
            .cosigners
            .iter()
            .map(|text| NoteKey::parse("cosigners", text));
        let cosigners = cosigners.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let origin = log.name().to_owned();
        let keys = LedgerKeys::new(&origin, log, cosigners, self.quorum).map_err(wrong)?;
        let bytes = keys.to_json();
        files::write(&self.out, &bytes, Access::Public)?;
        let hash = content::content_hash(&bytes).to_string();
        Ok(
            Report::new(json!({"file": self.out, "sha256": hash, "origin": origin})).facts([
                ("file", self.out.display().to_string()),
                ("SHA-256", hash),
                ("log", crate::output::printable(&origin)),
                (
                    "cosigners needed",
                    format!("{} of {}", self.quorum, self.cosigners.len()),
                ),
            ]),
        )
    }
}
