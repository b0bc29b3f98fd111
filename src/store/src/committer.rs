//! The one thread that changes a store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::checkpoint::CheckpointFile;
use crate::engine::Batch;
use crate::group::Group;
use crate::pace::{LOOK, PATIENCE, Pace};
use crate::queue::{Answer, Call, Queue};
use crate::shared::Shared;
use crate::{Change, Head, StoreError};

/// While there is work, the checkpoint file is at most this old.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// What a daemon is told when its store has stopped for good.
pub(crate) type OnFailure = Box<dyn FnOnce(&StoreError) + Send>;

/// Groups changes, applies and syncs each group, then answers.
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) calls: Receiver<Call>,
    pub(crate) checkpoint: CheckpointFile,
    pub(crate) on_failure: OnFailure,
}

impl Committer {
    /// Works until no caller is left, then closes the store.
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
                self.gather(queue, pace.wanted());
                let group = queue.take_group();
                pace.took(group.len());
                let answers = self.commit(group)?;
                queue.answer(answers);
                self.note(&mut noted)?;
            }
            self.note(&mut noted)?;
        }
        Ok(())
    }

    /// Waits for a call, or until the checkpoint file is due; false: no caller is left.
    fn wait(&self, queue: &mut Queue, (at, generation): (Instant, u64)) -> bool {
        let call = if generation == self.shared.durable().head.generation {
            self.calls
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            self.calls
                .recv_timeout(CHECKPOINT_EVERY.saturating_sub(at.elapsed()))
        };
        match call {
            Ok(call) => queue.push(call),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        true
    }

    /// Takes in what has come, and waits a little where more is likely to.
    fn gather(&self, queue: &mut Queue, wanted: usize) {
        let begun = Instant::now();
        loop {
            while !queue.fills_a_group()
                && let Ok(call) = self.calls.try_recv()
            {
                queue.push(call);
            }
            if queue.changes() >= wanted || begun.elapsed() >= PATIENCE {
                return;
            }
            thread::sleep(LOOK);
        }
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
        let unavailable = StoreError::Unavailable(error.to_string());
        queue.fail(&unavailable);
        self.shared.set_closed(Err(error.clone()));
        (self.on_failure)(error);
        for call in self.calls {
            queue.push(call);
            queue.refuse(&unavailable);
        }
    }
}
