//! A gateway over a ledger that takes its time and that others write to as well.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use symbolon_election::{Cancelled, Statement, entry::entry_hash};
use symbolon_ledger_log::{Files, Folder};
use symbolon_service::Refusal;
use tokio::sync::Notify;

use super::*;
use crate::{
    batches::Held,
    intake::Intake,
    publisher::Publisher,
    statements::Follower,
    testing::{City, INTERVAL, NOW},
};

/// Entries wait until the test lets them through.
#[derive(Clone)]
struct SlowBoard {
    files: Files,
    state: Arc<Mutex<State>>,
    let_through: Arc<Notify>,
}

#[derive(Default)]
struct State {
    settled: Vec<Vec<u8>>,
    /// How often entries were handed in.
    submitted: usize,
    /// What it answers to a statement, once.
    refusal: Option<LedgerError>,
    /// Nothing waits.
    quick: bool,
}

impl SlowBoard {
    fn new(city: &City) -> Self {
        let folder = city.folder.path().join("log");
        let state = State {
            quick: true,
            ..State::default()
        };
        Self {
            files: Files::open(Folder::own(folder).unwrap()).unwrap(),
            state: Arc::new(Mutex::new(state)),
            let_through: Arc::default(),
        }
    }

    fn slow(&self) {
        self.state.lock().unwrap().quick = false;
    }

    /// Somebody else brings an entry.
    fn bring(&self, entry: Vec<u8>) {
        self.state.lock().unwrap().settled.push(entry);
    }

    fn settled(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap().settled.clone()
    }
}

#[tonic::async_trait]
impl Board for SlowBoard {
    fn submit(&self, entries: Vec<Vec<u8>>) -> LedgerFuture<'_, Vec<Submitted>> {
        Box::pin(async move {
            let quick = {
                let mut state = self.state.lock().unwrap();
                state.submitted += 1;
                if let Some(refusal) = state.refusal.take() {
                    return Err(refusal);
                }
                state.quick
            };
            if !quick {
                self.let_through.notified().await;
            }
            let mut state = self.state.lock().unwrap();
            let known: HashSet<_> = state.settled.iter().cloned().collect();
            state.settled.extend(
                entries
                    .iter()
                    .filter(|entry| !known.contains(*entry))
                    .cloned(),
            );
            Ok(vec![Submitted::Accepted; entries.len()])
        })
    }

    fn files(&self) -> &Files {
        &self.files
    }

    fn settles_at_once(&self) -> bool {
        false
    }

    fn opened_at(&self) -> u64 {
        0
    }

    fn has(&self, entry: &EntryHash) -> bool {
        let state = self.state.lock().unwrap();
        state.settled.iter().any(|it| entry_hash(it) == *entry)
    }

    async fn place(&self, entry: &EntryHash) -> Result<Option<Place>, Error> {
        let state = self.state.lock().unwrap();
        let mut settled = state.settled.iter();
        let index = settled.position(|it| entry_hash(it) == *entry);
        Ok(index.map(|index| Place {
            index: index as u64,
            proof: None,
        }))
    }

    async fn statements(&self, from: u64) -> Result<(u64, Vec<Vec<u8>>), Error> {
        let settled = self.settled();
        let statements = settled.into_iter().filter(|entry| entry[0] != 0x10);
        let statements: Vec<_> = statements.skip(from as usize).collect();
        Ok((from + statements.len() as u64, statements))
    }

    async fn heartbeat(&self) -> Result<(), Error> {
        Ok(())
    }

    fn keys_file(&self, _: &Manifest) -> Option<ContentHash> {
        None
    }

    fn is_named_by(&self, _: &Manifest, _: Option<&[u8]>) -> Result<(), Error> {
        Ok(())
    }
}

fn gateway(city: &City) -> (SlowBoard, Arc<Intake>, Follower) {
    let board = SlowBoard::new(city);
    let (intake, follower) = city.parts_on(Arc::new(board.clone()));
    (board, intake, follower)
}

fn publisher(intake: &Arc<Intake>, board: &SlowBoard) -> Publisher {
    let stopped = Box::new(|error: &Error| panic!("{error}"));
    Publisher::new(Arc::clone(intake), Arc::new(board.clone()), stopped)
}

async fn others_ran() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn while_a_batch_takes_its_time_ballots_are_taken_and_the_next_batch_goes_its_way() {
    let city = City::new(1);
    let (board, intake, mut follower) = gateway(&city);
    follower.catch_up().await.unwrap();
    board.slow();
    let mut publisher = publisher(&intake, &board);
    let mut hashes = Vec::new();
    for round in 0..3 {
        let ballot = city.ballot(round, 20 + round as u8, 0, &[1, 2]);
        hashes.push(intake.cast(&ballot.to_entry()).await.unwrap().0);
        city.at(NOW + u64::from(round + 1) * INTERVAL);
        publisher.look().await.unwrap();
        others_ran().await;
    }
    assert_eq!(board.state.lock().unwrap().submitted, 2 + 3);
    let held = |hash| intake.batches.holds(hash);
    assert!(hashes.iter().all(|hash| held(hash) == Some(Held::Taken)));
    board.let_through.notify_waiters();
    others_ran().await;
    publisher.look().await.unwrap();
    assert!(
        hashes
            .iter()
            .all(|hash| held(hash).is_none() && board.has(hash))
    );
}

#[tokio::test]
async fn statements_that_others_bring_count_once_the_source_has_their_files() {
    let city = City::new(1);
    let (board, intake, mut follower) = gateway(&city);
    let id = city.manifest.election(city.trust.domain());
    let statement = |number: u64| {
        let path = symbolon_ledger::layout::statement(number);
        std::fs::read(city.source().join(path)).unwrap()
    };
    let (manifest, roll) = (statement(0), statement(1));
    // Neither the statements nor what they name have reached the source yet.
    let (source, aside) = (city.source(), city.folder.path().join("aside"));
    std::fs::rename(&source, &aside).unwrap();
    board.bring(manifest);
    board.bring(roll);
    follower.learn().await.unwrap();
    assert!(intake.book.get(&id).is_none());
    std::fs::rename(&aside, &source).unwrap();
    follower.learn().await.unwrap();
    assert_eq!(intake.book.get(&id).unwrap().roll_size(), 300);
    let ballot = city.ballot(7, 20, 0, &[1, 2]).to_entry();
    intake.cast(&ballot).await.unwrap();
    // The source has them now, too: they are there already.
    follower.catch_up().await.unwrap();
    assert_eq!(board.state.lock().unwrap().submitted, 0);
    city.write_statement(2, Statement::Cancelled(Cancelled { election: id }), 2);
    board.bring(statement(2));
    follower.catch_up().await.unwrap();
    let late = city.ballot(8, 21, 0, &[1, 2]).to_entry();
    let refused = Refusal::from(intake.cast(&late).await.unwrap_err());
    assert_eq!(refused.reason().name(), "ELECTION_CANCELLED");
}

#[tokio::test]
async fn a_manifest_on_the_ledger_that_names_another_gateway_is_passed_over() {
    let mut city = City::new(1);
    city.manifest.gateways = vec![crate::testing::key(77).address()];
    city.write_statement(0, Statement::Manifest(city.manifest.clone()), 2);
    let (board, intake, mut follower) = gateway(&city);
    let path = symbolon_ledger::layout::statement(0);
    board.bring(std::fs::read(city.source().join(path)).unwrap());
    follower.learn().await.unwrap();
    assert!(intake.book.all().is_empty());
}

/// A gateway on an open election, and a Cancelled signed by so many officers as the source's next
/// statements.
async fn cancelled(city: &City, signers: &[usize]) -> (SlowBoard, Arc<Intake>, Follower) {
    let (board, intake, mut follower) = gateway(city);
    follower.catch_up().await.unwrap();
    let election = city.manifest.election(city.trust.domain());
    for (number, signers) in (2..).zip(signers) {
        let statement = Statement::Cancelled(Cancelled { election });
        city.write_statement(number, statement, *signers);
    }
    (board, intake, follower)
}

fn is_cancelled(city: &City, intake: &Intake) -> bool {
    let id = city.manifest.election(city.trust.domain());
    intake.book.get(&id).unwrap().cancelled
}

#[tokio::test]
async fn a_statement_that_comes_too_early_for_the_ledger_is_tried_again() {
    let city = City::new(1);
    let (board, intake, mut follower) = cancelled(&city, &[2]).await;
    board.state.lock().unwrap().refusal = Some(LedgerError::Early { position: 0 });
    follower.catch_up().await.unwrap();
    assert!(board.settled().len() == 2 && !is_cancelled(&city, &intake));
    follower.catch_up().await.unwrap();
    assert!(board.settled().len() == 3 && is_cancelled(&city, &intake));
}

#[tokio::test]
async fn a_statement_that_the_ledger_refuses_keeps_no_other_waiting() {
    let city = City::new(1);
    let (board, intake, mut follower) = cancelled(&city, &[3, 2]).await;
    let reason = "such a statement is there already".to_owned();
    let refusal = LedgerError::Refused {
        position: 0,
        reason,
    };
    board.state.lock().unwrap().refusal = Some(refusal);
    follower.catch_up().await.unwrap();
    assert!(board.settled().len() == 3 && is_cancelled(&city, &intake));
}
