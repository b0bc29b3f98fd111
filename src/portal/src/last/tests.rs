use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    path::Path,
};

use symbolon_crypto::Secret;

use super::*;

const ANNA: RegistrationId = RegistrationId([1; 32]);
const ELECTION: ElectionId = ElectionId::new([7; 32]);
const MOST: u8 = 3;
const KEY: [u8; 32] = [9; 32];

/// Takes one ballot of each sequence, and knows what it took, as gateways do.
#[derive(Default)]
struct Gateway {
    taken: RefCell<HashMap<u8, Vec<u8>>>,
    /// Ballots arrive, and no answer comes back.
    silent: Cell<bool>,
    /// Not even ballots arrive.
    away: Cell<bool>,
}

impl Gateway {
    async fn take(&self, sequence: u8, choice: &[u8]) -> Result<(u8, Vec<u8>), Refusal> {
        // Lets others come in between.
        tokio::task::yield_now().await;
        if self.away.get() {
            return Err(Refusal::new(Reason::Unavailable));
        }
        let mut taken = self.taken.borrow_mut();
        let there = taken.entry(sequence).or_insert_with(|| choice.to_vec());
        if there != choice {
            return Err(Refusal::new(Reason::SequenceTaken));
        }
        match self.silent.get() {
            true => Err(Refusal::new(Reason::Unavailable)),
            false => Ok((sequence, there.clone())),
        }
    }

    async fn vote(&self, seeds: &Seeds, choice: &[u8]) -> Result<u8, Refusal> {
        let send = |sequence| self.take(sequence, choice);
        let (sequence, there) = cast_as_last(seeds, &ANNA, &ELECTION, choice, MOST, send).await?;
        assert_eq!(there, choice);
        let highest = self.taken.borrow().keys().max().copied();
        assert_eq!(Some(sequence), highest, "an accepted ballot is the last");
        Ok(sequence)
    }
}

/// The portal's folder, opened as at a start.
fn start(folder: &Path) -> Seeds {
    Seeds::open(folder.to_owned(), &Secret::from_slice(&KEY).unwrap()).unwrap()
}

fn reason(outcome: Result<u8, Refusal>) -> Option<Reason> {
    outcome.err().map(|refusal| refusal.reason())
}

#[tokio::test]
async fn a_choice_taken_back_and_made_again_is_a_ballot_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, seeds) = (Gateway::default(), start(folder.path()));
    for (sequence, choice) in [(0, b"A"), (1, b"B"), (2, b"A")] {
        assert_eq!(gateway.vote(&seeds, choice).await.ok(), Some(sequence));
    }
}

#[tokio::test]
async fn the_last_choice_again_is_the_same_ballot_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::default();
    for (sequence, choice) in [(0, b"A"), (0, b"A"), (1, b"B"), (1, b"B"), (2, b"A")] {
        let seeds = start(folder.path());
        assert_eq!(gateway.vote(&seeds, choice).await.ok(), Some(sequence));
    }
    assert_eq!(gateway.taken.borrow().len(), 3);
}

#[tokio::test]
async fn where_every_ballot_is_cast_the_refusal_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, seeds) = (Gateway::default(), start(folder.path()));
    for choice in [b"A", b"B", b"C"] {
        gateway.vote(&seeds, choice).await.unwrap();
    }
    let refusal = gateway.vote(&seeds, b"A").await.unwrap_err();
    assert_eq!(refusal.reason(), Reason::SequenceTaken);
    assert!(refusal.description().contains("every ballot"));
    assert_eq!(gateway.vote(&seeds, b"C").await.ok(), Some(2));
}

#[tokio::test]
async fn another_choice_comes_after_a_ballot_whose_receipt_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::default();
    gateway.silent.set(true);
    let lost = gateway.vote(&start(folder.path()), b"A").await;
    assert_eq!(reason(lost), Some(Reason::Unavailable));
    gateway.silent.set(false);
    let seeds = start(folder.path());
    assert_eq!(gateway.vote(&seeds, b"B").await.ok(), Some(1));
    assert_eq!(gateway.vote(&seeds, b"A").await.ok(), Some(2));
}

#[tokio::test]
async fn ballots_that_never_arrived_don_t_use_up_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, seeds) = (Gateway::default(), start(folder.path()));
    gateway.away.set(true);
    for choice in [b"A", b"B", b"C", b"D"] {
        let away = gateway.vote(&seeds, choice).await;
        assert_eq!(reason(away), Some(Reason::Unavailable));
    }
    gateway.away.set(false);
    assert_eq!(gateway.vote(&seeds, b"B").await.ok(), Some(2));
    let all = gateway.vote(&seeds, b"A").await;
    assert_eq!(reason(all), Some(Reason::SequenceTaken));
}

#[tokio::test]
async fn a_highest_ballot_that_arrived_unanswered_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, seeds) = (Gateway::default(), start(folder.path()));
    gateway.vote(&seeds, b"A").await.unwrap();
    gateway.vote(&seeds, b"B").await.unwrap();
    gateway.silent.set(true);
    gateway.vote(&seeds, b"C").await.unwrap_err();
    gateway.silent.set(false);
    let other = gateway.vote(&seeds, b"A").await;
    assert_eq!(reason(other), Some(Reason::SequenceTaken));
    assert_eq!(gateway.vote(&seeds, b"C").await.ok(), Some(2));
}

#[tokio::test]
async fn where_the_file_is_lost_the_gateway_s_word_moves_it_on() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::default();
    gateway.vote(&start(folder.path()), b"A").await.unwrap();
    gateway.vote(&start(folder.path()), b"B").await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let seeds = start(other.path());
    assert_eq!(gateway.vote(&seeds, b"C").await.ok(), Some(2));
    let all = gateway.vote(&seeds, b"A").await;
    assert_eq!(reason(all), Some(Reason::SequenceTaken));
}

#[tokio::test]
async fn two_votes_at_once_go_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, seeds) = (Gateway::default(), start(folder.path()));
    let votes = tokio::join!(gateway.vote(&seeds, b"A"), gateway.vote(&seeds, b"B"));
    assert_eq!((votes.0.ok(), votes.1.ok()), (Some(0), Some(1)));
}

#[test]
fn the_record_of_another_person_or_election_doesn_t_open() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = start(folder.path());
    let ben = RegistrationId([2; 32]);
    let second = ElectionId::new([8; 32]);
    let ballot = LastBallot::new(1, sha256(b"A"));
    seeds.keep_last(&ANNA, &ELECTION, &ballot).unwrap();
    assert!(seeds.last(&ANNA, &ELECTION).unwrap() == Some(ballot));
    for (person, election) in [(ben, ELECTION), (ANNA, second)] {
        assert!(seeds.last(&person, &election).unwrap().is_none());
        let (from, to) = (
            seeds.last_path(&ANNA, &ELECTION),
            seeds.last_path(&person, &election),
        );
        std::fs::copy(from, to).unwrap();
        assert!(seeds.last(&person, &election).is_err());
    }
    let sealed = std::fs::read(seeds.last_path(&ANNA, &ELECTION)).unwrap();
    assert!(!sealed.windows(32).any(|part| part == sha256(b"A")));
}

#[test]
fn a_record_of_another_length_or_a_third_state_is_refused() {
    let bytes = LastBallot::new(1, [3; 32]).encode();
    assert!(LastBallot::decode(&bytes).is_some());
    assert!(LastBallot::decode(&bytes[..33]).is_none());
    assert!(LastBallot::decode(&[&bytes[..], &[0]].concat()).is_none());
    assert!(LastBallot::decode(&[&[1, 2][..], &bytes[2..]].concat()).is_none());
}

#[test]
fn a_person_s_turn_is_shared_and_forgotten_when_nobody_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = start(folder.path());
    let ben = RegistrationId([2; 32]);
    let (first, second) = (seeds.turn(&ANNA), seeds.turn(&ANNA));
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    assert!(!std::sync::Arc::ptr_eq(&first, &seeds.turn(&ben)));
    drop((first, second));
    drop(seeds.turn(&ben));
    assert_eq!(seeds.turns(), 1);
}
