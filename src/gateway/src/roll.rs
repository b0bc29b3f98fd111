//! One leaf of a published roll, read from the log's own files.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use symbolon_election::{ElectionId, RollIndex, VoterId};
use symbolon_ledger::layout;

use crate::Error;

const LEAF: u64 = 32;
const FILE: u32 = 256;

/// The voter ID at a place of a roll of `size` places; none beyond its end.
pub(crate) fn leaf(
    log: &Path,
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
    let path = log.join(layout::roll_leaves(
        &election.to_string(),
        number.into(),
        width,
    ));
    let mut leaf = [0; LEAF as usize];
    File::open(&path)
        .and_then(|file| file.read_exact_at(&mut leaf, u64::from(place.0 % FILE) * LEAF))
        .map_err(|source| Error::Roll { path, source })?;
    Ok(Some(VoterId::new(leaf)))
}
