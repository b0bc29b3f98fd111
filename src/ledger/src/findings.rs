//! What a verification finds, bounded against ledgers that are nothing but wrong.

use std::collections::BTreeSet;

use crate::source::Unread;
use crate::verdict::{Gap, Verdict};
use crate::violation::{Place, Rule, Violation};

/// How many violations are listed; more are counted.
pub const MAX_LISTED: usize = 10_000;

/// Violations and gaps as they are found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    violations: Vec<Violation>,
    more: u64,
    gaps: BTreeSet<Gap>,
}

impl Findings {
    /// Nothing found.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a broken rule. The same rule at the same place is noted once.
    pub fn violation(&mut self, violation: Violation) {
        let same =
            |known: &Violation| known.rule == violation.rule && known.place == violation.place;
        // What is found twice is found one after the other.
        if self.violations.iter().rev().take(16).any(same) {
            return;
        }
        match self.violations.len() < MAX_LISTED {
            true => self.violations.push(violation),
            false => self.more += 1,
        }
    }

    /// Notes something missing.
    pub fn gap(&mut self, gap: Gap) {
        if self.gaps.len() < MAX_LISTED {
            self.gaps.insert(gap);
        }
    }

    /// Notes a file that can't be had.
    pub fn unread(&mut self, unread: Unread) {
        self.gap(match unread {
            Unread::Missing { path } => Gap::FileMissing { path },
            Unread::Unreadable { path, reason } => Gap::FileUnreadable { path, reason },
        });
    }

    /// Notes a broken rule of a published file.
    pub fn file(&mut self, rule: Rule, path: &str, detail: impl Into<String>) {
        self.violation(Violation::new(rule, Place::File(path.to_owned()), detail));
    }

    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: Self) {
        other
            .violations
            .into_iter()
            .for_each(|violation| self.violation(violation));
        other.gaps.into_iter().for_each(|gap| self.gap(gap));
        self.more += other.more;
    }

    pub(crate) fn add_more(&mut self, more: u64) {
        self.more += more;
    }

    /// What was broken so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Whether a published file was found altered.
    pub fn blames(&self, path: &str) -> bool {
        let at =
            |violation: &Violation| matches!(&violation.place, Place::File(file) if file == path);
        self.violations.iter().any(at)
    }

    /// What is missing so far.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter()
    }

    /// The verdict that follows.
    pub fn verdict(self) -> Verdict {
        Verdict::from_findings(self.violations, self.more, self.gaps.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wholly_wrong_ledger_costs_bounded_memory() {
        let mut findings = Findings::new();
        for index in 0..2 * MAX_LISTED as u64 {
            findings.violation(Violation::new(
                Rule::EntryMalformed,
                Place::Entry(index),
                "x",
            ));
        }
        assert_eq!(findings.violations().len(), MAX_LISTED);
        let Verdict::Violated { more, .. } = findings.verdict() else {
            panic!("not violated")
        };
        assert_eq!(more, MAX_LISTED as u64);
    }

    #[test]
    fn what_is_found_twice_is_listed_once() {
        let mut findings = Findings::new();
        findings.file(Rule::TileAltered, "tile/0/000", "first");
        findings.file(Rule::TileAltered, "tile/0/000", "second");
        assert_eq!(findings.violations().len(), 1);
    }
}
