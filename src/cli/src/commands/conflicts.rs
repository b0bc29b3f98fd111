mod verdict;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use symbolon_api_closed::admin::{
    Conflict, GetConflictRequest, ListConflictsRequest, conflicts_client::ConflictsClient,
};
use symbolon_election::{Address, words};

use crate::{
    Context, Error,
    context::refused,
    output::{Report, Table, printable},
};

#[derive(Subcommand)]
pub enum Conflicts {
    /// Shows the open tickets; they hold no personal data.
    List(List),
    /// Shows one ticket, and who has signed what about it.
    Show(Show),
    /// Writes a verdict on a ticket for the registrars to sign.
    Settle(verdict::Settle),
    /// Hands in the signatures of a verdict's folder; with two registrars' the ticket is settled.
    Sign(verdict::Sign),
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/registrar-one.toml conflicts list")]
pub struct List {
    /// The settled ones too.
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/registrar-one.toml conflicts show 7")]
pub struct Show {
    /// The ticket's number.
    ticket: u64,
}

impl Conflicts {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::List(command) => command.run(context),
            Self::Show(command) => command.run(context),
            Self::Settle(command) => command.run(context),
            Self::Sign(command) => command.run(context),
        }
    }
}

impl List {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let settled = self.all;
        let conflicts = context.call(|channel| async {
            let (mut client, mut conflicts, mut after) = (ConflictsClient::new(channel), vec![], 0);
            loop {
                let request = ListConflictsRequest { after, settled };
                let answer = client.list_conflicts(request).await;
                let page = answer.map_err(refused)?.into_inner();
                conflicts.extend(page.conflicts);
                match page.next {
                    0 => return Ok(conflicts),
                    next => after = next,
                }
            }
        })?;
        let mut table = Table::new(&[
            "ticket", "opened", "kind", "rules", "records", "portal", "state",
        ]);
        for conflict in &conflicts {
            table.row([
                conflict.ticket.to_string(),
                words::utc(conflict.opened),
                printable(&conflict.kind),
                rules(conflict),
                conflict.records.to_string(),
                printable(&conflict.portal),
                printable(&conflict.state),
            ]);
        }
        let values: Vec<_> = conflicts.iter().map(value).collect();
        Ok(Report::new(json!({ "conflicts": values })).table(&table))
    }
}

impl Show {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let ticket = self.ticket;
        let conflict = context.call(|channel| async move {
            let request = GetConflictRequest { ticket };
            let answer = ConflictsClient::new(channel).get_conflict(request).await;
            Ok(answer.map_err(refused)?.into_inner().conflict)
        })?;
        Ok(report(&conflict.unwrap_or_default()))
    }
}

/// A ticket for machines.
fn value(conflict: &Conflict) -> Value {
    json!({
        "ticket": conflict.ticket, "id": hex::encode(&conflict.id), "opened": conflict.opened,
        "kind": conflict.kind, "rules": conflict.rules, "records": conflict.records,
        "portal": conflict.portal, "state": conflict.state,
        "same": signers(&conflict.same), "different": signers(&conflict.different),
        "settled": conflict.settled,
    })
}

/// A ticket in plain words.
fn report(conflict: &Conflict) -> Report {
    let of = |signers: &[Vec<u8>]| format!("{} of 2 registrars", signers.len());
    let mut facts = vec![
        ("ticket", conflict.ticket.to_string()),
        ("state", printable(&conflict.state)),
        ("what is in the way", in_words(&conflict.kind).to_owned()),
        ("rules that found somebody", rules(conflict)),
        ("people it may be", conflict.records.to_string()),
        ("asked by the portal", printable(&conflict.portal)),
        ("opened", words::utc(conflict.opened)),
        ("the same person, say", of(&conflict.same)),
    ];
    facts.extend(signers(&conflict.same).into_iter().map(|name| ("", name)));
    facts.push(("somebody else, say", of(&conflict.different)));
    let different = signers(&conflict.different).into_iter();
    facts.extend(different.map(|name| ("", name)));
    if conflict.settled > 0 {
        facts.push(("settled", words::utc(conflict.settled)));
    }
    Report::new(value(conflict)).facts(facts)
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "only-hints" => "somebody like that is known, but nothing identifies them",
        "several-records" => "what identifies the person belongs to several people",
        "other-always" => "what identifies the person is known with another name",
        "other-permanent" => "an attribute that never changes has another value",
        _ => "unknown",
    }
}

fn rules(conflict: &Conflict) -> String {
    let rules: Vec<_> = conflict.rules.iter().map(|rule| printable(rule)).collect();
    rules.join(", ")
}

fn signers(signers: &[Vec<u8>]) -> Vec<String> {
    let shown = signers
        .iter()
        .map(|bytes| match Address::from_slice(bytes) {
            Ok(address) => address.checksummed(),
            Err(_) => "not an address".to_owned(),
        });
    shown.collect()
}
