//! What came of all cases.

use std::collections::BTreeMap;
use std::fmt;

use super::claim::Claim;
use super::feed::{Case, Expect, Feed};

/// Counts of the cases by language and kind, and everything that is wrong.
#[derive(Debug, Default)]
pub struct Report {
    counts: BTreeMap<(String, String), Count>,
    reasons: BTreeMap<(String, String), usize>,
    problems: Vec<String>,
}

#[derive(Debug, Default)]
struct Count {
    accepted: usize,
    refused: usize,
}

impl Report {
    /// Gives every case of a feed to this project's code.
    pub fn take(&mut self, file: &str, text: &[u8]) {
        let feed: Feed = match serde_json::from_slice(text) {
            Ok(feed) => feed,
            Err(error) => return self.fail(file, &error),
        };
        let flaws = feed.flaws();
        self.problems
            .extend(flaws.into_iter().map(|flaw| format!("{file}: {flaw}")));
        for case in &feed.cases {
            if let Err(problem) = self.judge(&feed.language, case) {
                let name = &case.name;
                self.problems.push(format!("{file}: {name}: {problem}"));
            }
        }
    }

    /// Notes a feed that can't be read.
    pub fn fail(&mut self, file: &str, error: &dyn std::error::Error) {
        self.problems.push(format!("{file}: {error}"));
    }

    /// What disagrees, what can't be read, and feeds that prove nothing.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Whether there were cases, and all came out as they should.
    pub fn is_good(&self) -> bool {
        !self.counts.is_empty() && self.problems.is_empty()
    }

    /// Why cases were refused, with counts by kind.
    pub fn reasons(&self) -> String {
        let lines = self.reasons.iter();
        let lines =
            lines.map(|((kind, reason), count)| format!("{kind:<13} {count:>5} × {reason}\n"));
        lines.collect()
    }

    fn judge(&mut self, language: &str, case: &Case) -> Result<(), String> {
        let claim = Claim::read(&case.kind, &case.inputs).map_err(|error| error.to_string())?;
        let outcome = claim.check(&case.bytes.0);
        let key = (language.to_owned(), case.kind.clone());
        let count = self.counts.entry(key).or_default();
        match &outcome {
            Ok(()) => count.accepted += 1,
            Err(refusal) => {
                count.refused += 1;
                let key = (case.kind.clone(), refusal.to_string());
                *self.reasons.entry(key).or_default() += 1;
            }
        }
        match (outcome, case.expect) {
            (Ok(()), Expect::Accept) | (Err(_), Expect::Refuse) => Ok(()),
            (Ok(()), Expect::Refuse) => Err("accepted, to be refused".to_owned()),
            (Err(refusal), Expect::Accept) => Err(format!("refused, to be accepted: {refusal}")),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<10} {:<13} {:>8} {:>8}",
            "language", "kind", "accepted", "refused"
        )?;
        for ((language, kind), Count { accepted, refused }) in &self.counts {
            writeln!(f, "{language:<10} {kind:<13} {accepted:>8} {refused:>8}")?;
        }
        for problem in &self.problems {
            writeln!(f, "WRONG {problem}")?;
        }
        Ok(())
    }
}
