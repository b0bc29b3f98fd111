use super::*;
use crate::frontier::Frontier;
use crate::hash::leaf_hash;
use crate::tile::TileMap;
use crate::writer::{TreeWriter, append};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;

/// The leaves of the reference tree in `transparency-dev/merkle` and RFC 6962's C++ code.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hash(text: &str) -> Hash {
    text.parse().unwrap()
}

fn reference() -> (TileMap, Vec<Hash>) {
    let leaves: Vec<_> = LEAVES
        .iter()
        .map(|leaf| leaf_hash(&hex::decode(leaf).unwrap()))
        .collect();
    (map(&leaves), leaves)
}

fn map(leaves: &[Hash]) -> TileMap {
    let mut map = TileMap::new();
    map.extend(append(&mut TreeWriter::new(), leaves.iter().copied()));
    map
}

fn numbered(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

#[test]
fn roots_of_the_reference_tree() {
    let (tiles, leaves) = reference();
    let mut frontier = Frontier::new();
    for (n, root) in (1..).zip(ROOTS) {
        frontier.push(leaves[usize::try_from(n - 1).unwrap()]);
        assert_eq!(root_at(&tiles, n).unwrap(), hash(root));
        assert_eq!(frontier.root(), hash(root));
    }
}

#[test]
fn inclusion_proofs_of_the_reference_tree() {
    let (tiles, leaves) = reference();
    let known: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (index, size, proof) in known {
        let proof: Vec<_> = proof.iter().map(|text| hash(text)).collect();
        assert_eq!(inclusion_proof(&tiles, index, size).unwrap(), proof);
        let root = hash(ROOTS[usize::try_from(size - 1).unwrap()]);
        let leaf = leaves[usize::try_from(index).unwrap()];
        verify_inclusion(&leaf, index, size, &proof, &root).unwrap();
    }
}

#[test]
fn consistency_proofs_of_the_reference_tree() {
    let (tiles, _) = reference();
    let known: [(u64, u64, &[&str]); 5] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
        (
            6,
            7,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
    ];
    for (first, second, proof) in known {
        let proof: Vec<_> = proof.iter().map(|text| hash(text)).collect();
        assert_eq!(consistency_proof(&tiles, first, second).unwrap(), proof);
        let root = |n: u64| hash(ROOTS[usize::try_from(n - 1).unwrap()]);
        verify_consistency((first, &root(first)), (second, &root(second)), &proof).unwrap();
    }
}

#[test]
fn proofs_equal_those_of_ct_merkle_and_of_tlog_tiles() {
    let count = 700u64;
    let tiles = map(&numbered(count));
    let mut other = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
    let mut stored: Vec<tlog_tiles::Hash> = Vec::new();
    for n in 0..count {
        let entry = n.to_be_bytes();
        other.push(entry.to_vec());
        stored.extend(tlog_tiles::stored_hashes(n, &entry, &Stored(&stored)).unwrap());
    }
    assert_eq!(
        root_at(&tiles, count).unwrap().as_bytes()[..],
        other.root().as_bytes()[..]
    );
    for index in (0..count).step_by(7) {
        let proof = inclusion_proof(&tiles, index, count).unwrap();
        let theirs = other.prove_inclusion(usize::try_from(index).unwrap());
        assert_eq!(bytes(&proof), theirs.as_bytes());
        let theirs = tlog_tiles::prove_record(count, index, &Stored(&stored)).unwrap();
        assert_eq!(
            bytes(&proof),
            theirs.iter().flat_map(|hash| hash.0).collect::<Vec<_>>()
        );
        if index > 0 {
            let proof = consistency_proof(&tiles, index, count).unwrap();
            let theirs = tlog_tiles::prove_tree(count, index, &Stored(&stored)).unwrap();
            assert_eq!(
                bytes(&proof),
                theirs.iter().flat_map(|hash| hash.0).collect::<Vec<_>>()
            );
        }
    }
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

struct Stored<'a>(&'a [tlog_tiles::Hash]);

impl tlog_tiles::HashReader for Stored<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes
            .iter()
            .map(|index| self.0[usize::try_from(*index).unwrap()])
            .collect())
    }
}

#[test]
fn all_pairs_up_to_70_verify_and_no_other_size_does() {
    let tiles = map(&numbered(70));
    let roots: Vec<_> = (0..=70).map(|n| root_at(&tiles, n).unwrap()).collect();
    for second in 0..=70u64 {
        for first in 0..=second {
            let proof = consistency_proof(&tiles, first, second).unwrap();
            let (one, two) = (
                &roots[usize::try_from(first).unwrap()],
                &roots[usize::try_from(second).unwrap()],
            );
            verify_consistency((first, one), (second, two), &proof).unwrap();
            if first > 0 && first < second {
                assert!(verify_consistency((first, two), (second, one), &proof).is_err());
                assert!(verify_consistency((first, one), (second, two), &proof[1..]).is_err());
            }
        }
    }
}

#[test]
fn trees_beyond_a_tile_prove_across_levels() {
    let leaves = numbered(70_000);
    let tiles = map(&leaves);
    let root = root_at(&tiles, 70_000).unwrap();
    for index in [0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
        let proof = inclusion_proof(&tiles, index, 70_000).unwrap();
        verify_inclusion(
            &leaves[usize::try_from(index).unwrap()],
            index,
            70_000,
            &proof,
            &root,
        )
        .unwrap();
        let older = root_at(&tiles, index).unwrap();
        let proof = consistency_proof(&tiles, index, 70_000).unwrap();
        verify_consistency((index, &older), (70_000, &root), &proof).unwrap();
    }
}

#[test]
fn degenerate_claims_are_refused() {
    let (tiles, leaves) = reference();
    let (empty, root) = (empty_root(), root_at(&tiles, 8).unwrap());
    assert!(verify_inclusion(&leaves[0], 0, 0, &[], &empty).is_err());
    assert!(verify_inclusion(&leaves[0], 1, 1, &[], &leaves[0]).is_err());
    assert!(verify_consistency((0, &root), (8, &root), &[]).is_err());
    assert!(verify_consistency((0, &empty), (0, &root), &[]).is_err());
    assert!(verify_consistency((0, &empty), (8, &root), &[empty]).is_err());
    assert!(verify_consistency((8, &root), (8, &root), &[root]).is_err());
    assert!(verify_consistency((8, &root), (7, &root), &[]).is_err());
    assert!(verify_consistency((1, &leaves[0]), (8, &root), &[]).is_err());
    assert!(inclusion_proof(&tiles, 8, 8).is_err());
    assert!(consistency_proof(&tiles, 9, 8).is_err());
}

proptest! {
    #[test]
    fn a_changed_inclusion_proof_fails(size in 1u64..600, index: u64, bit in 0usize..256, at: prop::sample::Index) {
        let leaves = numbered(size);
        let (index, tiles) = (index % size, map(&leaves));
        let root = root_at(&tiles, size).unwrap();
        let leaf = leaves[usize::try_from(index).unwrap()];
        let proof = inclusion_proof(&tiles, index, size).unwrap();
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &root).is_ok());
        prop_assert!(verify_inclusion(&leaf, index + 1, size, &proof, &root).is_err());
        prop_assert!(verify_inclusion(&leaf, index, size, &[&proof[..], &[root]].concat(), &root).is_err());
        if !proof.is_empty() {
            prop_assert!(verify_inclusion(&leaf, index, size, &proof[1..], &root).is_err());
            let changed = flip(&proof, at.index(proof.len()), bit);
            prop_assert!(verify_inclusion(&leaf, index, size, &changed, &root).is_err());
        }
    }

    #[test]
    fn a_changed_consistency_proof_fails(second in 2u64..600, first: u64, bit in 0usize..256, at: prop::sample::Index) {
        let tiles = map(&numbered(second));
        let first = 1 + first % (second - 1);
        let (one, two) = (root_at(&tiles, first).unwrap(), root_at(&tiles, second).unwrap());
        let proof = consistency_proof(&tiles, first, second).unwrap();
        prop_assert!(verify_consistency((first, &one), (second, &two), &proof).is_ok());
        let changed = flip(&proof, at.index(proof.len()), bit);
        prop_assert!(verify_consistency((first, &one), (second, &two), &changed).is_err());
        prop_assert!(verify_consistency((first, &one), (second, &two), &[&proof[..], &[one]].concat()).is_err());
    }

    #[test]
    fn arbitrary_proofs_neither_verify_nor_panic(index: u64, size: u64, count in 0usize..70) {
        let proof = vec![empty_root(); count];
        prop_assert!(verify_inclusion(&leaf_hash(b""), index, size, &proof, &empty_root()).is_err());
        if index != 0 && index != size {
            prop_assert!(verify_consistency((index, &empty_root()), (size, &empty_root()), &proof).is_err());
        }
    }
}

fn flip(proof: &[Hash], at: usize, bit: usize) -> Vec<Hash> {
    let mut changed = proof.to_vec();
    let mut bytes = *changed[at].as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    changed[at] = Hash::new(bytes);
    changed
}
