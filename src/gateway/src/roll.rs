//! Leaves of published rolls, read from the log's own files.

use std::{
    collections::HashMap,
    fs, io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use symbolon_election::{ElectionId, RollIndex, VoterId};
use symbolon_ledger::layout;

use crate::Error;

const FILE: u32 = 256;
/// So many files are kept in memory: 32 MiB, the places of a million voters.
const KEPT: usize = 4096;

/// The rolls of one log. A file of leaves never changes: those lately read are kept.
pub(crate) struct Rolls {
    log: PathBuf,
    kept: RwLock<HashMap<Name, Leaves>>,
}

/// Election, number, and width.
type Name = (ElectionId, u32, u16);
type Leaves = Arc<[[u8; 32]]>;

impl Rolls {
    /// Of the log in this folder.
    pub(crate) fn new(log: impl Into<PathBuf>) -> Self {
        Self {
            log: log.into(),
            kept: RwLock::default(),
        }
    }

    /// The voter ID at a place of a roll of `size` places; none beyond its end.
    pub(crate) fn leaf(
        &self,
        election: &ElectionId,
        size: u32,
        place: RollIndex,
    ) -> Result<Option<VoterId>, Error> {
        if place.0 >= size {
            return Ok(None);
        }
        let number = place.0 / FILE;
        // The last file is as wide as the roll leaves it.
        let width = (size - number * FILE).min(FILE);
        let width = u16::try_from(width).expect("at most 256");
        let leaves = self.leaves((*election, number, width))?;
        let leaf = leaves[(place.0 % FILE) as usize];
        Ok(Some(VoterId::new(leaf)))
    }

    fn leaves(&self, name: Name) -> Result<Leaves, Error> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaves) = kept.get(&name) {
            return Ok(Arc::clone(leaves));
        }
        drop(kept);
        let leaves = self.read(name)?;
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(name, Arc::clone(&leaves));
        Ok(leaves)
    }

    fn read(&self, (election, number, width): Name) -> Result<Leaves, Error> {
        let file = layout::roll_leaves(&election.to_string(), number.into(), width);
        let path = self.log.join(file);
        let exact = |bytes: Vec<u8>| match bytes.as_chunks::<32>() {
            (leaves, []) if leaves.len() == usize::from(width) => Ok(leaves.into()),
            _ => Err(io::Error::other("not as many leaves as its name says")),
        };
        fs::read(&path)
            .and_then(exact)
            .map_err(|source| Error::Roll { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTION: ElectionId = ElectionId::new([1; 32]);

    fn write(folder: &std::path::Path, number: u64, width: u16, leaves: &[[u8; 32]]) -> PathBuf {
        let name = layout::roll_leaves(&ELECTION.to_string(), number, width);
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, leaves.as_flattened()).unwrap();
        path
    }

    #[test]
    fn a_file_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), 1, 2, &[[8; 32], [9; 32]]);
        let rolls = Rolls::new(folder.path());
        let leaf = |place| rolls.leaf(&ELECTION, 258, RollIndex(place)).unwrap();
        assert_eq!(leaf(256), Some(VoterId::new([8; 32])));
        fs::remove_file(path).unwrap();
        assert_eq!(leaf(257), Some(VoterId::new([9; 32])));
        assert_eq!(leaf(258), None);
        assert!(rolls.leaf(&ELECTION, 258, RollIndex(0)).is_err());
    }

    #[test]
    fn a_file_that_is_cut_short_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 0, 2, &[[8; 32]]);
        let rolls = Rolls::new(folder.path());
        assert!(rolls.leaf(&ELECTION, 2, RollIndex(0)).is_err());
    }

    #[test]
    fn no_more_files_are_kept_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let rolls = Rolls::new(folder.path());
        for number in 0..=KEPT as u32 {
            write(folder.path(), number.into(), 256, &[[7; 32]; 256]);
            let place = RollIndex(number * FILE);
            rolls.leaf(&ELECTION, u32::MAX, place).unwrap();
        }
        assert_eq!(rolls.kept.read().unwrap().len(), 1);
    }
}
