use clap::Args;
use serde_json::{Value, json};
use symbolon_api_closed::admin::{Election, GetElectionRequest, ListElectionsRequest};
use symbolon_election::{Content, ElectionId, Manifest, Statement, content, words};

use super::{TrustOption, elections};
use crate::{
    Context, Error,
    context::refused,
    output::{Report, Table, printable},
    statements,
};

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election list")]
pub struct List {
    /// The language of the titles.
    #[arg(long, default_value = "en")]
    language: String,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/organiser-main.toml election show 3f5c…"
)]
pub struct Show {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    trust: TrustOption,
    /// The language of the questions.
    #[arg(long, default_value = "en")]
    language: String,
}

impl List {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let elections = context.call(|channel| async {
            let (mut client, mut elections, mut after) = (elections(channel), vec![], vec![]);
            loop {
                let answer = client.list_elections(ListElectionsRequest { after }).await;
                let page = answer.map_err(refused)?.into_inner();
                elections.extend(page.elections);
                match page.next.is_empty() {
                    true => return Ok(elections),
                    false => after = page.next,
                }
            }
        })?;
        let mut table = Table::new(&[
            "election", "state", "title", "opens", "closes", "places", "tokens",
        ]);
        for election in &elections {
            let manifest = manifest_of(election)?;
            table.row([
                hex::encode(&election.election),
                printable(&election.state),
                title(election, &self.language),
                words::utc(manifest.opens),
                words::utc(manifest.closes),
                election.roll_size.to_string(),
                election.issued.to_string(),
            ]);
        }
        let value = elections.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        Ok(Report::new(json!({"elections": value})).table(&table))
    }
}

impl Show {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let (election, trust) = context.call(|channel| async {
            let mut client = elections(channel);
            let trust = self.trust.load(&mut client).await?;
            let request = GetElectionRequest {
                election: self.election.as_bytes().to_vec(),
            };
            let answer = client
                .get_election(request)
                .await
                .map_err(refused)?
                .into_inner();
            let election = answer
                .election
                .ok_or_else(|| Error::unreadable("the vault's answer", "holds no election"))?;
            Ok((election, trust))
        })?;
        let manifest = manifest_of(&election)?;
        let mut report = Report::new(value(&election)?);
        let content = words::content_words(&election.content, &manifest, &self.language);
        let words = Statement::Manifest(manifest).in_words(trust.domain());
        for line in words.iter().chain(&content) {
            report = report.line(printable(line));
        }
        Ok(report.facts([
            ("state", printable(&election.state)),
            ("places in the roll", election.roll_size.to_string()),
            ("tokens issued", election.issued.to_string()),
            (
                "rotations of its token key",
                election.rotations.len().to_string(),
            ),
        ]))
    }
}

fn manifest_of(election: &Election) -> Result<Manifest, Error> {
    match statements::draft_of(&election.manifest)? {
        Statement::Manifest(manifest) => Ok(manifest),
        _ => Err(Error::unreadable(
            "the vault's answer",
            "holds another statement than a manifest",
        )),
    }
}

fn title(election: &Election, language: &str) -> String {
    Content::parse(&election.content).map_or_else(
        |_| String::new(),
        |content| printable(content.title().best(language)),
    )
}

fn value(election: &Election) -> Result<Value, Error> {
    let manifest = manifest_of(election)?;
    let content: Value = serde_json::from_slice(&election.content).unwrap_or_default();
    Ok(json!({
        "election": hex::encode(&election.election),
        "state": election.state,
        "opens": manifest.opens,
        "closes": manifest.closes,
        "grace": manifest.grace,
        "forgetAfter": manifest.forget_after,
        "maxBallots": manifest.max_ballots,
        "ballotBatchMin": manifest.ballot_batch_min,
        "rollBatchMin": manifest.roll_batch_min,
        "contentHash": content::content_hash(&election.content).to_string(),
        "content": content,
        "places": election.roll_size,
        "issued": election.issued,
        "manifest": format!("0x{}", hex::encode(&election.manifest)),
        "rotations": election.rotations.iter().map(|it| format!("0x{}", hex::encode(it))).collect::<Vec<_>>(),
    }))
}
