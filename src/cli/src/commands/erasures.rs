use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_api_closed::admin::{ListErasuresRequest, erasures_client::ErasuresClient};
use symbolon_election::words;

use crate::{
    Context, Error,
    context::refused,
    output::{Report, Table, printable},
};

#[derive(Subcommand)]
pub enum Erasures {
    /// Shows who waits; the IDs are nobody's but the list's.
    List(List),
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/officer-one.toml erasures list

Officers decide with symbolon proposals draft erase-people. Whoever is registered again until then stays.")]
pub struct List {}

impl Erasures {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::List(_) => list(context),
        }
    }
}

fn list(context: &Context) -> Result<Report, Error> {
    let answer = context.call(|channel| async {
        let request = ListErasuresRequest {};
        let answer = ErasuresClient::new(channel).list_erasures(request).await;
        Ok(answer.map_err(refused)?.into_inner())
    })?;
    let mut table = Table::new(&["erasure", "last portal", "since"]);
    let mut values = Vec::new();
    for erasure in &answer.erasures {
        let id = hex::encode(&erasure.id);
        table.row([
            id.clone(),
            printable(&erasure.portal),
            words::utc(erasure.since),
        ]);
        values.push(json!({"erasure": id, "portal": erasure.portal, "since": erasure.since}));
    }
    let report = Report::new(json!({ "erasures": values, "waiting": answer.waiting }));
    Ok(match answer.erasures.len() {
        0 => report.line("Nobody waits to be erased."),
        shown if (shown as u64) < answer.waiting => report
            .table(&table)
            .line(format!("{} wait in all.", answer.waiting)),
        _ => report.table(&table),
    })
}
