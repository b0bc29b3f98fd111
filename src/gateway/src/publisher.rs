//! Publishing at fixed times: whole batches, sorted, never lost, never doubled.

use std::{sync::Arc, time::Duration};

use symbolon_service::Shutdown;
use tokio::task::JoinSet;

use crate::{
    Error,
    batches::{Batch, Terms},
    board::Board,
    book::Election,
    intake::Intake,
};

const LOOK: Duration = Duration::from_millis(200);
/// So many batches at once are on their way to a ledger that takes its time.
const AT_ONCE: usize = 16;
/// Seconds after closes by which every ballot that was in time is in the outbox.
const SETTLING: u64 = 1;

/// Publishes what waits in the outbox.
pub struct Publisher {
    intake: Arc<Intake>,
    board: Arc<dyn Board>,
    /// Batches on their way.
    under_way: JoinSet<(Arc<Batch>, Result<(), Error>)>,
    /// Batches whose publication failed: their time has come already.
    unfinished: Vec<Arc<Batch>>,
    heartbeat_due: bool,
    failed: Failed,
}

/// Told once the ledger takes nothing more.
pub type Failed = Box<dyn Fn(&Error) + Send + Sync>;

impl Publisher {
    /// Of this intake onto this ledger.
    pub fn new(intake: Arc<Intake>, board: Arc<dyn Board>, failed: Failed) -> Self {
        Self {
            intake,
            board,
            under_way: JoinSet::new(),
            unfinished: Vec::new(),
            heartbeat_due: false,
            failed,
        }
    }

    /// Publishes until the shutdown; what still waits then stays in the outbox.
    pub async fn publish(mut self, shutdown: Shutdown) {
        while !shutdown.is_triggered() {
            if let Err(error) = self.look().await {
                if error.is_final() {
                    (self.failed)(&error);
                }
                tracing::error!(%error, "publishing failed; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = shutdown.triggered() => {}
            }
        }
    }

    /// Publishes what is due now, and what failed before.
    pub(crate) async fn look(&mut self) -> Result<(), Error> {
        let now = (self.intake.clock)();
        let book = self.intake.book.all();
        let terms: Vec<_> = book
            .values()
            .filter(|election| !election.cancelled)
            .map(|election| terms(election, now))
            .collect();
        let (due, taken) = self.intake.batches.take(&terms, now);
        self.unfinished.extend(taken);
        self.heartbeat_due |= due;
        for batch in std::mem::take(&mut self.unfinished) {
            if self.under_way.len() >= AT_ONCE && !self.board.settles_at_once() {
                self.unfinished.push(batch);
            } else if let Some(election) = book.get(&batch.election) {
                let (intake, board) = (Arc::clone(&self.intake), Arc::clone(&self.board));
                let election = Arc::clone(election);
                self.under_way.spawn(async move {
                    let outcome = publish(&intake, &*board, &election, &batch).await;
                    (batch, outcome)
                });
            }
        }
        let outcome = self.collect().await;
        if self.heartbeat_due {
            self.board.heartbeat().await?;
            self.heartbeat_due = false;
        }
        outcome
    }

    /// What became of batches that were on their way. Where the ledger takes its time, those that
    /// still are keep the next ones from nothing.
    async fn collect(&mut self) -> Result<(), Error> {
        let mut outcome = Ok(());
        loop {
            let done = match self.board.settles_at_once() {
                true => self.under_way.join_next().await,
                false => self.under_way.try_join_next(),
            };
            match done {
                None => return outcome,
                Some(Ok((_, Ok(())))) => {}
                // One election's failure keeps no other waiting.
                Some(Ok((batch, Err(error)))) => {
                    self.unfinished.push(batch);
                    // The first one tells why: after it the log may only say that it stopped.
                    outcome = outcome.and(Err(error));
                }
                Some(Err(_)) => return Err(Error::Stopped),
            }
        }
    }
}

/// All of a batch: on a log at once, whatever happens; on a chain in as many transactions as it takes.
async fn publish(
    intake: &Intake,
    board: &dyn Board,
    election: &Election,
    batch: &Arc<Batch>,
) -> Result<(), Error> {
    let id = batch.election;
    let names = batch.sorted();
    metrics::gauge!("symbolon_outbox_ballots").set(names.len() as f64);
    let entries = intake.outbox.entries(&id, &names).await?;
    if (intake.clock)() > election.manifest.last_moment() {
        tracing::error!(election = %id, ballots = names.len(), "too late to publish: the ledger takes none");
        return Ok(());
    }
    board.submit(entries).await?;
    intake.batches.published(batch);
    tracing::info!(election = %id, ballots = names.len(), "published");
    metrics::counter!("symbolon_ballots_published_total").increment(names.len() as u64);
    Ok(())
}

fn terms(election: &Election, now: u64) -> Terms {
    let manifest = election.manifest.manifest();
    Terms {
        election: election.manifest.election(),
        least_places: usize::from(manifest.ballot_batch_min),
        over: now > manifest.closes + SETTLING.min(manifest.grace / 2),
    }
}
