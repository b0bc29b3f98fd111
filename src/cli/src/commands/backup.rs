mod read_back;

use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use serde_json::json;
use symbolon_api_closed::admin::{
    GetBackupsRequest, GetBackupsResponse, backups_client::BackupsClient,
};
use tonic::transport::Channel;

use crate::{
    Context, Error, clock,
    context::refused,
    output::{Report, printable},
};

/// How often the vault is asked.
const OFTEN: Duration = Duration::from_millis(500);

#[derive(Subcommand)]
pub enum Backup {
    /// Shows what is planned, and the last backup.
    Status(Status),
    /// Waits until the backup that is due is taken.
    Watch(Watch),
    /// After a restore: hands the vault the tokens that stand on an election's ledger.
    ReadBack(read_back::ReadBack),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/officer-one.toml backup status\n\nOfficers decide on backups: symbolon proposals draft backup"
)]
pub struct Status {}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml backup watch")]
pub struct Watch {}

impl Backup {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Status(_) => Ok(report(&context.call(ask)?)),
            Self::Watch(_) => watch(context),
            Self::ReadBack(command) => command.run(context),
        }
    }
}

async fn ask(channel: Channel) -> Result<GetBackupsResponse, Error> {
    let answer = BackupsClient::new(channel)
        .get_backups(GetBackupsRequest {})
        .await;
    Ok(answer.map_err(refused)?.into_inner())
}

/// Until nothing is due any more: one that failed is due still.
fn watch(context: &Context) -> Result<Report, Error> {
    let bar = ProgressBar::new_spinner();
    let last = context.call(async |channel| {
        loop {
            let now = ask(channel.clone()).await?;
            if now.failed > 0 {
                return Err(Error::failed(
                    format!("the last try failed at {}", clock::show_time(now.failed)),
                    "The vault's log says why: room on the disk, permissions. It tries again by itself.",
                ));
            }
            if !now.under_way && (now.due == 0 || now.due > context.now) {
                return Ok(now);
            }
            bar.set_message(match now.expected {
                0 => format!("{} rows written", now.written),
                rows => format!("{} rows written, {rows} the last time", now.written),
            });
            bar.tick();
            tokio::time::sleep(OFTEN).await;
        }
    })?;
    bar.finish_and_clear();
    Ok(report(&last))
}

fn report(now: &GetBackupsResponse) -> Report {
    let last = now.last.as_ref();
    let report = Report::new(json!({
        "due": now.due, "everyHours": now.every_hours, "until": now.until,
        "underWay": now.under_way, "written": now.written, "failed": now.failed,
        "last": last.map(|last| json!({
            "name": last.name, "taken": last.taken, "rows": last.rows,
            "leaves": last.leaves, "sha256": hex::encode(&last.sha256),
        })),
    }));
    let mut facts = vec![(
        "next",
        match (now.under_way, now.due) {
            (true, _) => format!("is being taken, {} rows so far", now.written),
            (false, 0) => "none is planned: proposals draft backup".to_owned(),
            (false, due) => clock::show_time(due),
        },
    )];
    if now.every_hours > 0 {
        let until = clock::show_time(now.until);
        facts.push((
            "again",
            format!("every {} h until {until}", now.every_hours),
        ));
    }
    match last {
        None => facts.push(("last", "NONE WAS EVER TAKEN".to_owned())),
        Some(last) => {
            facts.push(("last", clock::show_time(last.taken)));
            facts.push(("files", format!("{}.*", printable(&last.name))));
            facts.push(("rows, leaves", format!("{}, {}", last.rows, last.leaves)));
            facts.push(("sha256", hex::encode(&last.sha256)));
        }
    }
    if now.failed > 0 {
        let failed = format!(
            "AT {}: the vault's log says why",
            clock::show_time(now.failed)
        );
        facts.push(("FAILED", failed));
    }
    report.facts(facts)
}
