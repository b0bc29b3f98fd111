//! The people of the CSV, and what each of them does: a function of the row.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail};
use serde::Deserialize;
use symbolon_crypto::digest::sha256;

/// The columns that the demo wants.
pub const COLUMNS: [&str; 5] = [
    "family_name",
    "given_name",
    "birth_date",
    "document",
    "district",
];

/// Options of the first poll's first question.
const BENCH: u8 = 3;
/// Options of its second question.
const TREES: u8 = 5;
/// Options of the second poll's question.
const STREET: u8 = 4;

/// One row.
#[derive(Deserialize)]
struct Row {
    family_name: String,
    given_name: String,
    birth_date: String,
    document: String,
    district: String,
}

/// A voter: a registration ID at the first row that got it.
#[derive(Clone)]
pub struct Voter {
    /// The row's line in the CSV.
    pub line: u64,
    /// The registration ID, hexadecimal.
    pub registration_id: String,
    /// What the row says of where they live.
    pub district: String,
    /// What they do.
    pub plan: Plan,
}

/// What a voter does, decided by `d`, the SHA-256 of the row's first four cells joined by the
/// byte 0x1f.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// `d[0] < 8`: asks for nothing.
    pub silent: bool,
    /// `8 ≤ d[0] < 20`: asks for tokens and never casts.
    pub asks_only: bool,
    /// `d[1] < 24`: casts another ballot in the first poll before the one that counts.
    pub twice: bool,
    /// `d[3] < 6`: comes too late in the first poll.
    pub late: bool,
    /// `d[4] < 6`: first tries the token of the voter before.
    pub thief: bool,
    /// The first poll's ballot: blank in question 1 where `d[2] < 16`.
    pub first: Vec<Vec<u8>>,
    /// The second poll's ballot.
    pub second: Vec<Vec<u8>>,
}

impl Plan {
    /// The plan of a row.
    pub fn of(cells: [&str; 4]) -> Self {
        let d = sha256(cells.join("\x1f").as_bytes());
        let bench = match d[2] < 16 {
            true => Vec::new(),
            false => vec![1 + d[5] % BENCH],
        };
        let mut trees: Vec<u8> = (0..1 + d[7] % 3)
            .map(|i| 1 + (d[6].wrapping_add(i)) % TREES)
            .collect();
        trees.sort_unstable();
        trees.dedup();
        Self {
            silent: d[0] < 8,
            asks_only: (8..20).contains(&d[0]),
            twice: d[1] < 24,
            late: d[3] < 6,
            thief: d[4] < 6,
            first: vec![bench, trees],
            second: vec![vec![1 + d[8] % STREET]],
        }
    }

    /// Whether the voter casts anything.
    pub fn casts(&self) -> bool {
        !self.silent && !self.asks_only
    }
}

/// The voters in the order of their first rows.
pub fn voters(people: &Path, ids: &Path) -> anyhow::Result<Vec<Voter>> {
    let mut rows = rows(people)?;
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    for (line, id) in registered(ids)? {
        let known = first.entry(id).or_insert(line);
        *known = line.min(*known);
    }
    let mut voters = Vec::with_capacity(first.len());
    for (registration_id, line) in first {
        let row = rows
            .remove(&line)
            .with_context(|| format!("line {line} isn't a row"))?;
        let plan = Plan::of([
            &row.family_name,
            &row.given_name,
            &row.birth_date,
            &row.document,
        ]);
        voters.push(Voter {
            line,
            registration_id,
            district: row.district,
            plan,
        });
    }
    voters.sort_by_key(|voter| voter.line);
    Ok(voters)
}

/// How many rows there are.
pub fn count(people: &Path) -> anyhow::Result<usize> {
    Ok(rows(people)?.len())
}

fn rows(path: &Path) -> anyhow::Result<BTreeMap<u64, Row>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    let headers = reader.headers()?.clone();
    if let Some(missing) = COLUMNS
        .iter()
        .find(|column| !headers.iter().any(|header| header == **column))
    {
        bail!("{}: the column {missing} is missing", path.display());
    }
    let mut rows = BTreeMap::new();
    for record in reader.records() {
        let record = record.with_context(|| path.display().to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.insert(line, record.deserialize(Some(&headers))?);
    }
    Ok(rows)
}

/// The lines of the file of registration IDs, each with its ID.
pub fn registered(ids: &Path) -> anyhow::Result<Vec<(u64, String)>> {
    #[derive(Deserialize)]
    struct Registered {
        line: u64,
        registration_id: String,
    }
    let mut reader = csv::Reader::from_path(ids).with_context(|| ids.display().to_string())?;
    let rows = reader.deserialize::<Registered>();
    let rows = rows.map(|row| row.map(|row| (row.line, row.registration_id)));
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_function_of_the_row() {
        let plan = Plan::of(["Müller", "Anna", "1980-02-29", "AB1234567"]);
        assert_eq!(
            plan,
            Plan::of(["Müller", "Anna", "1980-02-29", "AB1234567"])
        );
        assert_ne!(
            plan,
            Plan::of(["Müller", "Anna", "1980-02-29", "AB1234568"])
        );
    }

    #[test]
    fn every_ballot_fits_the_questions() {
        for n in 0..2000 {
            let plan = Plan::of(["a", "b", "c", &n.to_string()]);
            let [bench, trees] = plan.first.as_slice() else {
                unreachable!()
            };
            assert!(bench.len() <= 1 && bench.iter().all(|option| (1..=BENCH).contains(option)));
            assert!((1..=3).contains(&trees.len()) && trees.is_sorted_by(|a, b| a < b));
            assert!(trees.iter().all(|option| (1..=TREES).contains(option)));
            assert!((1..=STREET).contains(&plan.second[0][0]));
        }
    }
}
