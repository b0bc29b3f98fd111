//! Publishing at fixed times: whole batches, sorted, never lost, never doubled.

use std::{sync::Arc, time::Duration};

use symbolon_ledger::Ledger;
use symbolon_ledger_log::LogLedger;
use symbolon_service::Shutdown;

use crate::{
    Error,
    batches::{Batch, Terms},
    book::Election,
    intake::Intake,
};

const LOOK: Duration = Duration::from_millis(200);
/// Seconds after closes by which every ballot that was in time is in the outbox.
const SETTLING: u64 = 1;

/// Publishes what waits in the outbox.
pub struct Publisher {
    intake: Arc<Intake>,
    ledger: LogLedger,
    /// Batches whose publication failed: their time has come already.
    unfinished: Vec<Arc<Batch>>,
    heartbeat_due: bool,
    failed: Failed,
}

/// Told once the ledger takes nothing more.
pub type Failed = Box<dyn Fn(&Error) + Send + Sync>;

impl Publisher {
    /// Of this intake onto this ledger.
    pub fn new(intake: Arc<Intake>, ledger: LogLedger, failed: Failed) -> Self {
        Self {
            intake,
            ledger,
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
        // One election's failure keeps no other waiting.
        let mut outcome = Ok(());
        for batch in std::mem::take(&mut self.unfinished) {
            let Some(election) = book.get(&batch.election) else {
                continue;
            };
            if let Err(error) = self.publish_batch(election, &batch).await {
                self.unfinished.push(batch);
                // The first one tells why: after it the log may only say that it stopped.
                outcome = outcome.and(Err(error));
            }
        }
        if self.heartbeat_due {
            self.ledger.heartbeat().await?;
            self.heartbeat_due = false;
        }
        outcome
    }

    /// All of a batch at once: whatever happens, the ledger has it whole or not at all.
    async fn publish_batch(&self, election: &Election, batch: &Arc<Batch>) -> Result<(), Error> {
        let id = batch.election;
        let names = batch.sorted();
        metrics::gauge!("symbolon_outbox_ballots").set(names.len() as f64);
        let entries = self.intake.outbox.entries(&id, &names).await?;
        if (self.intake.clock)() > election.manifest.last_moment() {
            tracing::error!(election = %id, ballots = names.len(), "too late to publish: the ledger takes none");
            return Ok(());
        }
        self.ledger.submit(entries).await?;
        self.intake.batches.published(batch);
        tracing::info!(election = %id, ballots = names.len(), "published");
        metrics::counter!("symbolon_ballots_published_total").increment(names.len() as u64);
        Ok(())
    }
}

fn terms(election: &Election, now: u64) -> Terms {
    let manifest = election.manifest.manifest();
    Terms {
        election: election.manifest.election(),
        least_places: usize::from(manifest.ballot_batch_min),
        over: now > manifest.closes + SETTLING.min(manifest.grace / 2),
    }
}
