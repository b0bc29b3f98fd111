//! What a request is about: a person known already, a new one, or a conflict.
//!
//! Pure decisions from what the index says; who looks up and who writes is not decided here.

use std::collections::BTreeSet;

use crate::schema::{Rule, RuleId, RuleKind};

/// What the index says about one match key of a request.
pub struct Finding<'a, R> {
    /// The rule that the match key is of.
    pub rule: &'a Rule,
    /// The records that the match key stands in, under any live epoch of the index key. More
    /// than one only for hints of people who are known to be different.
    pub records: Vec<R>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<R> {
    /// A known person.
    Known {
        /// Their record.
        record: R,
        /// Positions, among the findings, of the match keys that the record doesn't have yet.
        attach: Vec<usize>,
    },
    /// A new person: the match keys of all current rules go into a new record. Hints among
    /// them may stand in other records already.
    New,
    /// Nothing changes; a ticket is opened.
    Conflict(Conflict<R>),
}

/// Why nobody but registrars can tell who this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict<R> {
    /// What is in the way.
    pub kind: ConflictKind,
    /// The rules that found something, in the order of the findings.
    pub rules: Vec<RuleId>,
    /// The records that the request may be about, in ascending order.
    pub records: Vec<R>,
}

/// The ways in which a request can contradict what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictKind {
    /// Somebody like that is known, but nothing identifies them.
    OnlyHints,
    /// The request's identifying attributes belong to several people.
    SeveralRecords,
    /// An identifying attribute is known with other attributes of the `always` rule.
    OtherAlways,
    /// An identifying attribute is known with another value of a permanent one.
    OtherPermanent,
}

impl ConflictKind {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnlyHints => "only-hints",
            Self::SeveralRecords => "several-records",
            Self::OtherAlways => "other-always",
            Self::OtherPermanent => "other-permanent",
        }
    }
}

/// Decides what a request is about.
///
/// `findings` holds one entry for each match key of the request, outdated rules included.
/// `holds` says whether a record has any match key of a rule; it is asked about found records
/// and `permanent` rules only.
///
/// - Found by `unique` rules in exactly one record, the `always` key among that record's, and
///   no permanent attribute of another value: that record.
/// - Nothing found, or only hints at people whose permanent attribute has another value: a
///   new record.
/// - Anything else: a conflict.
pub fn resolve<R: Copy + Ord>(
    findings: &[Finding<'_, R>],
    holds: impl Fn(R, &RuleId) -> bool,
) -> Decision<R> {
    let by_unique = records(findings, is_unique);
    let is_another = |record: R| is_another(findings, record, &holds);
    let conflict = |kind, records| conflict(findings, kind, records);
    match Vec::from_iter(by_unique).as_slice() {
        [] => {
            let possible: Vec<R> = records(findings, |_| true)
                .into_iter()
                .filter(|&record| !is_another(record))
                .collect();
            if possible.is_empty() {
                Decision::New
            } else {
                conflict(ConflictKind::OnlyHints, possible)
            }
        }
        &[record] if is_another(record) => conflict(ConflictKind::OtherPermanent, vec![record]),
        &[record] if records(findings, Rule::always).contains(&record) => Decision::Known {
            record,
            attach: attach(findings, record),
        },
        &[record] => conflict(ConflictKind::OtherAlways, vec![record]),
        several => conflict(ConflictKind::SeveralRecords, several.to_vec()),
    }
}

/// Decides whether corrected data are a known person's, who is named beside them.
///
/// - Found by `unique` rules in this record and no other, and no permanent attribute of another
///   value: that record, under whatever name.
/// - Anything else: a conflict, which names the record among those that it may be about.
pub fn amend<R: Copy + Ord>(
    findings: &[Finding<'_, R>],
    record: R,
    holds: impl Fn(R, &RuleId) -> bool,
) -> Decision<R> {
    let by_unique = records(findings, is_unique);
    let others = by_unique.iter().any(|found| *found != record);
    if others {
        let all = by_unique.into_iter().chain([record]);
        let all = Vec::from_iter(BTreeSet::from_iter(all));
        return conflict(findings, ConflictKind::SeveralRecords, all);
    }
    if is_another(findings, record, &holds) {
        return conflict(findings, ConflictKind::OtherPermanent, vec![record]);
    }
    match by_unique.is_empty() {
        true => conflict(findings, ConflictKind::OnlyHints, vec![record]),
        false => Decision::Known {
            record,
            attach: attach(findings, record),
        },
    }
}

fn is_unique(rule: &Rule) -> bool {
    rule.kind() == RuleKind::Unique
}

/// Whether a permanent attribute says that the record is another person's.
fn is_another<R: Copy + Ord>(
    findings: &[Finding<'_, R>],
    record: R,
    holds: impl Fn(R, &RuleId) -> bool,
) -> bool {
    let mut permanent = findings.iter().filter(|found| found.rule.permanent());
    permanent.any(|found| !found.records.contains(&record) && holds(record, found.rule.id()))
}

fn conflict<R>(findings: &[Finding<'_, R>], kind: ConflictKind, records: Vec<R>) -> Decision<R> {
    Decision::Conflict(Conflict {
        kind,
        rules: rules(findings),
        records,
    })
}

fn records<R: Copy + Ord>(findings: &[Finding<'_, R>], of: impl Fn(&Rule) -> bool) -> BTreeSet<R> {
    findings
        .iter()
        .filter(|found| of(found.rule))
        .flat_map(|found| found.records.iter().copied())
        .collect()
}

fn rules<R>(findings: &[Finding<'_, R>]) -> Vec<RuleId> {
    findings
        .iter()
        .filter(|found| !found.records.is_empty())
        .map(|found| *found.rule.id())
        .collect()
}

fn attach<R: Eq>(findings: &[Finding<'_, R>], record: R) -> Vec<usize> {
    let lacks = |found: &Finding<'_, R>| !found.rule.outdated() && !found.records.contains(&record);
    findings
        .iter()
        .enumerate()
        .filter(|(_, found)| lacks(found))
        .map(|(position, _)| position)
        .collect()
}

#[cfg(test)]
mod tests;
