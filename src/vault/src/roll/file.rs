use std::{fs::File, os::unix::fs::FileExt, path::Path, path::PathBuf};

use symbolon_election::{RollIndex, RollStatement, VoterId};

use super::{LEAF, RollError, addition, search::search};

/// How many leaves are read at a time.
const PAGE: u32 = 8192;

/// A roll on disk, open for look-ups.
#[derive(Debug)]
pub struct Roll {
    additions: Vec<Addition>,
}

#[derive(Debug)]
struct Addition {
    path: PathBuf,
    file: File,
    first: u32,
    count: u32,
}

impl Roll {
    /// Opens the additions that an election's roll statements make, in their order.
    pub fn open(rolls: &Path, statements: &[RollStatement]) -> Result<Self, RollError> {
        let starts = std::iter::once(0).chain(statements.iter().map(|statement| statement.size));
        let additions = statements.iter().zip(starts).map(|(statement, first)| {
            Addition::open(addition(rolls, statement), first, statement.size - first)
        });
        let additions = additions.collect::<Result<_, _>>()?;
        Ok(Self { additions })
    }

    /// The number of places.
    pub fn size(&self) -> u32 {
        self.additions
            .last()
            .map_or(0, |last| last.first + last.count)
    }

    /// A voter's place, if the voter is entitled. Reads a few blocks, whatever the size.
    pub fn find(&self, voter: &VoterId) -> Result<Option<RollIndex>, RollError> {
        for addition in &self.additions {
            if let Some(index) = addition.find(voter)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Removes from sorted leaves those that the roll holds. Reads the roll once, from end to end.
    pub fn retain_new(&self, leaves: &mut Vec<VoterId>) -> Result<(), RollError> {
        let mut known = vec![false; leaves.len()];
        for addition in &self.additions {
            let mut next = 0;
            for start in (0..addition.count).step_by(PAGE as usize) {
                let mut page = vec![0; LEAF * PAGE.min(addition.count - start) as usize];
                addition.read(start, &mut page)?;
                for leaf in page.as_chunks::<LEAF>().0 {
                    while leaves.get(next).is_some_and(|own| own.as_bytes() < leaf) {
                        next += 1;
                    }
                    if leaves.get(next).is_some_and(|own| own.as_bytes() == leaf) {
                        known[next] = true;
                    }
                }
            }
        }
        let mut known = known.into_iter();
        leaves.retain(|_| !known.next().unwrap_or_default());
        Ok(())
    }

    /// The leaves from `start` on, at most `limit` of them, one after the other; empty past the end.
    pub fn leaves(&self, start: u32, limit: u32) -> Result<Vec<u8>, RollError> {
        let after = self
            .additions
            .partition_point(|addition| addition.first <= start);
        let Some(addition) = after.checked_sub(1).map(|place| &self.additions[place]) else {
            return Ok(Vec::new());
        };
        let skipped = start - addition.first;
        let wanted = addition.count.saturating_sub(skipped).min(limit);
        let mut bytes = vec![0; wanted as usize * LEAF];
        addition.read(skipped, &mut bytes)?;
        Ok(bytes)
    }
}

impl Addition {
    fn open(path: PathBuf, first: u32, count: u32) -> Result<Self, RollError> {
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (found, file) = match opened {
            Ok(opened) => opened,
            Err(source) => return Err(RollError::File { path, source }),
        };
        let expected = u64::from(count) * LEAF as u64;
        if found != expected {
            return Err(RollError::Length {
                path,
                expected,
                found,
            });
        }
        Ok(Self {
            path,
            file,
            first,
            count,
        })
    }

    fn find(&self, voter: &VoterId) -> Result<Option<RollIndex>, RollError> {
        let read = |place, bytes: &mut [u8]| self.read(place, bytes);
        let place = search(self.count, voter.as_bytes(), read)?;
        Ok(place.map(|place| RollIndex(self.first + place)))
    }

    fn read(&self, place: u32, bytes: &mut [u8]) -> Result<(), RollError> {
        let offset = u64::from(place) * LEAF as u64;
        self.file
            .read_exact_at(bytes, offset)
            .map_err(|source| RollError::File {
                path: self.path.clone(),
                source,
            })
    }
}
