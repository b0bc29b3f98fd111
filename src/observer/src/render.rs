//! A report for people.

use symbolon_election::content::Content;
use symbolon_election::tally::{Exclusion, QuestionTally};
use symbolon_ledger::{ElectionReport, Gap, Report, Stage, Verdict};

use crate::chart::{Bar, chart};
use crate::text::{clean, date, number, percent, wrap};

/// How many violations and gaps are printed one by one.
const MAX_PRINTED: usize = 100;
const INDENT: &str = "  ";

/// The report as text, in a language where the content has it, for a terminal of a width.
pub fn render(report: &Report, language: &str, width: usize) -> String {
    let width = width.clamp(40, 120);
    let mut lines = Vec::new();
    for election in &report.elections {
        Page {
            election,
            language,
            width,
        }
        .write(&mut lines);
        lines.push(String::new());
    }
    if report.elections_of_others > 0 {
        let count = number(report.elections_of_others as u64);
        lines.push(format!(
            "Not shown: {count} election(s) of others, not the ones meant here."
        ));
        lines.push(String::new());
    }
    verdict(report, &mut lines);
    lines.join("\n") + "\n"
}

/// One election's page.
struct Page<'a> {
    election: &'a ElectionReport,
    language: &'a str,
    width: usize,
}

impl Page<'_> {
    fn write(&self, lines: &mut Vec<String>) {
        let title = self
            .election
            .content
            .as_ref()
            .map(|content| content.title());
        let title = title.map_or_else(
            || "(its content is missing)".to_owned(),
            |title| clean(title.best(self.language)),
        );
        lines.extend(wrap(&title, self.width));
        lines.push(format!("{INDENT}election {}", self.election.election));
        lines.push(format!("{INDENT}{}", self.stage()));
        lines.extend(
            self.figures()
                .into_iter()
                .map(|line| format!("{INDENT}{line}")),
        );
        for at in 0..self.election.tally.questions.len() {
            lines.push(String::new());
            self.question(at, lines);
        }
        let notes = self.notes();
        if !notes.is_empty() {
            lines.push(String::new());
        }
        for note in notes {
            lines.extend(
                wrap(&note, self.width - 4)
                    .into_iter()
                    .enumerate()
                    .map(|(at, line)| {
                        format!("{INDENT}{} {line}", if at == 0 { "·" } else { " " })
                    }),
            );
        }
    }

    fn stage(&self) -> String {
        let (opens, closes) = (date(self.election.opens), date(self.election.closes));
        let stage = match self.election.stage {
            Stage::Announced => "announced, no roll yet",
            Stage::Open => "figures so far; not closed",
            Stage::Closed => "closed, not certified yet",
            Stage::Certified => "certified",
            Stage::Cancelled => "CANCELLED",
        };
        format!("{stage} · {opens} to {closes}")
    }

    fn figures(&self) -> Vec<String> {
        let tally = &self.election.tally;
        let roll = u64::from(tally.roll_size);
        let mut lines = vec![format!(
            "turnout {} of {} on the roll ({}){}",
            number(tally.counted),
            number(roll),
            percent(tally.counted, roll),
            self.quorum(),
        )];
        let issued = tally
            .issued
            .map_or("known after close".to_owned(), |issued| {
                number(u64::from(issued))
            });
        lines.push(format!("places with a ballot key: {issued}"));
        lines.push(format!("ballots on the ledger: {}", number(tally.ballots)));
        for (reason, count) in &tally.excluded {
            lines.push(format!(
                "not counted: {}, {}",
                number(*count),
                in_words(*reason)
            ));
        }
        lines
    }

    fn quorum(&self) -> String {
        let tally = &self.election.tally;
        let Some(quorum) = self.election.content.as_ref().and_then(Content::quorum) else {
            return String::new();
        };
        let needed = u128::from(tally.roll_size) * u128::from(quorum);
        let reached = u128::from(tally.counted) * 10_000 >= needed;
        let (whole, part) = (quorum / 100, quorum % 100);
        let word = if reached { "reached" } else { "not reached" };
        format!("; quorum of {whole}.{part:02} % {word}")
    }

    fn question(&self, at: usize, lines: &mut Vec<String>) {
        let answers = &self.election.tally.questions[at];
        let asked = self
            .election
            .content
            .as_ref()
            .and_then(|content| content.questions().get(at));
        let title = asked.map_or_else(String::new, |asked| clean(asked.text.best(self.language)));
        let mut wrapped = wrap(&format!("{}. {title}", at + 1), self.width - 2).into_iter();
        lines.extend(wrapped.by_ref().map(|line| format!("{INDENT}{line}")));
        let labels = self.labels(at, answers);
        // Where something must be chosen nobody can be blank.
        let may_be_blank = asked.is_none_or(|asked| asked.least == 0) || answers.blank > 0;
        let blank = may_be_blank.then_some(&answers.blank);
        let bars: Vec<_> = labels
            .iter()
            .zip(answers.options.iter().chain(blank))
            .map(|(label, count)| Bar {
                label,
                count: *count,
            })
            .collect();
        let drawn = chart(&bars, self.election.tally.counted, self.width - 4);
        lines.extend(
            drawn
                .into_iter()
                .map(|line| format!("{INDENT}{INDENT}{line}")),
        );
    }

    /// The options' names, and the blank's.
    fn labels(&self, at: usize, answers: &QuestionTally) -> Vec<String> {
        let asked = self
            .election
            .content
            .as_ref()
            .and_then(|content| content.questions().get(at));
        let name = |option: usize| {
            let text = asked.and_then(|asked| asked.options.get(option));
            text.map_or_else(
                || format!("option {}", option + 1),
                |text| clean(text.best(self.language)),
            )
        };
        (0..answers.options.len())
            .map(name)
            .chain(["(blank)".to_owned()])
            .collect()
    }

    /// What readers should know beside the figures.
    fn notes(&self) -> Vec<String> {
        let election = self.election;
        let mut notes = Vec::new();
        if election.keys_at_portal {
            notes.push(
                "Simple mode: the portal holds voters' keys and sees their voter IDs.".into(),
            );
        }
        if election.cosigners_needed == Some(1) {
            notes.push(
                "One cosigner gives entries their time: the log's operator could backdate.".into(),
            );
        }
        if election.bounds_only {
            notes.push("Bounds only: the roll's files are missing.".into());
        }
        if election.contested > 0 {
            let count = number(election.contested as u64);
            notes.push(match election.tally.issued {
                None => {
                    format!("Contested until Close: {count} place(s) with ballots of two keys.")
                }
                Some(_) => {
                    format!("{count} place(s) had ballots of two keys; the list at Close decided.")
                }
            });
        }
        if !election.other_key_places.is_empty() {
            let places: Vec<String> = election
                .other_key_places
                .iter()
                .take(20)
                .map(ToString::to_string)
                .collect();
            notes.push(format!(
                "Ballots of keys never issued, at places {}.",
                places.join(", ")
            ));
        }
        if election.rotations > 0 {
            notes.push(format!(
                "The token key was rotated {} time(s).",
                election.rotations
            ));
        }
        if election.batches.below_promise > 0 {
            let count = number(election.batches.below_promise);
            notes.push(format!(
                "{count} batch(es) look smaller than the manifest promises."
            ));
        }
        notes
    }
}

fn in_words(reason: Exclusion) -> &'static str {
    match reason {
        Exclusion::Early => "before opening",
        Exclusion::Late => "too late",
        Exclusion::Malformed => "malformed",
        Exclusion::BallotSignature => "not signed by their ballot key",
        Exclusion::TokenSignature => "with a token of no known issuer",
        Exclusion::NotInRoll => "not at their place of the roll",
        Exclusion::OtherKey => "of a key that was not issued to the place",
        Exclusion::Contested => "at contested places",
        Exclusion::Superseded => "replaced by another ballot of the same voter",
    }
}

fn verdict(report: &Report, lines: &mut Vec<String>) {
    let entries = number(report.ledger_size);
    lines.push(match &report.verdict {
        Verdict::Verified => format!(
            "VERIFIED: all {entries} entries were recomputed; signatures, rolls, order, times and \
             figures hold."
        ),
        Verdict::Incomplete { .. } => format!(
            "INCOMPLETE: nothing wrong in {entries} entries, but not everything could be checked:"
        ),
        Verdict::Violated {
            violations, more, ..
        } => {
            let count = number(violations.len() as u64 + more);
            format!("VIOLATED: {count} violation(s) in {entries} entries:")
        }
    });
    let violations = report.verdict.violations();
    lines.extend(
        violations
            .iter()
            .take(MAX_PRINTED)
            .map(|it| format!("{INDENT}{}", clean(&it.to_string()))),
    );
    if violations.len() > MAX_PRINTED {
        let rest = number((violations.len() - MAX_PRINTED) as u64);
        lines.push(format!("{INDENT}and {rest} more; --json lists them"));
    }
    let gaps: Vec<&Gap> = report.verdict.gaps().iter().collect();
    lines.extend(
        gaps.iter()
            .take(MAX_PRINTED)
            .map(|gap| format!("{INDENT}{}", clean(&gap.to_string()))),
    );
    if gaps.len() > MAX_PRINTED {
        let rest = number((gaps.len() - MAX_PRINTED) as u64);
        lines.push(format!("{INDENT}and {rest} more; --json lists them"));
    }
}
