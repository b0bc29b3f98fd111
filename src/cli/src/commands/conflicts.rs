use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_api_closed::admin::{ListConflictsRequest, conflicts_client::ConflictsClient};
use symbolon_election::words;

use crate::{
    Context, Error,
    context::refused,
    output::{Report, Table, printable},
};

#[derive(Subcommand)]
pub enum Conflicts {
    /// Shows the open tickets; they hold no personal data.
    List(List),
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/registrar-one.toml conflicts list")]
pub struct List {}

impl Conflicts {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::List(_) => list(context),
        }
    }
}

fn list(context: &Context) -> Result<Report, Error> {
    let conflicts = context.call(|channel| async {
        let (mut client, mut conflicts, mut after) = (ConflictsClient::new(channel), vec![], 0);
        loop {
            let answer = client.list_conflicts(ListConflictsRequest { after }).await;
            let page = answer.map_err(refused)?.into_inner();
            conflicts.extend(page.conflicts);
            match page.next {
                0 => return Ok(conflicts),
                next => after = next,
            }
        }
    })?;
    let mut table = Table::new(&["ticket", "opened", "rules", "records", "state"]);
    let mut values = Vec::new();
    for conflict in &conflicts {
        let rules: Vec<_> = conflict.rules.iter().map(|rule| printable(rule)).collect();
        table.row([
            conflict.ticket.to_string(),
            words::utc(conflict.opened),
            rules.join(", "),
            conflict.records.to_string(),
            printable(&conflict.state),
        ]);
        values.push(json!({
            "ticket": conflict.ticket, "opened": conflict.opened, "rules": conflict.rules,
            "records": conflict.records, "state": conflict.state,
        }));
    }
    Ok(Report::new(json!({ "conflicts": values })).table(&table))
}
