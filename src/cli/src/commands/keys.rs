mod rewrap;

use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use symbolon_api_closed::admin::{
    Key, ListKeysRequest, WatchRotationRequest, WatchRotationResponse, keys_client::KeysClient,
};

use crate::{
    Context, Error, clock,
    context::refused,
    output::{Report, Table, printable},
};

const DAY: u64 = 24 * 60 * 60;
/// The vault's word for a key whose time is over.
const OVERDUE: &str = "overdue";

#[derive(Subcommand)]
pub enum Keys {
    /// Shows what keys there are, how old they are, and what is due.
    List(List),
    /// Watches the rotation under way to its end.
    Watch(Watch),
    /// Introduces another way of unsealing, after a proposal: draft rewrap.
    #[command(subcommand)]
    Rewrap(rewrap::Rewrap),
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml keys list")]
pub struct List {
    /// Destroyed ones too.
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml keys watch")]
pub struct Watch {}

impl Keys {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::List(command) => command.run(context),
            Self::Watch(_) => watch(context),
            Self::Rewrap(command) => command.run(context),
        }
    }
}

impl List {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let keys = context.call(|channel| async {
            let (mut client, mut keys, mut start) = (KeysClient::new(channel), vec![], 0);
            loop {
                let answer = client.list_keys(ListKeysRequest { start }).await;
                let page = answer.map_err(refused)?.into_inner();
                keys.extend(page.keys);
                match page.next {
                    0 => return Ok(keys),
                    next => start = next,
                }
            }
        })?;
        let shown = keys.iter().filter(|key| self.all || key.destroyed == 0);
        let mut table = Table::new(&[
            "key",
            "epoch",
            "state",
            "in use since",
            "age",
            "due",
            "left",
            "to do",
        ]);
        let mut values = Vec::new();
        for key in shown {
            table.row(row(key, context.now));
            values.push(value(key, context.now));
        }
        let overdue = keys.iter().filter(|key| key.duty == OVERDUE).count();
        let report = Report::new(json!({ "keys": values, "overdue": overdue }));
        let report = match overdue {
            0 => report,
            some => report.line(format!(
                "WARNING: {some} of the keys are OVERDUE for rotation by the vault's policy."
            )),
        };
        Ok(report.table(&table))
    }
}

fn row(key: &Key, now: u64) -> [String; 8] {
    let time = |time| match time {
        0 => String::new(),
        time => clock::show_time(time),
    };
    let left = match key.rows_left {
        0 => String::new(),
        left => left.to_string(),
    };
    [
        printable(&key.purpose),
        key.epoch.to_string(),
        printable(&key.state),
        time(key.activated),
        age(key, now),
        time(key.due),
        left,
        to_do(key).to_owned(),
    ]
}

fn value(key: &Key, now: u64) -> serde_json::Value {
    json!({
        "id": hex::encode(&key.id), "purpose": key.purpose, "epoch": key.epoch,
        "state": key.state, "minted": key.minted, "activated": key.activated,
        "retired": key.retired, "destroyed": key.destroyed, "due": key.due,
        "duty": key.duty, "rowsLeft": key.rows_left, "ageDays": days(key, now),
        "toDo": to_do(key),
    })
}

fn days(key: &Key, now: u64) -> u64 {
    let end = match key.destroyed {
        0 => now,
        time => time,
    };
    end.saturating_sub(key.minted) / DAY
}

fn age(key: &Key, now: u64) -> String {
    match days(key, now) {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// What an officer should do about a key.
fn to_do(key: &Key) -> &'static str {
    let by_proposal = matches!(key.purpose.as_str(), "index" | "sealing" | "audit");
    match (key.duty.as_str(), by_proposal) {
        (OVERDUE, true) => "ROTATE NOW: proposals draft rotate-key",
        (OVERDUE, false) => "OVERDUE",
        ("due", true) => "soon: proposals draft rotate-key",
        ("due", false) => "soon",
        ("rotating", _) => "is being rotated: keys watch",
        ("destroy", _) => "goes with the end of its rotation: keys watch",
        ("stuck", _) => "WAS PREPARED AND NEVER USED: look at the vault's log",
        _ => "",
    }
}

fn watch(context: &Context) -> Result<Report, Error> {
    let bar = ProgressBar::no_length();
    let last = context.call(|channel| async {
        let answer = KeysClient::new(channel)
            .watch_rotation(WatchRotationRequest {})
            .await;
        let mut told = answer.map_err(refused)?.into_inner();
        let (mut pace, mut last) = (Pace::default(), None);
        while let Some(now) = told.message().await.map_err(refused)? {
            show(&bar, &now, &mut pace);
            last = Some(now);
        }
        Ok(last)
    })?;
    bar.finish_and_clear();
    Ok(match last {
        None => Report::new(json!({"rotation": null})).line("No key is being rotated."),
        Some(last) => {
            Report::new(json!({"rotation": last.key, "renewed": last.renewed})).line(format!(
                "The {} key is rotated; the old one is destroyed.",
                printable(&last.key)
            ))
        }
    })
}

/// How fast a step goes.
#[derive(Default)]
struct Pace {
    step: String,
    begun: Option<(Instant, u64)>,
}

impl Pace {
    /// Rows a second since this step was first seen.
    fn rate(&mut self, now: &WatchRotationResponse) -> f64 {
        if self.step != now.step {
            self.step.clone_from(&now.step);
            self.begun = None;
        }
        let (begun, done) = *self.begun.get_or_insert_with(|| (Instant::now(), now.done));
        let time = begun.elapsed().max(Duration::from_millis(1)).as_secs_f64();
        now.done.saturating_sub(done) as f64 / time
    }
}

fn show(bar: &ProgressBar, now: &WatchRotationResponse, pace: &mut Pace) {
    let rate = pace.rate(now);
    let known = now.step == "records";
    let style = match known {
        true => "{msg} {wide_bar} {pos}/{len}",
        false => "{msg} {pos}",
    };
    bar.set_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.set_length(now.total);
    bar.set_position(now.done);
    let left = match rate >= 1.0 && known {
        true => format!(
            ", {} s left",
            (now.total.saturating_sub(now.done) as f64 / rate).ceil()
        ),
        false => String::new(),
    };
    let (key, step) = (printable(&now.key), printable(&now.step));
    bar.set_message(format!("{key}: {step}, {rate:.0} rows/s{left}"));
}
