//! How many tokens were issued: counted from the rows, and not again for every question.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use symbolon_election::ElectionId;

use super::Election;
use crate::{Error, core::Core, issuance::Issuance, sweep::count};

/// A count that took a second is good for this many seconds.
const GOOD_FOR: u32 = 20;
/// The most elections whose counts are kept.
const KEPT: usize = 128;
/// Fewer than that are counted anew for whoever asks.
const MANY: u64 = 1 << 12;

/// Counts by election; whoever asks while one is taken waits for it, and all who wait share the next.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashMap<ElectionId, Arc<tokio::sync::Mutex<Option<Count>>>>>);

struct Count {
    issued: u64,
    begun: Instant,
    cost: Duration,
}

impl Counts {
    fn of(&self, id: &ElectionId) -> Arc<tokio::sync::Mutex<Option<Count>>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= KEPT && !counts.contains_key(id) {
            counts.clear();
        }
        Arc::clone(counts.entry(*id).or_default())
    }
}

impl Count {
    /// Whether it tells somebody what they want to know who asked at a moment.
    fn is_good(&self, asked: Instant) -> bool {
        let fresh = self.begun.elapsed() < self.cost * GOOD_FOR;
        self.begun >= asked || self.issued >= MANY && fresh
    }
}

impl Core {
    /// How many tokens were issued. Where many were, the count may be as much older as
    /// [`GOOD_FOR`] times what counting them takes; once the issued list is written it is exact.
    pub(crate) async fn issued(&self, election: &Election) -> Result<u64, Error> {
        if let Some(issued) = election.row.issued {
            return Ok(issued.count);
        }
        let keys = self.keys()?;
        let Some(own) = keys.election(&election.manifest().nonce) else {
            return Ok(0);
        };
        let (asked, counts) = (Instant::now(), self.elections.counts.of(&election.id));
        let mut last = counts.lock().await;
        if let Some(count) = last.as_ref().filter(|count| count.is_good(asked)) {
            return Ok(count.issued);
        }
        let begun = Instant::now();
        let issued = count(&self.store, &Issuance::prefix(&own)).await?;
        *last = Some(Count {
            issued,
            begun,
            cost: begun.elapsed(),
        });
        Ok(issued)
    }
}
