use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use symbolon_election::words;

use super::options::{CaOption, LoginOptions, TrustOption};
use crate::{
    Error,
    device::{Gateway, Paper, Portal},
    output::{Report, Table, printable},
};

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon vote elections --trust trust.json --portal https://portal.city.example --save papers\n\nElections that the trust file doesn't vouch for are counted, not shown."
)]
pub struct Elections {
    #[command(flatten)]
    trust: TrustOption,
    /// Ask this portal.
    #[arg(long, value_name = "URL", required_unless_present = "gateway")]
    portal: Option<String>,
    #[command(flatten)]
    login: LoginOptions,
    /// Ask this gateway.
    #[arg(long, value_name = "URL", conflicts_with = "portal")]
    gateway: Option<String>,
    #[command(flatten)]
    ca: CaOption,
    /// Keep each election in this folder, for devices that are offline.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// The language of titles and questions.
    #[arg(long, default_value = "en")]
    language: String,
}

impl Elections {
    pub(super) fn run(self) -> Result<Report, Error> {
        let trust = self.trust.load()?;
        let papers = match (&self.portal, &self.gateway) {
            (Some(url), _) => {
                let mut portal = Portal::new(self.ca.http(url)?);
                self.login.sign_in(&mut portal)?;
                portal.elections(&trust)?
            }
            (None, Some(url)) => Gateway::new(self.ca.http(url)?).elections(&trust)?,
            (None, None) => {
                return Err(Error::usage(
                    "nobody to ask",
                    "Name --portal URL or --gateway URL.",
                ));
            }
        };
        if let Some(folder) = &self.save {
            for paper in &papers.ours {
                paper.write(&folder.join(format!("{}.json", paper.election())))?;
            }
        }
        let mut table = Table::new(&["election", "title", "opens", "closes", "state"]);
        for paper in &papers.ours {
            let manifest = paper.manifest().manifest();
            table.row([
                paper.election().to_string(),
                printable(paper.content().title().best(&self.language)),
                words::utc(manifest.opens),
                words::utc(manifest.closes),
                printable(paper.state()),
            ]);
        }
        let mut report = Report::new(json!({
            "elections": papers.ours.iter().map(|paper| self.value(paper)).collect::<Vec<_>>(),
            "others": papers.others,
        }))
        .table(&table);
        for line in papers.ours.iter().flat_map(|paper| self.questions(paper)) {
            report = report.line(line);
        }
        if papers.others > 0 {
            report = report.line(format!(
                "{} more are offered that are not the city's: the trust file does not vouch for them.",
                papers.others
            ));
        }
        Ok(report)
    }

    fn value(&self, paper: &Paper) -> serde_json::Value {
        let manifest = paper.manifest().manifest();
        json!({
            "election": paper.election().to_string(),
            "title": paper.content().title().best(&self.language),
            "opens": manifest.opens, "closes": manifest.closes, "maxBallots": manifest.max_ballots,
            "custody": if manifest.custody == 1 { "portal" } else { "voter" },
            "state": paper.state(),
        })
    }

    fn questions(&self, paper: &Paper) -> Vec<String> {
        let mut lines = vec![String::new(), paper.election().to_string()];
        lines.extend(super::choices::describe(paper.content(), &self.language));
        lines
    }
}
