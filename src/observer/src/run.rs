//! The commands.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use symbolon_election::{Complaint, TrustFile};
use symbolon_ledger::{Pins, Report, Rule, Verdict};

use crate::args::{Args, Command, Options};
#[cfg(feature = "ethereum")]
use crate::chain;
use crate::{Error, Observer, render, source};

/// How a run ended, as an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// Everything is there and holds.
    Verified,
    /// A rule was broken.
    Violated,
    /// Something is missing, unreadable, or nothing was pinned.
    Incomplete,
}

impl ExitStatus {
    /// The status of a verdict.
    pub fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Verified => Self::Verified,
            Verdict::Violated { .. } => Self::Violated,
            Verdict::Incomplete { .. } => Self::Incomplete,
        }
    }

    /// The process's exit status.
    pub const fn code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Violated => 1,
            Self::Incomplete => 2,
        }
    }
}

/// Runs a command and writes its answer. `follow` returns only when it can't write any more.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<ExitStatus, Error> {
    match &args.command {
        #[cfg(feature = "ethereum")]
        Command::Verify(options) if options.ethereum.is_meant() => {
            let report = chain::observe(options)?;
            answer(options, &report, out)?;
            Ok(ExitStatus::of(&report.verdict))
        }
        Command::Verify(options) => {
            let report = look(&mut observer(options)?);
            answer(options, &report, out)?;
            Ok(ExitStatus::of(&report.verdict))
        }
        Command::Rules => {
            out.write_all(rules().as_bytes()).map_err(Error::Output)?;
            Ok(ExitStatus::Verified)
        }
        Command::Follow { options, every } => follow(options, Duration::from_secs(*every), out),
    }
}

/// Every violation: its name, what it breaks, what it means.
fn rules() -> String {
    let head = "| violation | breaks | meaning |\n|---|---|---|\n".to_owned();
    Rule::ALL.iter().fold(head, |table, rule| {
        let (name, breaks, meaning) = (rule.name(), rule.breaks(), rule.meaning());
        table + &format!("| `{name}` | {breaks} | {meaning} |\n")
    })
}

fn follow(options: &Options, every: Duration, out: &mut dyn Write) -> Result<ExitStatus, Error> {
    #[cfg(feature = "ethereum")]
    if options.ethereum.is_meant() {
        return follow_chain(options, every, out);
    }
    let mut observer = observer(options)?;
    let mut seen = None;
    let mut said = None;
    loop {
        let latest = observer.latest();
        if said.is_none() || latest != seen {
            let report = look(&mut observer);
            let summary = serde_json::to_vec(&report).ok();
            if said != Some(summary.clone()) {
                answer(options, &report, out)?;
                said = Some(summary);
            }
            seen = latest;
        }
        thread::sleep(every);
    }
}

/// Reads a chain again and again, from its beginning.
#[cfg(feature = "ethereum")]
fn follow_chain(
    options: &Options,
    every: Duration,
    out: &mut dyn Write,
) -> Result<ExitStatus, Error> {
    let mut said = None;
    loop {
        let report = chain::observe(options)?;
        let summary = serde_json::to_vec(&report).ok();
        if said != Some(summary.clone()) {
            answer(options, &report, out)?;
            said = Some(summary);
        }
        thread::sleep(every);
    }
}

fn observer(options: &Options) -> Result<Observer, Error> {
    let pins = pins(options)?;
    let complaints = options.complaint.iter().map(|path| complaint(path));
    let complaints = complaints.collect::<Result<_, _>>()?;
    let source = source::open(
        &options.source,
        options.ca.as_deref(),
        options.mirror.as_deref(),
    )?;
    Ok(Observer::new(source, pins, complaints))
}

pub(crate) fn pins(options: &Options) -> Result<Pins, Error> {
    if let Some(path) = &options.trust {
        let trust = TrustFile::parse(&read(path)?);
        return Ok(Pins::Trust(Box::new(
            trust.map_err(|error| Error::Trust(path.clone(), error))?,
        )));
    }
    Ok(match options.election.is_empty() {
        true => Pins::Nothing,
        false => Pins::Elections(options.election.clone()),
    })
}

pub(crate) fn complaint(path: &Path) -> Result<Complaint, Error> {
    Complaint::parse(&read(path)?).map_err(|error| Error::Complaint(path.to_owned(), error))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::File(path.to_owned(), error))
}

/// One round, with a progress bar where somebody watches.
fn look(observer: &mut Observer) -> Report {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} entries, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let report = observer.observe(&mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    report
}

/// The answer as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    source: &'a str,
    #[serde(flatten)]
    report: &'a Report,
}

fn answer(options: &Options, report: &Report, out: &mut dyn Write) -> Result<(), Error> {
    let text = if options.json {
        let answer = Answer {
            source: &options.source,
            report,
        };
        serde_json::to_string(&answer).map_err(|error| Error::Output(error.into()))? + "\n"
    } else {
        render(report, &options.language, width())
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Error::Output)
}

/// The terminal's columns; 80 where there is no terminal.
fn width() -> usize {
    let measured = || {
        console::Term::stdout()
            .size_checked()
            .map(|(_, columns)| columns.into())
    };
    io::stdout()
        .is_terminal()
        .then(measured)
        .flatten()
        .unwrap_or(80)
}
