//! A person's last ballot in an election: its sequence number and its choice, in a sealed file
//! beside the seed.
//!
//! Of a person's ballots the highest sequence counts, and a gateway answers a ballot that it has
//! with the receipt it gave then. So the same choice again must be the same ballot, and another
//! choice must come after all before it; else an old receipt would stand for a ballot that is
//! outranked. The file is written before a ballot goes out: whatever became of the ballot, the
//! next choice comes after it.

use symbolon_crypto::digest::sha256;
use symbolon_election::ElectionId;
use symbolon_service::{Refusal, reasons::Reason};

use crate::{
    accounts::RegistrationId,
    seeds::{SeedError, Seeds},
};

/// What is kept. Sealed, because a few guesses find the choice of a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastBallot {
    /// The highest sequence that went out.
    sequence: u8,
    /// The SHA-256 of its choice.
    choice: [u8; 32],
    /// Whether a receipt came back.
    accepted: bool,
}

impl LastBallot {
    const LENGTH: usize = 34;

    fn new(sequence: u8, choice: [u8; 32]) -> Self {
        Self {
            sequence,
            choice,
            accepted: false,
        }
    }

    pub(crate) fn encode(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = self.sequence;
        bytes[1] = self.accepted.into();
        bytes[2..].copy_from_slice(&self.choice);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[sequence, accepted], choice) = bytes.split_first_chunk()?;
        Some(Self {
            sequence,
            accepted: match accepted {
                0 => false,
                1 => true,
                _ => return None,
            },
            choice: choice.try_into().ok()?,
        })
    }
}

/// The ballot that a choice makes after the `last` one; none, if all `most` are used.
fn following(last: Option<LastBallot>, choice: [u8; 32], most: u8) -> Option<LastBallot> {
    let Some(last) = last else {
        return Some(LastBallot::new(0, choice));
    };
    if last.choice == choice {
        return Some(last);
    }
    match last.sequence.checked_add(1).filter(|next| *next < most) {
        Some(next) => Some(LastBallot::new(next, choice)),
        // Nobody knows whether the highest one arrived. The gateway does: it takes one of each sequence.
        None if !last.accepted => Some(LastBallot::new(last.sequence, choice)),
        None => None,
    }
}

/// Casts a choice so that it is the person's last: `send` gets the sequence. One after the other
/// for each person. A sequence that the gateway has with another ballot, because the file was
/// lost, is passed over.
pub(crate) async fn cast_as_last<R, F: Future<Output = Result<R, Refusal>>>(
    seeds: &Seeds,
    person: &RegistrationId,
    election: &ElectionId,
    choice: &[u8],
    most: u8,
    mut send: impl FnMut(u8) -> F,
) -> Result<R, Refusal> {
    let turn = seeds.turn(person);
    let _turn = turn.lock().await;
    let choice = sha256(choice);
    let last = seeds.last(person, election).map_err(|it| unkept(&it))?;
    let mut ballot = following(last, choice, most).ok_or_else(all_used)?;
    loop {
        let written = seeds.keep_last(person, election, &ballot);
        written.map_err(|error| unkept(&error))?;
        match send(ballot.sequence).await {
            Err(taken) if taken.reason() == Reason::SequenceTaken => {
                let next = ballot.sequence.checked_add(1);
                let next = next.filter(|next| *next < most).ok_or_else(all_used)?;
                ballot = LastBallot::new(next, choice);
            }
            Err(refusal) => return Err(refusal),
            Ok(receipt) => {
                ballot.accepted = true;
                // The ballot is cast, and without this the gateway is asked once more, at most.
                if let Err(error) = seeds.keep_last(person, election, &ballot) {
                    tracing::error!(%error, "a receipt could not be noted");
                }
                return Ok(receipt);
            }
        }
    }
}

fn all_used() -> Refusal {
    Refusal::new(Reason::SequenceTaken).because("every ballot of this person is cast")
}

fn unkept(error: &SeedError) -> Refusal {
    tracing::error!(%error, "a person's last ballot can't be read or kept");
    Refusal::new(Reason::Internal)
}

#[cfg(test)]
mod tests;
