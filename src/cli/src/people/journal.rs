use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{error::Error, files};

const KIND: &str = "symbolon-people-journal 1";

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Registered.
    Done,
    /// Refused for good.
    Refused,
}

/// Which rows of a file are behind us: line numbers and fates, no personal data.
///
/// A row that was answered but not yet written here is sent again; registering is idempotent.
pub struct Journal {
    path: PathBuf,
    file: BufWriter<File>,
    done: Lines,
    refused: Lines,
}

impl Journal {
    /// Opens or makes the journal of a CSV file of `size` bytes.
    pub fn open(path: &Path, size: u64) -> Result<Self, Error> {
        let title = format!("{KIND} {size}");
        let mut journal = Self {
            path: path.to_owned(),
            file: BufWriter::new(open_whole_lines(path)?),
            done: Lines::default(),
            refused: Lines::default(),
        };
        if journal.read(&title)? {
            return Ok(journal);
        }
        journal.append(&title)?;
        journal.flush()?;
        Ok(journal)
    }

    /// Whether there was anything to read.
    fn read(&mut self, title: &str) -> Result<bool, Error> {
        let file = File::open(&self.path).map_err(|e| Error::unreadable_file(&self.path, e))?;
        let mut lines = BufReader::new(file).lines();
        let path = self.path.clone();
        let unreadable = |e| Error::unreadable_file(&path, e);
        match lines.next().transpose().map_err(unreadable)? {
            None => return Ok(false),
            Some(first) if first == title => {}
            Some(_) => {
                return Err(Error::usage(
                    format!(
                        "{} is not the journal of this file, or the file has changed",
                        self.path.display()
                    ),
                    "Move the journal away to start anew: rows that are known get the same IDs again.",
                ));
            }
        }
        for line in lines {
            let line = line.map_err(unreadable)?;
            let (number, fate) = parse(&line)
                .ok_or_else(|| Error::unreadable_file(&path, "a line is no line of a journal"))?;
            self.lines(fate).insert(number);
        }
        Ok(true)
    }

    /// What is known of the row at a line.
    pub fn fate(&self, line: u64) -> Option<Fate> {
        match (self.done.contains(line), self.refused.contains(line)) {
            (true, _) => Some(Fate::Done),
            (_, true) => Some(Fate::Refused),
            _ => None,
        }
    }

    /// How many rows met this fate.
    pub fn count(&self, fate: Fate) -> u64 {
        match fate {
            Fate::Done => self.done.count,
            Fate::Refused => self.refused.count,
        }
    }

    /// Notes a row's fate.
    pub fn note(&mut self, line: u64, fate: Fate) -> Result<(), Error> {
        self.lines(fate).insert(line);
        self.append(&match fate {
            Fate::Done => format!("{line} done"),
            Fate::Refused => format!("{line} refused"),
        })
    }

    /// Hands what was noted to the operating system.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.file
            .flush()
            .map_err(|e| Error::unwritable(&self.path, e))
    }

    fn append(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.file, "{line}").map_err(|e| Error::unwritable(&self.path, e))
    }

    fn lines(&mut self, fate: Fate) -> &mut Lines {
        match fate {
            Fate::Done => &mut self.done,
            Fate::Refused => &mut self.refused,
        }
    }
}

fn parse(line: &str) -> Option<(u64, Fate)> {
    let (number, fate) = line.split_once(' ')?;
    let fate = match fate {
        "done" => Fate::Done,
        "refused" => Fate::Refused,
        _ => return None,
    };
    Some((number.parse().ok()?, fate))
}

/// Opens a file of lines for appending, without the half line that a killed run may have left.
pub(super) fn open_whole_lines(path: &Path) -> Result<File, Error> {
    let fail = |e| Error::unwritable(path, e);
    files::append_private(path)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(fail)?;
    let mut kept = 0;
    let mut reader = BufReader::new(&file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).map_err(fail)? > 0 && line.ends_with(b"\n") {
        kept += line.len() as u64;
        line.clear();
    }
    file.set_len(kept).map_err(fail)?;
    file.seek(SeekFrom::End(0)).map_err(fail)?;
    Ok(file)
}

/// A set of line numbers, one bit each.
#[derive(Default)]
struct Lines {
    bits: Vec<u64>,
    count: u64,
}

/// A billion lines: 128 MiB.
const MOST_LINES: u64 = 1 << 30;

impl Lines {
    fn insert(&mut self, line: u64) {
        if line >= MOST_LINES || self.contains(line) {
            return;
        }
        let (word, bit) = place(line);
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << bit;
        self.count += 1;
    }

    fn contains(&self, line: u64) -> bool {
        let (word, bit) = place(line);
        self.bits.get(word).is_some_and(|bits| bits >> bit & 1 == 1)
    }
}

fn place(line: u64) -> (usize, u32) {
    let word = usize::try_from(line / 64).unwrap_or(usize::MAX);
    (word, (line % 64).to_le_bytes()[0].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_remembers_across_runs_and_forgets_a_torn_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut journal = Journal::open(&path, 10).unwrap();
        journal.note(2, Fate::Done).unwrap();
        journal.note(70, Fate::Refused).unwrap();
        journal.flush().unwrap();
        drop(journal);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}71 do")).unwrap();
        let mut journal = Journal::open(&path, 10).unwrap();
        assert_eq!(journal.fate(2), Some(Fate::Done));
        assert_eq!(journal.fate(70), Some(Fate::Refused));
        assert_eq!(journal.fate(71), None);
        journal.note(71, Fate::Done).unwrap();
        drop(journal);
        assert_eq!(Journal::open(&path, 10).unwrap().count(Fate::Done), 2);
    }

    #[test]
    fn the_journal_of_another_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        drop(Journal::open(&path, 10).unwrap());
        assert!(Journal::open(&path, 11).is_err());
    }
}
