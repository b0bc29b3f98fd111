use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use rayon::prelude::*;
use symbolon_election::{RollRoot, RollStatement, VoterId};
use symbolon_tlog::{Frontier, leaf_hash};
use tempfile::NamedTempFile;

use super::{Roll, RollError, addition, folder};

/// How many leaves are read back at a time.
const PAGE: u32 = 8192;
/// How many leaves are hashed at a time, on all cores.
const HASHED: usize = 1 << 16;
/// Bytes that are written at a time.
const WRITTEN: usize = 1 << 20;

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
        for some in leaves.chunks(HASHED) {
            let hashes = some.par_iter().map(|leaf| leaf_hash(leaf.as_bytes()));
            let hashes: Vec<_> = hashes.collect();
            hashes.into_iter().for_each(|hash| self.0.push(hash));
        }
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

/// Puts one addition's leaves into their order; none may stand there twice.
pub fn sort(leaves: &mut [VoterId]) -> Result<(), RollError> {
    leaves.par_sort_unstable();
    match leaves.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(RollError::Repeated),
        false => Ok(()),
    }
}

/// Writes the sorted leaves that a statement adds: a synced file renamed into its place, its
/// folders synced. Written again, the same leaves give the same file.
pub fn write_addition(
    rolls: &Path,
    statement: &RollStatement,
    leaves: &[VoterId],
) -> Result<(), RollError> {
    let path = addition(rolls, statement);
    write(rolls, &folder(rolls, &statement.election), &path, leaves)
        .map_err(|source| RollError::File { path, source })
}

fn write(rolls: &Path, folder: &Path, path: &Path, leaves: &[VoterId]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = BufWriter::with_capacity(WRITTEN, NamedTempFile::new_in(folder)?);
    leaves
        .iter()
        .try_for_each(|leaf| file.write_all(leaf.as_bytes()))?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()?;
    File::open(rolls)?.sync_all()
}

#[cfg(test)]
mod tests {
    use symbolon_election::{ElectionId, RollIndex};

    use super::*;

    fn voters(range: std::ops::Range<u32>) -> Vec<VoterId> {
        range
            .map(|n| VoterId::new(symbolon_crypto::digest::sha256(&n.to_be_bytes())))
            .collect()
    }

    /// Two additions on disk, and their statements.
    fn two_additions(rolls: &Path) -> (Vec<VoterId>, [RollStatement; 2]) {
        let (mut all, mut tree) = (Vec::new(), RollTree::default());
        let statements = [(0, 0..300), (1, 300..1000)].map(|(sequence, range)| {
            let mut leaves = voters(range);
            sort(&mut leaves).unwrap();
            tree.extend(&leaves);
            let statement = RollStatement {
                election: ElectionId::new([7; 32]),
                sequence,
                size: tree.size().unwrap(),
                root: tree.root(),
            };
            write_addition(rolls, &statement, &leaves).unwrap();
            all.extend(leaves);
            statement
        });
        (all, statements)
    }

    fn roll_of_two(rolls: &Path) -> (Vec<VoterId>, Roll) {
        let (leaves, statements) = two_additions(rolls);
        (leaves, Roll::open(rolls, &statements).unwrap())
    }

    #[test]
    fn drafts_of_one_sequence_lie_beside_each_other() {
        let rolls = tempfile::tempdir().unwrap();
        let (leaves, statements) = two_additions(rolls.path());
        let other = RollStatement {
            root: RollRoot::new([9; 32]),
            ..statements[1].clone()
        };
        write_addition(rolls.path(), &other, &leaves[..10]).unwrap();
        let roll = Roll::open(rolls.path(), &statements).unwrap();
        assert_eq!(roll.find(&leaves[999]).unwrap(), Some(RollIndex(999)));
    }

    #[test]
    fn every_voter_is_found_at_the_place_of_the_leaf() {
        let rolls = tempfile::tempdir().unwrap();
        let (leaves, roll) = roll_of_two(rolls.path());
        for (place, leaf) in (0..).zip(&leaves) {
            assert_eq!(roll.find(leaf).unwrap(), Some(RollIndex(place)));
        }
        assert_eq!(roll.find(&voters(1000..1001)[0]).unwrap(), None);
    }

    #[test]
    fn a_tree_read_back_is_the_tree_that_was_grown() {
        let rolls = tempfile::tempdir().unwrap();
        let (leaves, roll) = roll_of_two(rolls.path());
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
        let (leaves, roll) = roll_of_two(rolls.path());
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
    fn only_what_no_addition_holds_is_new() {
        let rolls = tempfile::tempdir().unwrap();
        let (_, roll) = roll_of_two(rolls.path());
        let mut leaves = voters(0..1200);
        sort(&mut leaves).unwrap();
        roll.retain_new(&mut leaves).unwrap();
        let mut new = voters(1000..1200);
        sort(&mut new).unwrap();
        assert_eq!(leaves, new);
        let mut none = voters(250..350);
        sort(&mut none).unwrap();
        roll.retain_new(&mut none).unwrap();
        assert!(none.is_empty());
    }

    #[test]
    fn a_repeated_voter_is_refused() {
        let mut leaves = [voters(0..3), voters(1..2)].concat();
        assert!(matches!(sort(&mut leaves), Err(RollError::Repeated)));
    }

    #[test]
    fn a_file_cut_short_is_refused_by_name() {
        let rolls = tempfile::tempdir().unwrap();
        let (_, mut statements) = two_additions(rolls.path());
        statements[1].size += 1;
        let refused = Roll::open(rolls.path(), &statements).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("22400 bytes, 22432 are stated"),
            "{refused}"
        );
    }
}
