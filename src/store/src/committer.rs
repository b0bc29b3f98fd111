//! The one thread that changes a store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::checkpoint::CheckpointFile;
use crate::engine::Batch;
use crate::group::Group;
use crate::inbox::Inbox;
use crate::pace::Pace;
use crate::queue::{Answer, Queue};
use crate::shared::Shared;
use crate::{Change, Head, StoreError};

/// While there is work, the checkpoint file is at most this old.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// What a daemon is told when its store has stopped for good.
pub(crate) type OnFailure = Box<dyn FnOnce(&StoreError) + Send>;

/// Groups changes, applies and syncs each group, then answers.
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) checkpoint: CheckpointFile,
    pub(crate) on_failure: OnFailure,
}

impl Committer {
    /// Works until no call will come, then closes the store.
    pub(crate) fn run(mut self) {
        let mut queue = Queue::default();
        let worked = catch_unwind(AssertUnwindSafe(|| self.work(&mut queue)))
            .unwrap_or_else(|_| Err(StoreError::Unavailable("its committer panicked".into())));
        match worked.and_then(|()| self.close()) {
            Ok(()) => self.shared.set_closed(Ok(())),
            Err(error) => self.fail(&error, queue),
        }
    }

    fn work(&mut self, queue: &mut Queue) -> Result<(), StoreError> {
        let mut noted = (Instant::now(), self.shared.durable().head.generation);
        let mut pace = Pace::new();
        while self.wait(queue, noted) {
            while !queue.is_empty() {
                self.gather(queue, &pace);
                let group = queue.take_group();
                pace.took(group.len());
                let begun = Instant::now();
                let answers = self.commit(group)?;
                pace.lasted(begun.elapsed());
                queue.answer(answers);
                self.note(&mut noted)?;
            }
            self.note(&mut noted)?;
        }
        Ok(())
    }

    /// Waits for a call, or until the checkpoint file is due; false: no call will come.
    fn wait(&self, queue: &mut Queue, (at, generation): (Instant, u64)) -> bool {
        let noted = generation == self.shared.durable().head.generation;
        let patience = match noted {
            true => Duration::MAX,
            false => CHECKPOINT_EVERY.saturating_sub(at.elapsed()),
        };
        queue.extend(self.inbox.take(1, patience));
        !(queue.is_empty() && self.inbox.is_exhausted())
    }

    /// Takes in what has come, and waits a little where more is likely to.
    fn gather(&self, queue: &mut Queue, pace: &Pace) {
        let missing = pace.wanted().saturating_sub(queue.changes());
        queue.extend(self.inbox.take(missing, pace.patience()));
    }

    /// Makes a group of changes; fails only where the store must stop.
    fn commit(&self, changes: Vec<Change>) -> Result<Vec<Answer>, StoreError> {
        let room = changes.iter().map(Change::weight).sum();
        if let Err(full) = self.shared.read(|applied| applied.engine.room(room)) {
            return Ok(vec![Err(full); changes.len()]);
        }
        let (answers, made) = self.shared.read(|applied| {
            let mut group = Group::new(applied.engine.as_ref(), applied.head.clone());
            let answers = changes
                .into_iter()
                .map(|change| group.decide(change))
                .collect();
            Ok((answers, group.finish()))
        })?;
        if let Some((head, batch, removes)) = made {
            self.apply(head.clone(), batch, removes)?;
            self.shared.read(|applied| applied.engine.sync())?;
            self.shared.set_durable(head);
        }
        Ok(answers)
    }

    fn apply(&self, head: Head, batch: Batch, removes: bool) -> Result<(), StoreError> {
        self.shared.write(|applied| {
            for snapshot in applied
                .snapshots()
                .iter()
                .filter_map(std::sync::Weak::upgrade)
            {
                snapshot.keep(applied.engine.as_ref(), batch.keys())?;
            }
            applied.engine.apply(batch)?;
            if removes {
                applied.last_removal = head.generation;
            }
            applied.head = head;
            Ok(())
        })
    }

    /// Writes the checkpoint file if it is due.
    fn note(&self, noted: &mut (Instant, u64)) -> Result<(), StoreError> {
        let head = self.shared.durable().head;
        if noted.1 != head.generation && noted.0.elapsed() >= CHECKPOINT_EVERY {
            self.checkpoint.write(&head)?;
            *noted = (Instant::now(), head.generation);
        }
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        self.shared.stop("it was closed");
        if let Some(engine) = self.shared.take_engine() {
            engine.close()?;
        }
        self.checkpoint.write(&self.shared.durable().head)
    }

    /// Stops for good: what was under way is answered as unknown, what comes is refused.
    fn fail(self, error: &StoreError, mut queue: Queue) {
        self.shared.stop(&error.to_string());
        if let Some(engine) = self.shared.take_engine() {
            engine.abandon();
        }
        self.inbox.close();
        let unavailable = StoreError::Unavailable(error.to_string());
        queue.fail(&unavailable);
        queue.extend(self.inbox.take(0, Duration::ZERO));
        queue.refuse(&unavailable);
        self.shared.set_closed(Err(error.clone()));
        (self.on_failure)(error);
    }
}
