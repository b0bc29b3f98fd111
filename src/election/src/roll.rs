//! How a roll grows.

use crate::{Error, RollStatement, Typed};

/// Checks that `next` comes next after `previous`. That its root extends the
/// previous one is for whoever holds the leaves.
pub(crate) fn check_succession(
    previous: Option<&RollStatement>,
    next: &RollStatement,
    roll_batch_min: u32,
) -> Result<(), Error> {
    let refuse = |field, rule| Err(Error::field(RollStatement::NAME, field, rule));
    let Some(previous) = previous else {
        return match next.sequence {
            0 => Ok(()),
            _ => refuse("sequence", "0 for the first"),
        };
    };
    if next.election != previous.election {
        return Err(Error::OtherElection {
            what: RollStatement::NAME,
        });
    }
    if Some(next.sequence) != previous.sequence.checked_add(1) {
        return refuse("sequence", "one more than the one before");
    }
    if roll_batch_min == 0 {
        return refuse("sequence", "the roll is frozen at opening");
    }
    match next.size.checked_sub(previous.size) {
        None => refuse("size", "a roll never shrinks"),
        Some(added) if added < roll_batch_min => {
            refuse("size", "an addition has at least rollBatchMin places")
        }
        Some(_) => Ok(()),
    }
}

/// Checks one addition to a roll: strictly ascending. That no leaf stands in an
/// earlier addition too is for whoever holds the leaves.
pub fn check_addition(leaves: &[crate::VoterId]) -> Result<(), Error> {
    match leaves.is_sorted_by(|a, b| a < b) {
        true => Ok(()),
        false => Err(Error::member(
            "roll",
            "leaves",
            "strictly ascending within an addition",
        )),
    }
}
