use std::{
    cell::Cell,
    collections::{BTreeSet, HashMap},
    io::{self, Read},
    rc::Rc,
};

use csv::ByteRecord;
use symbolon_api_closed::registration::Person;
use zeroize::Zeroize;

use crate::error::Error;

/// No row of people is longer; an unclosed quote would otherwise swallow the file.
const LONGEST_ROW: usize = 64 * 1024;

/// The columns of a file, and which of them are sent.
#[derive(Debug)]
pub struct Header {
    columns: Vec<String>,
    sent: Vec<bool>,
}

/// One row, read well. Its cells hold personal data.
pub struct Row {
    /// Where it starts, from 1.
    pub line: u64,
    cells: Vec<String>,
}

/// A row that can't be read.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Where it starts, from 1.
    pub line: u64,
    /// The column at fault, or nothing.
    pub field: String,
    /// What is wrong; never a value.
    pub problem: String,
}

/// Reads a CSV file row by row.
pub struct Rows<R> {
    reader: csv::Reader<Limited<R>>,
    record: ByteRecord,
    header: Rc<Header>,
    allowance: Rc<Cell<usize>>,
}

impl Header {
    /// Which columns are sent: all but those to be ignored, and none that the schema doesn't know.
    fn new(
        record: &ByteRecord,
        schema: &BTreeSet<String>,
        ignored: &[String],
    ) -> Result<Self, Error> {
        let columns = names(record)?;
        for name in ignored {
            if !columns.contains(name) {
                return Err(Error::usage(
                    format!("there is no column {name:?} to ignore"),
                    format!("The columns are {}.", columns.join(", ")),
                ));
            }
        }
        let sent: Vec<bool> = columns.iter().map(|name| !ignored.contains(name)).collect();
        for (name, _) in columns.iter().zip(&sent).filter(|(_, sent)| **sent) {
            if !schema.contains(name) {
                let known: Vec<_> = schema.iter().map(String::as_str).collect();
                return Err(Error::usage(
                    format!("the vault's schema has no attribute {name:?}"),
                    format!(
                        "Rename the column to one of {}, or add --ignore {name}.",
                        known.join(", ")
                    ),
                ));
            }
        }
        Ok(Self { columns, sent })
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where a column stands.
    pub fn position(&self, name: &str) -> Result<usize, Error> {
        self.columns
            .iter()
            .position(|column| column == name)
            .ok_or_else(|| {
                Error::usage(
                    format!("there is no column {name:?}"),
                    format!("The columns are {}.", self.columns.join(", ")),
                )
            })
    }
}

fn names(record: &ByteRecord) -> Result<Vec<String>, Error> {
    let mut columns = Vec::new();
    for (at, cell) in record.iter().enumerate() {
        let text = std::str::from_utf8(cell)
            .map_err(|_| Error::unreadable("line 1", format!("column {} is not UTF-8", at + 1)))?;
        let name = text.trim_start_matches('\u{feff}').trim().to_owned();
        if name.is_empty() {
            return Err(Error::unreadable(
                "line 1",
                format!("column {} has no name", at + 1),
            ));
        }
        if columns.contains(&name) {
            return Err(Error::unreadable(
                "line 1",
                format!("two columns are named {name:?}"),
            ));
        }
        columns.push(name);
    }
    if columns.is_empty() {
        return Err(Error::unreadable("line 1", "no columns"));
    }
    Ok(columns)
}

impl Row {
    /// The row as the vault takes it. An empty cell is an absent attribute.
    pub fn to_person(&self, header: &Header) -> Person {
        let cells = header.columns.iter().zip(&header.sent).zip(&self.cells);
        let attributes: HashMap<_, _> = cells
            .filter(|((_, sent), cell)| **sent && !cell.is_empty())
            .map(|((name, _), cell)| (name.clone(), cell.clone()))
            .collect();
        Person { attributes }
    }

    /// One cell.
    pub fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map_or("", String::as_str)
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        self.cells.zeroize();
    }
}

impl<R: Read> Rows<R> {
    /// Reads the header and checks it against the schema's attributes.
    pub fn new(input: R, schema: &BTreeSet<String>, ignored: &[String]) -> Result<Self, Error> {
        let allowance = Rc::new(Cell::new(LONGEST_ROW));
        let limited = Limited {
            input,
            allowance: Rc::clone(&allowance),
        };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .from_reader(limited);
        let mut record = ByteRecord::new();
        let found = reader
            .read_byte_record(&mut record)
            .map_err(|e| unreadable(&e))?;
        if !found {
            return Err(Error::unreadable("line 1", "the file is empty"));
        }
        let header = Rc::new(Header::new(&record, schema, ignored)?);
        Ok(Self {
            reader,
            record,
            header,
            allowance,
        })
    }

    /// The columns.
    pub fn header(&self) -> Rc<Header> {
        Rc::clone(&self.header)
    }

    /// How many bytes are behind.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next row, good or bad; nothing at the end of the file.
    pub fn next_row(&mut self) -> Result<Option<Result<Row, BadRow>>, Error> {
        self.allowance.set(LONGEST_ROW);
        let found = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|e| unreadable(&e))?;
        if !found {
            return Ok(None);
        }
        let row = self.parse();
        self.record.clear();
        Ok(Some(row))
    }

    fn parse(&self) -> Result<Row, BadRow> {
        let line = self.record.position().map_or(0, csv::Position::line);
        let bad = |field: &str, problem: String| BadRow {
            line,
            field: field.to_owned(),
            problem,
        };
        let (found, expected) = (self.record.len(), self.header.columns.len());
        if found != expected {
            let missing = self.header.columns.get(found).map_or("", String::as_str);
            return Err(bad(
                missing,
                format!("{found} cells where the header has {expected}"),
            ));
        }
        let mut row = Row {
            line,
            cells: Vec::with_capacity(expected),
        };
        for (cell, name) in self.record.iter().zip(&self.header.columns) {
            let text = std::str::from_utf8(cell).map_err(|_| bad(name, "not UTF-8".into()))?;
            row.cells.push(text.to_owned());
        }
        Ok(row)
    }
}

fn unreadable(error: &csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    // The reader's own words name no value: reading alone gives positions and I/O errors.
    match error.kind() {
        csv::ErrorKind::Io(io) => Error::unreadable("the CSV file", io),
        _ => Error::unreadable(format!("line {line}"), "not CSV"),
    }
}

/// Gives at most the allowance, a buffer beyond it, before somebody renews it.
struct Limited<R> {
    input: R,
    allowance: Rc<Cell<usize>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.get();
        if left == 0 {
            return Err(io::Error::other(
                "a row is longer than 64 KiB: is a quotation mark left open?",
            ));
        }
        let read = self.input.read(buffer)?;
        self.allowance.set(left.saturating_sub(read));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schema() -> BTreeSet<String> {
        ["name", "document"].map(String::from).into()
    }

    type Read = Result<(u64, String), BadRow>;

    fn all(text: &[u8]) -> Result<Vec<Read>, Error> {
        let mut rows = Rows::new(text, &schema(), &[])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next_row()? {
            found.push(row.map(|row| (row.line, row.cell(0).to_owned())));
        }
        Ok(found)
    }

    #[test]
    fn rows_are_numbered_by_the_line_they_start_at() {
        let found = all(b"\xef\xbb\xbfname,document\n\"a\nb\",1\nc,2\n").unwrap();
        assert_eq!(found, [Ok((2, "a\nb".into())), Ok((4, "c".into()))]);
    }

    #[test]
    fn bad_rows_are_named_by_line_and_field_and_the_rest_goes_on() {
        let found = all(b"name,document\na\nb,\xff\nc,3\n").unwrap();
        assert_eq!(found[0].as_ref().unwrap_err().line, 2);
        assert_eq!(found[0].as_ref().unwrap_err().field, "document");
        assert_eq!(found[1].as_ref().unwrap_err().field, "document");
        assert_eq!(found[2], Ok((4, "c".into())));
    }

    #[test]
    fn a_column_that_the_schema_lacks_must_be_ignored_by_name() {
        let text = &b"name,district\na,b\n"[..];
        let Err(error) = Rows::new(text, &schema(), &[]) else {
            panic!("accepted")
        };
        assert!(error.next().contains("--ignore district"));
        let rows = Rows::new(text, &schema(), &["district".into()]).unwrap();
        assert_eq!(rows.header().sent, [true, false]);
    }

    #[test]
    fn an_empty_cell_is_an_absent_attribute() {
        let mut rows = Rows::new(&b"name,document\na,\n"[..], &schema(), &[]).unwrap();
        let row = rows.next_row().unwrap().unwrap().unwrap();
        let person = row.to_person(&rows.header());
        assert_eq!(person.attributes.len(), 1);
    }

    #[test]
    fn an_open_quotation_mark_ends_the_reading() {
        let text = [b"name,document\n\"a,".to_vec(), vec![b'x'; 3 * LONGEST_ROW]].concat();
        assert!(all(&text).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = all(&text);
            let _ = all(&[b"name,document\n", text.as_slice()].concat());
        }
    }
}
