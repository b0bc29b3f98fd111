use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use symbolon_api_closed::admin::DraftElectionRequest;
use symbolon_election::{
    Domain, ElectionId, Manifest, RollStatement, Statement, TrustFile, content,
};

use super::{TrustOption, elections, settings::Settings};
use crate::{
    Context, Error,
    context::refused,
    files::{self, Access},
    output::{Report, printable},
    statements,
};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/organiser-main.toml election draft --content content.json --ledger-keys ledger-keys.json \\
    --opens +5m --closes 2026-12-01T20:00:00Z --electorate north --gateway 0x5aAe… --out draft

The same can stand in a TOML file (--config poll.toml), its paths relative to the file:
  content = \"content.json\"
  ledger-keys = \"ledger-keys.json\"
  opens = \"2026-12-01T08:00:00Z\"
  closes = \"2026-12-01T20:00:00Z\"
  everybody = true
  gateways = [\"0x5aAe…\"]

Then officers sign: symbolon officer sign --key KEY --content content.json draft/manifest.json draft/roll-statement.json")]
pub struct Draft {
    /// The same settings in a TOML file; options go before.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    trust: TrustOption,
    /// Where the statements go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Draft {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let settings = match &self.config {
            Some(path) => self.settings.over(Settings::read(path)?)?,
            None => self.settings,
        };
        let request = settings.request(context.now)?;
        let (content, ledger_keys) = (request.content.clone(), request.ledger_keys.clone());
        let asked = request.clone();
        let (answer, trust) = context.call(|channel| async {
            let mut client = elections(channel);
            let trust = self.trust.load(&mut client).await?;
            let answer = client
                .draft_election(request)
                .await
                .map_err(refused)?
                .into_inner();
            Ok((answer, trust))
        })?;
        let (manifest, roll) = read_draft(&answer.manifest, &answer.roll_statement)?;
        check(&manifest, &roll, &asked, &trust)?;
        let domain = trust.domain();
        let election = manifest.election(domain);
        if answer.election != *election.as_bytes() {
            return Err(Error::unreadable(
                "the vault's draft",
                "its manifest is not that of the named election",
            ));
        }
        let places = roll.size;
        let (manifest, roll) = (
            Statement::Manifest(manifest),
            Statement::RollStatement(roll),
        );
        statements::write_statement(&self.out.join("manifest.json"), &manifest, domain)?;
        statements::write_statement(&self.out.join("roll-statement.json"), &roll, domain)?;
        files::write(&self.out.join("content.json"), &content, Access::Public)?;
        // A chain has none: its genesis block's hash stands in the manifest.
        if domain.chain_id() == 0 {
            let path = self.out.join("ledger-keys.json");
            files::write(&path, &ledger_keys, Access::Public)?;
        }
        Ok(report(
            &self.out,
            election,
            places,
            &manifest.in_words(domain),
        ))
    }
}

fn report(out: &Path, election: ElectionId, places: u32, words: &[String]) -> Report {
    let mut report = Report::new(json!({
        "election": election.to_string(), "places": places,
        "manifest": out.join("manifest.json"), "rollStatement": out.join("roll-statement.json"),
    }));
    for line in words {
        report = report.line(printable(line));
    }
    report.line(format!("Places in the roll: {places}")).line(format!(
        "Next: officers sign manifest.json and roll-statement.json in {}; then `symbolon election open`.",
        out.display()
    ))
}

fn read_draft(manifest: &[u8], roll: &[u8]) -> Result<(Manifest, RollStatement), Error> {
    match (statements::draft_of(manifest)?, statements::draft_of(roll)?) {
        (Statement::Manifest(manifest), Statement::RollStatement(roll)) => Ok((manifest, roll)),
        _ => Err(Error::unreadable(
            "the vault's draft",
            "not a manifest and its roll statement",
        )),
    }
}

/// Officers shall sign what was asked for, not what a vault made of it.
fn check(
    manifest: &Manifest,
    roll: &RollStatement,
    asked: &DraftElectionRequest,
    trust: &TrustFile,
) -> Result<(), Error> {
    manifest
        .validate()
        .map_err(|e| Error::unreadable("the vault's draft", e))?;
    let of_election = roll.election == manifest.election(trust.domain()) && roll.sequence == 0;
    let by_officers = [
        ("officers", manifest.officers == trust.officers()),
        ("threshold", manifest.threshold == trust.threshold()),
        ("election", of_election),
    ];
    let asked = as_asked(manifest, asked, trust.domain());
    let mut checks = by_officers.into_iter().chain(asked);
    match checks.find(|(_, same)| !same) {
        None => Ok(()),
        Some((field, _)) => Err(Error::failed(
            format!("the vault's draft differs from what was asked for in `{field}`"),
            "Don't have it signed; ask whoever runs the vault.",
        )),
    }
}

fn as_asked(
    manifest: &Manifest,
    asked: &DraftElectionRequest,
    domain: &Domain,
) -> [(&'static str, bool); 11] {
    let ledger = match domain.chain_id() {
        0 => content::content_hash(&asked.ledger_keys)
            .as_bytes()
            .to_vec(),
        _ => asked.ledger_keys.clone(),
    };
    let named = |hash, file: &[u8]| hash == content::content_hash(file);
    let gateways = manifest
        .gateways
        .iter()
        .map(|gateway| gateway.as_bytes().as_slice());
    let ballot_batch_min = u32::from(manifest.ballot_batch_min);
    [
        ("contentHash", named(manifest.content_hash, &asked.content)),
        ("ledgerKeys", *manifest.ledger_keys.as_bytes() == ledger[..]),
        ("opens", manifest.opens == asked.opens),
        ("closes", manifest.closes == asked.closes),
        ("grace", manifest.grace == asked.grace),
        ("forgetAfter", manifest.forget_after == asked.forget_after),
        (
            "maxBallots",
            u32::from(manifest.max_ballots) == asked.max_ballots,
        ),
        (
            "rollBatchMin",
            manifest.roll_batch_min == asked.roll_batch_min,
        ),
        ("ballotBatchMin", ballot_batch_min == asked.ballot_batch_min),
        ("custody", u32::from(manifest.custody) == asked.custody),
        // Both ascend: the request was sorted.
        (
            "gateways",
            gateways.eq(asked.gateways.iter().map(Vec::as_slice)),
        ),
    ]
}
