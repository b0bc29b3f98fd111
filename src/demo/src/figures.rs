//! The figures at the demo's end: what an independent script derives from the CSV alone.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{devices::Outcome, people::registered};

/// Everything that can be counted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Rows of the CSV.
    pub people: usize,
    /// Rows with something wrong.
    pub refused_rows: Vec<RefusedRow>,
    /// Lines of rows that point to somebody else.
    pub conflicts: Vec<u64>,
    /// People.
    pub records: usize,
    /// Rows that were somebody known already.
    pub joined: usize,
    /// The polls by name.
    pub polls: BTreeMap<&'static str, PollFigures>,
    /// The observer's word: verified, incomplete or violated.
    pub verdict: String,
}

/// A row that was refused.
#[derive(Serialize, Deserialize)]
pub struct RefusedRow {
    /// Its line in the file.
    pub line: u64,
    /// The column at fault.
    pub field: String,
}

/// One poll.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PollFigures {
    /// Its ID.
    pub election: String,
    /// How many are entitled.
    pub roll: Value,
    /// Tokens and ballots.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Ballots that counted.
    pub counted: Value,
    /// Blanks and counts, question by question.
    pub questions: Value,
}

impl Figures {
    /// What registering gave.
    pub fn of_registration(people: usize, ids: &Path, errors: &Path) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Row {
            line: u64,
            field: String,
            reason: String,
        }
        let registered = registered(ids)?;
        let mut distinct: Vec<&String> = registered.iter().map(|(_, id)| id).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let (mut refused_rows, mut conflicts) = (Vec::new(), Vec::new());
        if errors.exists() {
            let mut reader = csv::Reader::from_path(errors)?;
            for row in reader.deserialize() {
                let Row {
                    line,
                    field,
                    reason,
                } = row?;
                match reason.as_str() {
                    "IDENTITY_CONFLICT" => conflicts.push(line),
                    _ => refused_rows.push(RefusedRow { line, field }),
                }
            }
        }
        refused_rows.sort_by_key(|row| row.line);
        conflicts.sort_unstable();
        Ok(Self {
            people,
            refused_rows,
            conflicts,
            records: distinct.len(),
            joined: registered.len() - distinct.len(),
            polls: BTreeMap::new(),
            verdict: String::new(),
        })
    }

    /// Adds a poll from the devices' word and the certified tally.
    pub fn add_poll(
        &mut self,
        name: &'static str,
        election: &str,
        outcome: Outcome,
        tally: &Value,
    ) {
        let figures = PollFigures {
            election: election.to_owned(),
            roll: tally["rollSize"].clone(),
            outcome,
            counted: tally["counted"].clone(),
            questions: tally["questions"].clone(),
        };
        self.polls.insert(name, figures);
    }

    /// Takes the observer's verdict.
    pub fn judge(&mut self, observed: &Value) -> anyhow::Result<()> {
        let verdict = observed["verdict"]
            .as_str()
            .or_else(|| observed["verdict"]["verdict"].as_str());
        self.verdict = verdict
            .context("the observer says a verdict")?
            .to_ascii_lowercase();
        Ok(())
    }

    /// Whether the observer verified everything.
    pub fn verified(&self) -> bool {
        self.verdict == "verified"
    }
}
