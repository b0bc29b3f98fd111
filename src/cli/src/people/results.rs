use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use symbolon_api_closed::registration::RowRefusal;

use super::{
    journal::{Fate, Journal, open_whole_lines},
    rows::{BadRow, Header, Row},
};
use crate::error::Error;

/// Where answers go: the journal, the file of refused rows, and, where asked for, the file of IDs.
pub struct Results {
    journal: Journal,
    errors: Table,
    ids: Option<Ids>,
    reasons: BTreeMap<String, u64>,
}

struct Ids {
    table: Table,
    // Columns copied from the row.
    copied: Vec<usize>,
}

struct Table {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl Results {
    /// Answers go to these files, behind what is there.
    pub fn new(journal: Journal, errors: &Path) -> Result<Self, Error> {
        let header = ["line", "field", "reason", "description", "ticket"];
        Ok(Self {
            journal,
            errors: Table::open(errors, &header)?,
            ids: None,
            reasons: BTreeMap::new(),
        })
    }

    /// Registration IDs go to a file as well, with copies of some columns.
    pub fn with_ids(
        mut self,
        path: &Path,
        header: &Header,
        copied: &[String],
    ) -> Result<Self, Error> {
        if self.journal.count(Fate::Done) > 0 && !path.exists() {
            return Err(Error::usage(
                "an earlier run registered rows without writing their IDs to this file",
                "Move the journal away to start anew: rows that are known get the same IDs again.",
            ));
        }
        let mut names = vec!["line", "registration_id"];
        names.extend(copied.iter().map(String::as_str));
        let copied = copied
            .iter()
            .map(|name| header.position(name))
            .collect::<Result<_, _>>()?;
        self.ids = Some(Ids {
            table: Table::open(path, &names)?,
            copied,
        });
        Ok(self)
    }

    /// What is known of the row at a line.
    pub fn fate(&self, line: u64) -> Option<Fate> {
        self.journal.fate(line)
    }

    /// How many rows met this fate, in this run and before.
    pub fn count(&self, fate: Fate) -> u64 {
        self.journal.count(fate)
    }

    /// How many rows of this run were refused, by reason.
    pub fn reasons(&self) -> &BTreeMap<String, u64> {
        &self.reasons
    }

    /// A row was registered.
    pub fn registered(&mut self, row: &Row, id: &[u8]) -> Result<(), Error> {
        if let Some(ids) = &mut self.ids {
            let mut cells = vec![row.line.to_string(), hex::encode(id)];
            cells.extend(ids.copied.iter().map(|at| row.cell(*at).to_owned()));
            ids.table.write(&cells)?;
        }
        self.journal.note(row.line, Fate::Done)
    }

    /// A row was refused.
    pub fn refused(&mut self, line: u64, refusal: &RowRefusal) -> Result<(), Error> {
        let ticket = match refusal.ticket {
            0 => String::new(),
            ticket => ticket.to_string(),
        };
        self.errors.write(&[
            line.to_string(),
            refusal.field.clone(),
            refusal.reason.clone(),
            refusal.description.clone(),
            ticket,
        ])?;
        *self.reasons.entry(refusal.reason.clone()).or_default() += 1;
        self.journal.note(line, Fate::Refused)
    }

    /// A row can't be read.
    pub fn unreadable(&mut self, bad: &BadRow) -> Result<(), Error> {
        let refusal = RowRefusal {
            reason: "UNREADABLE_ROW".into(),
            field: bad.field.clone(),
            description: bad.problem.clone(),
            ..RowRefusal::default()
        };
        self.refused(bad.line, &refusal)
    }

    /// Hands everything to the operating system: IDs and errors before the journal that says they are there.
    pub fn flush(&mut self) -> Result<(), Error> {
        if let Some(ids) = &mut self.ids {
            ids.table.flush()?;
        }
        self.errors.flush()?;
        self.journal.flush()
    }
}

impl Table {
    fn open(path: &Path, header: &[&str]) -> Result<Self, Error> {
        let file = open_whole_lines(path)?;
        let fresh = file.metadata().map_or(0, |m| m.len()) == 0;
        let mut table = Self {
            path: path.to_owned(),
            writer: csv::WriterBuilder::new().from_writer(file),
        };
        if fresh {
            table.write(header)?;
        }
        Ok(table)
    }

    fn write<T: AsRef<[u8]>>(&mut self, cells: &[T]) -> Result<(), Error> {
        self.writer
            .write_record(cells)
            .map_err(|e| Error::unwritable(&self.path, e.into()))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.writer
            .flush()
            .map_err(|e| Error::unwritable(&self.path, e))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn refused_rows_are_written_with_line_and_field_and_counted_by_reason() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(&dir.path().join("journal"), 1).unwrap();
        let errors = dir.path().join("errors.csv");
        let mut results = Results::new(journal, &errors).unwrap();
        let bad = BadRow {
            line: 7,
            field: "birth_date".into(),
            problem: "not UTF-8".into(),
        };
        results.unreadable(&bad).unwrap();
        results.flush().unwrap();
        let text = fs::read_to_string(errors).unwrap();
        assert_eq!(
            text,
            "line,field,reason,description,ticket\n7,birth_date,UNREADABLE_ROW,not UTF-8,\n"
        );
        assert_eq!(results.reasons()["UNREADABLE_ROW"], 1);
        assert_eq!(results.fate(7), Some(Fate::Refused));
    }
}
