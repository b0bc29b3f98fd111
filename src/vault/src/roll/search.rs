use std::ops::Range;

use super::LEAF;

/// How many leaves are read at a time: together they cost what one does.
const BLOCK: u32 = 64;
/// After so many reads the leaves are not spread as HMACs are, and halving is the safer way.
const GUESSES: u32 = 8;

/// The place of a leaf among `count` sorted ones.
///
/// Leaves are HMACs, spread evenly: where one would stand is known to within a few hundred
/// places, so that two or three reads find it, whatever the count.
pub(super) fn search<E>(
    count: u32,
    wanted: &[u8; LEAF],
    mut read: impl FnMut(u32, &mut [u8]) -> Result<(), E>,
) -> Result<Option<u32>, E> {
    let mut bytes = [0; LEAF * BLOCK as usize];
    // The leaf, if there is one, stands at `places`; the leaves there begin with `values`.
    let (mut places, mut values) = (0..count, 0..u64::MAX);
    for reads in 0.. {
        if places.is_empty() {
            break;
        }
        let guess = match reads < GUESSES {
            true => likely(&places, &values, start_of(wanted)),
            false => places.start + (places.end - places.start) / 2,
        };
        let block = around(guess, &places);
        let bytes = &mut bytes[..LEAF * (block.end - block.start) as usize];
        read(block.start, bytes)?;
        let (leaves, _) = bytes.as_chunks::<LEAF>();
        match leaves.binary_search(wanted) {
            Ok(at) => return Ok(Some(block.start + at as u32)),
            Err(0) => (places.end, values.end) = (block.start, start_of(&leaves[0])),
            Err(at) if at == leaves.len() => {
                (places.start, values.start) = (block.end, start_of(&leaves[at - 1]));
            }
            Err(_) => break,
        }
    }
    Ok(None)
}

/// Where a value would stand if the values were spread evenly over the places.
fn likely(places: &Range<u32>, values: &Range<u64>, value: u64) -> u32 {
    let count = u128::from(places.end - places.start);
    let share = u128::from(value.saturating_sub(values.start));
    let all = u128::from(values.end.saturating_sub(values.start)).max(1);
    let steps = (share * count / all).min(count - 1);
    places.start + u32::try_from(steps).expect("below the count")
}

/// A block of places around one of them.
fn around(place: u32, places: &Range<u32>) -> Range<u32> {
    let length = BLOCK.min(places.end - places.start);
    let start = place.saturating_sub(BLOCK / 2).max(places.start);
    let start = start.min(places.end - length);
    start..start + length
}

fn start_of(leaf: &[u8; LEAF]) -> u64 {
    let (start, _) = leaf.split_first_chunk().expect("a leaf is longer");
    u64::from_be_bytes(*start)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// The place that is found, and how often leaves were read for it.
    fn find(leaves: &[[u8; LEAF]], wanted: &[u8; LEAF]) -> (Option<u32>, u32) {
        let mut reads = 0;
        let found = search(leaves.len() as u32, wanted, |start, bytes| {
            reads += 1;
            let start = start as usize;
            bytes.copy_from_slice(leaves[start..start + bytes.len() / LEAF].as_flattened());
            Ok::<_, Infallible>(())
        });
        (found.unwrap(), reads)
    }

    fn spread_evenly(count: u32) -> Vec<[u8; LEAF]> {
        let leaves = (0..count).map(|n| symbolon_crypto::digest::sha256(&n.to_be_bytes()));
        let mut leaves: Vec<_> = leaves.collect();
        leaves.sort_unstable();
        leaves
    }

    #[test]
    fn every_leaf_is_found_at_its_place_and_nothing_else_is() {
        for count in [0, 1, 2, 63, 64, 65, 1000] {
            let leaves = spread_evenly(count);
            for (place, leaf) in leaves.iter().enumerate() {
                assert_eq!(find(&leaves, leaf).0, Some(place as u32), "{count}");
                let mut other = *leaf;
                other[31] ^= 1;
                assert_eq!(find(&leaves, &other).0, None, "{count}");
            }
            assert_eq!(find(&leaves, &[0; 32]).0, None);
            assert_eq!(find(&leaves, &[0xff; 32]).0, None);
        }
    }

    #[test]
    fn a_large_roll_is_read_a_few_times() {
        let leaves = spread_evenly(200_000);
        let sample = leaves.iter().step_by(997);
        let (reads, count) = sample.fold((0, 0), |(reads, count), leaf| {
            let (found, more) = find(&leaves, leaf);
            assert!(found.is_some());
            (reads + more, count + 1)
        });
        assert!(reads < 4 * count, "{reads} reads for {count} leaves");
    }

    #[test]
    fn leaves_of_one_beginning_are_found_by_halving() {
        let leaf = |n: u32| {
            let mut leaf = [7; 32];
            leaf[28..].copy_from_slice(&n.to_be_bytes());
            leaf
        };
        let leaves: Vec<_> = (0..100_000).map(leaf).collect();
        for n in [0, 1, 500, 50_001, 99_999] {
            let (found, reads) = find(&leaves, &leaf(n));
            assert_eq!(found, Some(n));
            assert!(reads < 30, "{reads}");
        }
        assert_eq!(find(&leaves, &leaf(100_000)).0, None);
    }
}
