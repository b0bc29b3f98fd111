//! Publishing at fixed times: whole batches, sorted, never lost, never doubled.
//!
//! Publication times are the multiples of the interval. The batch of a time is taken half an
//! interval before it, so that it is on the ledger in time; what comes later is promised the
//! next one.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use symbolon_ledger::Ledger;
use symbolon_ledger_log::LogLedger;
use symbolon_service::Shutdown;

use crate::{Error, book::Election, intake::Intake};

const LOOK: Duration = Duration::from_millis(200);
/// Entries handed to the ledger at a time; a batch stays sorted over several.
const CHUNK: usize = 4096;

/// The times of publication.
pub struct Publications {
    interval: u64,
    begun: AtomicU64,
}

impl Publications {
    /// Every `interval` seconds, at least 2.
    pub fn new(interval: u64) -> Self {
        Self {
            interval,
            begun: AtomicU64::new(0),
        }
    }

    /// The publication that a ballot of now is in time for.
    pub fn next(&self, now: u64) -> u64 {
        let begun = self.begun.load(Ordering::SeqCst);
        (self.under_way(now) + self.interval).max(begun + self.interval)
    }

    /// Whether the batch of this time was taken already.
    pub fn has_begun(&self, time: u64) -> bool {
        self.begun.load(Ordering::SeqCst) >= time
    }

    /// Begins the publication that is due, if none of its time was begun.
    fn begin(&self, now: u64) -> Option<u64> {
        let due = self.under_way(now);
        let earlier = self.begun.fetch_max(due, Ordering::SeqCst);
        (earlier < due).then_some(due)
    }

    /// The latest time whose batch is taken by now.
    fn under_way(&self, now: u64) -> u64 {
        (now + self.interval / 2) / self.interval * self.interval
    }
}

/// Publishes until the shutdown; what still waits then stays in the outbox.
pub async fn publish(intake: Arc<Intake>, ledger: LogLedger, shutdown: Shutdown) {
    while !shutdown.is_triggered() {
        if let Err(error) = look(&intake, &ledger).await {
            tracing::error!(%error, "publishing failed; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = shutdown.triggered() => {}
        }
    }
}

/// Publishes what is due now.
pub(crate) async fn look(intake: &Intake, ledger: &LogLedger) -> Result<(), Error> {
    let now = (intake.clock)();
    let due = intake.publications.begin(now).is_some();
    for election in intake.book.all().values() {
        let over = now > election.manifest.manifest().closes;
        if due || over {
            publish_election(intake, ledger, election, over, now).await?;
        }
    }
    if due {
        ledger.heartbeat().await?;
    }
    Ok(())
}

async fn publish_election(
    intake: &Intake,
    ledger: &LogLedger,
    election: &Election,
    over: bool,
    now: u64,
) -> Result<(), Error> {
    let id = election.manifest.election();
    let waiting = intake.outbox.waiting(&id).await?;
    let places: HashSet<_> = waiting.iter().map(|ballot| ballot.place).collect();
    metrics::gauge!("symbolon_outbox_ballots").set(waiting.len() as f64);
    let enough = places.len() >= usize::from(election.manifest.manifest().ballot_batch_min);
    if waiting.is_empty() || election.cancelled || !(enough || over) {
        return Ok(());
    }
    if now > election.manifest.last_moment() {
        tracing::error!(election = %id, ballots = waiting.len(), "too late to publish: the ledger takes none");
        return Ok(());
    }
    for chunk in waiting.chunks(CHUNK) {
        let entries = intake.outbox.entries(chunk).await?;
        ledger.submit(entries).await?;
        intake.outbox.settled(chunk).await?;
    }
    tracing::info!(election = %id, ballots = waiting.len(), "published");
    metrics::counter!("symbolon_ballots_published_total").increment(waiting.len() as u64);
    intake.recount(&id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_taken_half_an_interval_before_its_time() {
        let publications = Publications::new(10);
        assert_eq!(publications.begin(104), Some(100));
        assert_eq!(publications.next(104), 110);
        assert_eq!(publications.begin(104), None);
        assert_eq!(publications.next(105), 120);
        assert!(!publications.has_begun(110));
        assert_eq!(publications.begin(105), Some(110));
        assert!(publications.has_begun(110) && !publications.has_begun(120));
    }

    #[test]
    fn a_clock_that_goes_back_repeats_no_publication() {
        let publications = Publications::new(10);
        assert_eq!(publications.begin(105), Some(110));
        assert_eq!(publications.begin(90), None);
        assert_eq!(publications.next(90), 120);
    }
}
