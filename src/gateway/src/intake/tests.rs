use std::sync::Arc;

use symbolon_election::{Cancelled, IssuerRotation, Manifest, Statement, VerifiedManifest};
use symbolon_ledger::Ledger;

use super::*;
use crate::{
    board::LogBoard,
    publisher::Publisher,
    testing::{CLOSES, City, GRACE, INTERVAL, NOW, key},
};

/// One option of three.
const CHOICE: &[u8] = &[1, 2];

async fn refused(intake: &Arc<Intake>, entry: &[u8]) -> &'static str {
    Refusal::from(intake.cast(entry).await.expect_err("refused"))
        .reason()
        .name()
}

async fn look(intake: &Arc<Intake>, board: &LogBoard) -> Result<(), Error> {
    let stopped = Box::new(|error: &Error| panic!("{error}"));
    let mut publisher = Publisher::new(Arc::clone(intake), Arc::new(board.clone()), stopped);
    publisher.look().await
}

async fn ballots_on(board: &LogBoard) -> Vec<UnverifiedBallot> {
    let size = board.ledger().settled_size().await.unwrap();
    let entries = board
        .ledger()
        .settled(0, size as usize)
        .await
        .unwrap()
        .into_iter();
    let ballots = entries.filter_map(|settled| match Entry::decode(&settled.entry) {
        Ok(Entry::Ballot(ballot)) => Some(ballot),
        _ => None,
    });
    ballots.collect()
}

fn manifest(city: &City, intake: &Intake) -> VerifiedManifest {
    let id = city.manifest.election(city.trust.domain());
    intake.book.get(&id).unwrap().manifest.clone()
}

#[tokio::test]
async fn a_good_ballot_gets_a_receipt_and_is_published_in_its_time() {
    let city = City::new(1);
    let (intake, board) = city.gateway().await;
    let ballot = city.ballot(7, 20, 0, CHOICE);
    let (hash, receipt) = intake.cast(&ballot.to_entry()).await.unwrap();
    let include_by = receipt.include_by;
    assert!(include_by > NOW + INTERVAL / 2 && include_by <= NOW + 2 * INTERVAL);
    receipt.verify(&manifest(&city, &intake)).unwrap();
    look(&intake, &board).await.unwrap();
    city.at(include_by - INTERVAL / 2);
    look(&intake, &board).await.unwrap();
    assert_eq!(ballots_on(&board).await, [ballot]);
    let place = board.place(&hash).await.unwrap();
    assert_eq!(place.unwrap().index, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ballot_a_thousand_times_and_over_a_restart_is_one_entry_with_one_receipt() {
    let city = City::new(1);
    let (intake, board) = city.gateway().await;
    let entry = Arc::new(city.ballot(7, 20, 0, CHOICE).to_entry());
    let casts = (0..1000).map(|_| {
        let (intake, entry) = (Arc::clone(&intake), Arc::clone(&entry));
        tokio::spawn(async move { intake.cast(&entry).await.unwrap() })
    });
    let casts: Vec<_> = casts.collect();
    let mut receipts = Vec::new();
    for cast in casts {
        receipts.push(cast.await.unwrap());
    }
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    intake.outbox.store().close().await.unwrap();
    drop((intake, board));
    let (intake, board) = city.gateway().await;
    assert_eq!(intake.cast(&entry).await.unwrap(), receipts[0]);
    city.at(NOW + 2 * INTERVAL);
    look(&intake, &board).await.unwrap();
    look(&intake, &board).await.unwrap();
    assert_eq!(intake.cast(&entry).await.unwrap(), receipts[0]);
    assert_eq!(ballots_on(&board).await.len(), 1);
}

#[tokio::test]
async fn a_batch_waits_for_enough_places_and_is_sorted_by_them() {
    let city = City::new(3);
    let (intake, board) = city.gateway().await;
    let last = CLOSES + GRACE;
    for (place, seed) in [(290, 20), (5, 21)] {
        let ballot = city.ballot(place, seed, 0, CHOICE);
        assert_eq!(
            intake.cast(&ballot.to_entry()).await.unwrap().1.include_by,
            last
        );
    }
    let again = city.ballot(5, 21, 1, CHOICE);
    assert_eq!(
        intake.cast(&again.to_entry()).await.unwrap().1.include_by,
        last
    );
    city.at(NOW + INTERVAL);
    look(&intake, &board).await.unwrap();
    assert!(ballots_on(&board).await.is_empty());
    let third = city.ballot(100, 22, 0, CHOICE);
    assert!(intake.cast(&third.to_entry()).await.unwrap().1.include_by < last);
    city.at(NOW + 3 * INTERVAL);
    look(&intake, &board).await.unwrap();
    let places = ballots_on(&board)
        .await
        .iter()
        .map(|b| (b.roll_index.0, b.sequence))
        .collect::<Vec<_>>();
    assert_eq!(places, [(5, 0), (5, 1), (100, 0), (290, 0)]);
}

#[tokio::test]
async fn the_last_batch_is_published_whole_soon_after_closes() {
    let city = City::new(3);
    let (intake, board) = city.gateway().await;
    city.at(CLOSES);
    intake
        .cast(&city.ballot(5, 21, 0, CHOICE).to_entry())
        .await
        .unwrap();
    look(&intake, &board).await.unwrap();
    assert!(ballots_on(&board).await.is_empty());
    city.at(CLOSES + 1);
    look(&intake, &board).await.unwrap();
    assert!(ballots_on(&board).await.is_empty());
    city.at(CLOSES + 2);
    look(&intake, &board).await.unwrap();
    assert_eq!(ballots_on(&board).await.len(), 1);
    assert_eq!(
        refused(&intake, &city.ballot(6, 22, 0, CHOICE).to_entry()).await,
        "ELECTION_CLOSED"
    );
}

#[tokio::test]
async fn a_ballot_before_opens_is_refused() {
    let city = City::new(1);
    city.at(NOW - 1);
    let (intake, _) = city.gateway().await;
    let entry = city.ballot(5, 21, 0, CHOICE).to_entry();
    assert_eq!(refused(&intake, &entry).await, "NOT_OPEN");
    city.at(NOW);
    intake.cast(&entry).await.unwrap();
}

#[tokio::test]
async fn every_flipped_bit_of_a_ballot_is_refused() {
    let city = City::new(1);
    let (intake, _) = city.gateway().await;
    let entry = city.ballot(5, 21, 0, CHOICE).to_entry();
    for byte in 0..entry.len() {
        let mut flipped = entry.clone();
        flipped[byte] ^= 1 << (byte % 8);
        assert!(intake.cast(&flipped).await.is_err(), "byte {byte}");
    }
    let longer = [entry.as_slice(), &[0]].concat();
    assert_eq!(refused(&intake, &longer).await, "INVALID_BALLOT");
    intake.cast(&entry).await.unwrap();
}

#[tokio::test]
async fn choices_outside_of_the_rules_are_refused() {
    let city = City::new(1);
    let (intake, _) = city.gateway().await;
    for choice in [
        &[0, 0, 0][..],
        &[1, 4],
        &[1, 0],
        &[2, 1, 2],
        &[2, 2, 1],
        &[],
        &[1],
        &[1, 1, 0],
    ] {
        let entry = city.ballot(5, 21, 0, choice).to_entry();
        assert_eq!(
            refused(&intake, &entry).await,
            "INVALID_BALLOT",
            "{choice:?}"
        );
    }
    intake
        .cast(&city.ballot(5, 21, 0, &[0]).to_entry())
        .await
        .unwrap();
}

#[tokio::test]
async fn strangers_tokens_places_and_elections_are_refused() {
    let city = City::new(1);
    let (intake, _) = city.gateway().await;
    let good = city.ballot(5, 21, 0, CHOICE);
    let forged = city.with_issuer(good.clone(), 66).to_entry();
    assert_eq!(refused(&intake, &forged).await, "INVALID_TOKEN");
    // Signed by the issuer, for a place that the voter doesn't have.
    let beyond = city.ballot(300, 21, 0, CHOICE).to_entry();
    assert_eq!(refused(&intake, &beyond).await, "NOT_ON_ROLL");
    let sequence = city.ballot(5, 21, 3, CHOICE).to_entry();
    assert_eq!(refused(&intake, &sequence).await, "INVALID_BALLOT");
    let elsewhere = UnverifiedBallot {
        election: ElectionId::new([1; 32]),
        ..good
    };
    assert_eq!(
        refused(&intake, &elsewhere.to_entry()).await,
        "UNKNOWN_ELECTION"
    );
}

#[tokio::test]
async fn another_ballot_of_the_same_key_and_sequence_is_refused() {
    let city = City::new(1);
    let (intake, _) = city.gateway().await;
    intake
        .cast(&city.ballot(5, 21, 0, CHOICE).to_entry())
        .await
        .unwrap();
    let other = city.ballot(5, 21, 0, &[1, 1]).to_entry();
    assert_eq!(refused(&intake, &other).await, "SEQUENCE_TAKEN");
    intake
        .cast(&city.ballot(5, 21, 1, &[1, 1]).to_entry())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_election_of_other_officers_is_passed_over() {
    let city = City::new(1);
    let other = Manifest {
        nonce: symbolon_election::Nonce::new([8; 32]),
        ..city.manifest.clone()
    };
    let other_id = other.election(city.trust.domain());
    city.write_statement(2, Statement::Manifest(other), 1);
    let (intake, board) = city.gateway().await;
    assert!(intake.book.get(&other_id).is_none());
    assert_eq!(board.ledger().settled_size().await.unwrap(), 2);
}

#[tokio::test]
async fn an_election_of_another_gateway_or_log_is_passed_over() {
    let city = City::new(1);
    let stranger = symbolon_election::ledger_keys::NoteKey::log("other.example", [3; 32]).unwrap();
    let cosigner =
        symbolon_election::ledger_keys::NoteKey::cosigner("other.example", [3; 32]).unwrap();
    let keys =
        symbolon_election::LedgerKeys::new("other.example", stranger, vec![cosigner], 1).unwrap();
    city.write_content(&keys.to_json());
    let elsewhere = Manifest {
        nonce: symbolon_election::Nonce::new([8; 32]),
        ledger_keys: symbolon_election::content::content_hash(&keys.to_json()),
        ..city.manifest.clone()
    };
    let others = Manifest {
        nonce: symbolon_election::Nonce::new([9; 32]),
        gateways: vec![city.manifest.issuer],
        ..city.manifest.clone()
    };
    city.write_statement(2, Statement::Manifest(elsewhere.clone()), 2);
    city.write_statement(3, Statement::Manifest(others.clone()), 2);
    let (intake, board) = city.gateway().await;
    for manifest in [elsewhere, others] {
        let id = manifest.election(city.trust.domain());
        assert!(intake.book.get(&id).is_none());
    }
    assert_eq!(board.ledger().settled_size().await.unwrap(), 2);
}

#[tokio::test]
async fn a_cancelled_election_takes_nothing() {
    let city = City::new(1);
    let id = city.manifest.election(city.trust.domain());
    city.write_statement(2, Statement::Cancelled(Cancelled { election: id }), 2);
    let (intake, _) = city.gateway().await;
    let entry = city.ballot(5, 21, 0, CHOICE).to_entry();
    assert_eq!(refused(&intake, &entry).await, "ELECTION_CANCELLED");
}

#[tokio::test]
async fn statements_are_on_the_ledger_once_however_often_the_gateway_starts() {
    let city = City::new(1);
    for _ in 0..3 {
        let (intake, board) = city.gateway().await;
        assert_eq!(board.ledger().settled_size().await.unwrap(), 2);
        intake.outbox.store().close().await.unwrap();
    }
}

#[tokio::test]
async fn a_gateway_goes_on_from_its_own_ledger_while_the_source_is_gone() {
    let city = City::new(1);
    let (intake, board) = city.gateway().await;
    let ballot = city.ballot(5, 21, 0, CHOICE);
    intake.cast(&ballot.to_entry()).await.unwrap();
    intake.outbox.store().close().await.unwrap();
    drop((intake, board));
    std::fs::remove_dir_all(city.source()).unwrap();
    let (intake, board) = city.gateway().await;
    let later = city.ballot(6, 22, 0, CHOICE);
    intake.cast(&later.to_entry()).await.unwrap();
    city.at(NOW + 2 * INTERVAL);
    look(&intake, &board).await.unwrap();
    assert_eq!(ballots_on(&board).await, [ballot, later]);
}

#[tokio::test]
async fn a_place_that_was_published_makes_no_later_promise() {
    let city = City::new(2);
    let (intake, board) = city.gateway().await;
    for (place, seed) in [(5, 21), (6, 22)] {
        let ballot = city.ballot(place, seed, 0, CHOICE);
        intake.cast(&ballot.to_entry()).await.unwrap();
    }
    city.at(NOW + INTERVAL);
    look(&intake, &board).await.unwrap();
    assert_eq!(ballots_on(&board).await.len(), 2);
    let alone = city.ballot(7, 23, 0, CHOICE);
    let (_, receipt) = intake.cast(&alone.to_entry()).await.unwrap();
    assert_eq!(receipt.include_by, CLOSES + GRACE);
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_a_ballot_that_is_published_all_the_same() {
    let city = City::new(1);
    let (intake, board) = city.gateway().await;
    let ballot = city.ballot(5, 21, 0, CHOICE);
    for patience in 0..40 {
        let entry = ballot.to_entry();
        let cast = intake.cast(&entry);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(patience * 50), cast).await;
    }
    let (_, receipt) = intake.cast(&ballot.to_entry()).await.unwrap();
    city.at(receipt.include_by - INTERVAL / 2);
    look(&intake, &board).await.unwrap();
    assert_eq!(ballots_on(&board).await, [ballot]);
}

#[tokio::test]
async fn a_close_that_comes_before_its_time_waits_for_it() {
    let city = City::new(1);
    let close = symbolon_election::Close {
        election: city.manifest.election(city.trust.domain()),
        roll_size: 300,
        roll_root: symbolon_election::RollRoot::new([1; 32]),
        issued: symbolon_election::content::content_hash(b"list"),
    };
    city.write_content(b"list");
    city.write_statement(2, Statement::Close(close), 2);
    city.at(CLOSES);
    let (_, board, mut follower) = city.parts();
    follower.catch_up().await.unwrap();
    assert_eq!(board.ledger().settled_size().await.unwrap(), 2);
    city.at(CLOSES + 1);
    follower.catch_up().await.unwrap();
    assert_eq!(board.ledger().settled_size().await.unwrap(), 3);
}

#[tokio::test]
async fn a_ballot_that_the_ledger_has_already_is_not_doubled_after_a_crash() {
    let city = City::new(1);
    let (intake, board) = city.gateway().await;
    let ballot = city.ballot(5, 21, 0, CHOICE);
    intake.cast(&ballot.to_entry()).await.unwrap();
    // Published, and the process ended before the outbox was told.
    board.submit(vec![ballot.to_entry()]).await.unwrap();
    intake.outbox.store().close().await.unwrap();
    drop((intake, board));
    let (intake, board) = city.gateway().await;
    city.at(NOW + 2 * INTERVAL);
    look(&intake, &board).await.unwrap();
    assert_eq!(ballots_on(&board).await.len(), 1);
    let hash = entry_hash(&ballot.to_entry());
    assert_eq!(intake.batches.holds(&hash), None);
}

/// The rotation of the token key to the one of this seed, as the source's next statement.
fn rotate_to(city: &City, seed: u8) {
    let rotation = IssuerRotation {
        election: city.manifest.election(city.trust.domain()),
        current: city.manifest.issuer,
        next: key(seed).address(),
    };
    city.write_statement(2, Statement::IssuerRotation(rotation), 2);
}

#[tokio::test]
async fn a_token_of_the_next_issuer_is_taken_once_its_rotation_is_there_and_earlier_ones_still_are()
{
    let city = City::new(1);
    let (intake, _ledger, mut follower) = city.parts();
    follower.catch_up().await.unwrap();
    let shutdown = symbolon_service::Shutdown::new();
    let hour = std::time::Duration::from_secs(3600);
    let following = tokio::spawn(follower.follow(hour, shutdown.clone()));
    while !intake.newest.follows() {
        tokio::task::yield_now().await;
    }
    let next = city
        .with_issuer(city.ballot(7, 20, 0, CHOICE), 66)
        .to_entry();
    assert_eq!(refused(&intake, &next).await, "INVALID_TOKEN");
    rotate_to(&city, 66);
    let forged = city.with_issuer(city.ballot(8, 21, 0, CHOICE), 67);
    assert_eq!(refused(&intake, &forged.to_entry()).await, "INVALID_TOKEN");
    intake.cast(&next).await.unwrap();
    intake
        .cast(&city.ballot(9, 22, 0, CHOICE).to_entry())
        .await
        .unwrap();
    shutdown.trigger();
    following.await.unwrap();
}

#[tokio::test]
async fn a_ballot_keeps_its_receipt_when_its_token_was_issued_again_by_the_next_issuer() {
    let city = City::new(1);
    rotate_to(&city, 66);
    let (intake, board) = city.gateway().await;
    let ballot = city.ballot(7, 20, 0, CHOICE);
    let (hash, receipt) = intake.cast(&ballot.to_entry()).await.unwrap();
    let again = city.with_issuer(ballot.clone(), 66).to_entry();
    assert_eq!(intake.cast(&again).await.unwrap(), (hash, receipt.clone()));
    let other = city.with_issuer(city.ballot(7, 20, 0, &[1, 3]), 66);
    assert_eq!(refused(&intake, &other.to_entry()).await, "SEQUENCE_TAKEN");
    city.at(receipt.include_by);
    look(&intake, &board).await.unwrap();
    assert_eq!(ballots_on(&board).await, [ballot]);
}

#[tokio::test]
async fn a_rotation_that_comes_after_closes_does_not_reach_the_ledger() {
    let city = City::new(1);
    rotate_to(&city, 66);
    city.at(CLOSES + 1);
    let (intake, board) = city.gateway().await;
    assert_eq!(board.ledger().settled_size().await.unwrap(), 2);
    let id = city.manifest.election(city.trust.domain());
    assert!(!intake.book.get(&id).unwrap().issuers.rotated());
}
