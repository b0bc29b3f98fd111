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
/// Older than that, a key that people are found or sealed by is due for rotation.
const DUE_DAYS: u64 = 365;

#[derive(Subcommand)]
pub enum Keys {
    /// Shows what keys there are, how old they are, and what is due.
    List(List),
    /// Watches the rotation under way to its end.
    Watch(Watch),
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
        let mut table = Table::new(&["key", "epoch", "state", "in use since", "days", "to do"]);
        let mut values = Vec::new();
        for key in keys.iter().filter(|key| self.all || key.destroyed == 0) {
            let days = context.now.saturating_sub(key.minted) / DAY;
            let to_do = to_do(key, days);
            let since = match key.activated {
                0 => String::new(),
                time => clock::show_time(time),
            };
            table.row([
                printable(&key.purpose),
                key.epoch.to_string(),
                printable(&key.state),
                since,
                days.to_string(),
                to_do.to_owned(),
            ]);
            values.push(json!({
                "id": hex::encode(&key.id), "purpose": key.purpose, "epoch": key.epoch,
                "state": key.state, "minted": key.minted, "activated": key.activated,
                "retired": key.retired, "destroyed": key.destroyed, "toDo": to_do,
            }));
        }
        Ok(Report::new(json!({ "keys": values })).table(&table))
    }
}

/// What an officer should do about a key.
fn to_do(key: &Key, days: u64) -> &'static str {
    let rotates = matches!(key.purpose.as_str(), "index" | "sealing");
    match key.state.as_str() {
        "retiring" => "is destroyed when the rotation ends: keys watch",
        "active" if rotates && days > DUE_DAYS => "ROTATE: proposals draft rotate-key",
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
