use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use symbolon_api_closed::registration::{
    GetSchemaRequest, registration_client::RegistrationClient,
};

use crate::{
    Context, Error,
    context::refused,
    output::{Report, Table},
    people::{Ending, Fate, Journal, Progress, Pump, Results, Rows},
};

#[derive(Subcommand)]
pub enum People {
    /// Registers all people of a CSV file; goes on where an earlier run stopped.
    Register(Register),
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/portal-main.toml people register people.csv --ignore district --out ids.csv --copy district

The header names the attributes; an empty cell is an absent attribute. Beside the file come
FILE.journal (line numbers and what became of them, no personal data) and FILE.errors.csv
(refused rows by line and field). Stopped in the middle, the same command goes on.")]
pub struct Register {
    /// CSV in UTF-8 with a header.
    file: PathBuf,
    /// A column that is no attribute.
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
    /// Writes registration IDs to this file: line, registration_id.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A column to copy into the file of IDs.
    #[arg(long, value_name = "COLUMN", requires = "out")]
    copy: Vec<String>,
}

impl People {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Register(command) => command.run(context),
        }
    }
}

impl Register {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let file = File::open(&self.file).map_err(|e| Error::unreadable_file(&self.file, e))?;
        let size = file
            .metadata()
            .map_err(|e| Error::unreadable_file(&self.file, e))?
            .len();
        let (journal, errors) = (
            beside(&self.file, ".journal"),
            beside(&self.file, ".errors.csv"),
        );
        let (results, ending) = context.call(|channel| async {
            let mut client = RegistrationClient::new(channel.clone());
            let schema = client
                .get_schema(GetSchemaRequest {})
                .await
                .map_err(refused)?;
            let names: BTreeSet<String> = schema
                .into_inner()
                .attributes
                .into_iter()
                .map(|attribute| attribute.name)
                .collect();
            let rows = Rows::new(file, &names, &self.ignore)?;
            let mut results = Results::new(Journal::open(&journal, size)?, &errors)?;
            if let Some(out) = &self.out {
                results = results.with_ids(out, &rows.header(), &self.copy)?;
            }
            Pump::new(rows, results, Bar::new(size, context.json))
                .run(channel)
                .await
        })?;
        Ok(self.report(&results, &ending, &errors))
    }

    fn report(&self, results: &Results, ending: &Ending, errors: &Path) -> Report {
        let (done, refused) = (results.count(Fate::Done), results.count(Fate::Refused));
        let mut report = Report::new(json!({
            "registered": done, "refused": refused, "settledBefore": ending.settled_before,
            "refusedByReason": results.reasons(), "putOff": ending.put_off,
            "complete": ending.put_off.is_empty(), "errors": errors, "out": self.out,
        }))
        .facts([
            ("registered", done.to_string()),
            ("refused", refused.to_string()),
            ("settled by earlier runs", ending.settled_before.to_string()),
        ])
        .failed_if(refused > 0 || !ending.put_off.is_empty());
        if refused > 0 {
            let mut table = Table::new(&["reason", "rows of this run"]);
            for (reason, count) in results.reasons() {
                table.row([reason.clone(), count.to_string()]);
            }
            report = report.table(&table).line(format!(
                "{} names each by line and field.",
                errors.display()
            ));
        }
        for reason in ending.put_off.keys() {
            report = report.line(format!(
                "Stopped for now: {reason}. The same command goes on later."
            ));
        }
        report
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    name.into()
}

struct Bar(ProgressBar);

impl Bar {
    fn new(size: u64, quiet: bool) -> Self {
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(size)
        };
        let style =
            ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {elapsed_precise}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self(bar)
    }
}

impl Progress for Bar {
    fn step(&mut self, bytes: u64, done: u64, refused: u64) {
        self.0.set_position(bytes);
        self.0
            .set_message(format!("{done} registered, {refused} refused"));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
