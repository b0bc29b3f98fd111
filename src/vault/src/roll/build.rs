use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use symbolon_election::{ElectionId, RollRoot, VoterId};
use symbolon_tlog::{Frontier, leaf_hash};

use super::{Roll, RollError, addition, folder};

/// How many leaves are read back at a time.
const PAGE: u32 = 8192;

/// The RFC 6962 tree over a roll, grown addition by addition.
#[derive(Clone, Debug, Default)]
pub struct RollTree(Frontier);

impl RollTree {
    /// The tree over all leaves of a roll that is on disk.
    pub fn of(roll: &Roll) -> Result<Self, RollError> {
        let mut tree = Self::default();
        let mut start = 0;
        while start < roll.size() {
            let leaves = roll.leaves(start, PAGE)?;
            leaves
                .chunks_exact(super::LEAF)
                .for_each(|leaf| tree.0.push(leaf_hash(leaf)));
            start += (leaves.len() / super::LEAF) as u32;
        }
        Ok(tree)
    }

    /// Appends an addition's leaves.
    pub fn extend(&mut self, leaves: &[VoterId]) {
        leaves
            .iter()
            .for_each(|leaf| self.0.push(leaf_hash(leaf.as_bytes())));
    }

    /// The number of leaves.
    pub fn size(&self) -> Result<u32, RollError> {
        u32::try_from(self.0.size()).map_err(|_| RollError::TooLarge)
    }

    /// The root.
    pub fn root(&self) -> RollRoot {
        RollRoot::new(*self.0.root().as_bytes())
    }
}

/// Sorts one addition's leaves and writes them: a synced file renamed into its place,
/// its folders synced. Written again, the same leaves give the same file.
pub fn write_addition(
    rolls: &Path,
    election: &ElectionId,
    sequence: u32,
    leaves: &mut [VoterId],
) -> Result<(), RollError> {
    leaves.sort_unstable();
    if leaves.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(RollError::Repeated);
    }
    let path = addition(rolls, election, sequence);
    write(rolls, &folder(rolls, election), &path, leaves)
        .map_err(|source| RollError::File { path, source })
}

fn write(rolls: &Path, folder: &Path, path: &Path, leaves: &[VoterId]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = path.with_extension("new");
    let mut file = BufWriter::new(File::create(&beside)?);
    leaves
        .iter()
        .try_for_each(|leaf| file.write_all(leaf.as_bytes()))?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()?;
    File::open(rolls)?.sync_all()
}

#[cfg(test)]
mod tests {
    use symbolon_election::RollIndex;

    use super::*;

    fn election() -> ElectionId {
        ElectionId::new([7; 32])
    }

    fn voters(range: std::ops::Range<u32>) -> Vec<VoterId> {
        range
            .map(|n| VoterId::new(symbolon_crypto::digest::sha256(&n.to_be_bytes())))
            .collect()
    }

    fn two_additions(rolls: &Path) -> (Vec<VoterId>, Roll) {
        let (mut first, mut second) = (voters(0..300), voters(300..1000));
        write_addition(rolls, &election(), 0, &mut first).unwrap();
        write_addition(rolls, &election(), 1, &mut second).unwrap();
        let roll = Roll::open(rolls, &election(), &[300, 1000]).unwrap();
        ([first, second].concat(), roll)
    }

    #[test]
    fn every_voter_is_found_at_the_place_of_the_leaf() {
        let rolls = tempfile::tempdir().unwrap();
        let (leaves, roll) = two_additions(rolls.path());
        for (place, leaf) in (0..).zip(&leaves) {
            assert_eq!(roll.find(leaf).unwrap(), Some(RollIndex(place)));
        }
        assert_eq!(roll.find(&voters(1000..1001)[0]).unwrap(), None);
    }

    #[test]
    fn a_tree_read_back_is_the_tree_that_was_grown() {
        let rolls = tempfile::tempdir().unwrap();
        let (leaves, roll) = two_additions(rolls.path());
        let mut grown = RollTree::default();
        grown.extend(&leaves[..300]);
        grown.extend(&leaves[300..]);
        let read = RollTree::of(&roll).unwrap();
        assert_eq!(read.root(), grown.root());
        assert_eq!(read.size().unwrap(), 1000);
    }

    #[test]
    fn pages_of_leaves_stop_at_the_end_of_an_addition() {
        let rolls = tempfile::tempdir().unwrap();
        let (leaves, roll) = two_additions(rolls.path());
        let page = roll.leaves(290, 50).unwrap();
        assert_eq!(
            page,
            leaves[290..300]
                .iter()
                .flat_map(|l| *l.as_bytes())
                .collect::<Vec<_>>()
        );
        assert_eq!(roll.leaves(300, 2).unwrap().len(), 64);
        assert!(roll.leaves(1000, 2).unwrap().is_empty());
    }

    #[test]
    fn a_repeated_voter_is_refused() {
        let rolls = tempfile::tempdir().unwrap();
        let mut leaves = [voters(0..3), voters(1..2)].concat();
        let refused = write_addition(rolls.path(), &election(), 0, &mut leaves);
        assert!(matches!(refused, Err(RollError::Repeated)));
    }

    #[test]
    fn a_file_cut_short_is_refused_by_name() {
        let rolls = tempfile::tempdir().unwrap();
        two_additions(rolls.path());
        let refused = Roll::open(rolls.path(), &election(), &[300, 1001]).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("22400 bytes, 22432 are stated"),
            "{refused}"
        );
    }
}
