//! What the committer and the readers of one store share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, TryLockError, Weak};

use tokio::sync::watch;

use crate::engine::Engine;
use crate::overlay::Overlay;
use crate::{Head, StoreError};

/// The open engine and what was applied to it, on disk or not yet.
///
/// Readers hold the lock shared while they read, the committer alone while it applies a batch: so
/// every read is of one moment.
pub(crate) struct Applied {
    /// The engine.
    pub(crate) engine: Box<dyn Engine>,
    /// Where the store stands with what was applied.
    pub(crate) head: Head,
    /// The last generation that removed a row: what a read can't see by a revision.
    pub(crate) last_removal: u64,
    /// The snapshots that still want to see the rows as they were.
    snapshots: Mutex<Vec<Weak<Overlay>>>,
}

impl Applied {
    pub(crate) fn new(engine: Box<dyn Engine>, head: Head) -> Self {
        Self {
            engine,
            head,
            last_removal: 0,
            snapshots: Mutex::default(),
        }
    }

    /// The snapshots that still live, the dead ones removed.
    pub(crate) fn snapshots(&self) -> MutexGuard<'_, Vec<Weak<Overlay>>> {
        let mut snapshots = self
            .snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        snapshots.retain(|snapshot| snapshot.strong_count() > 0);
        snapshots
    }
}

/// What is on disk, and whether the store still runs.
#[derive(Clone, Debug)]
pub(crate) struct Durable {
    /// Where the store stands on disk.
    pub(crate) head: Head,
    /// Why the store answers no more.
    pub(crate) stopped: Option<String>,
    /// How closing it went, once its files are free.
    pub(crate) closed: Option<Result<(), StoreError>>,
}

/// What the committer and the readers share.
pub(crate) struct Shared {
    applied: RwLock<Option<Applied>>,
    durable: watch::Sender<Durable>,
    /// The generation that is on disk, for those who need not wait.
    on_disk: AtomicU64,
}

impl Shared {
    pub(crate) fn new(engine: Box<dyn Engine>, head: Head) -> Self {
        let on_disk = AtomicU64::new(head.generation);
        let (durable, _) = watch::channel(Durable {
            head: head.clone(),
            stopped: None,
            closed: None,
        });
        Self {
            applied: RwLock::new(Some(Applied::new(engine, head))),
            durable,
            on_disk,
        }
    }

    /// Reads from the engine at one moment.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Applied) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let guard = self.applied.read().map_err(|_| self.unavailable())?;
        read(guard.as_ref().ok_or_else(|| self.unavailable())?)
    }

    /// The same, unless a batch is being applied at this moment: never waits.
    pub(crate) fn try_read<T>(
        &self,
        read: impl FnOnce(&Applied) -> Result<T, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        match self.applied.try_read() {
            Ok(guard) => Some(match guard.as_ref() {
                Some(applied) => read(applied),
                None => Err(self.unavailable()),
            }),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(_)) => Some(Err(self.unavailable())),
        }
    }

    /// Changes what is applied, with no reader in between.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&mut Applied) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut guard = self.applied.write().map_err(|_| self.unavailable())?;
        write(guard.as_mut().ok_or_else(|| self.unavailable())?)
    }

    /// Takes the engine out for good.
    pub(crate) fn take_engine(&self) -> Option<Box<dyn Engine>> {
        let mut guard = self.applied.write().unwrap_or_else(PoisonError::into_inner);
        guard.take().map(|applied| applied.engine)
    }

    /// What is on disk.
    pub(crate) fn durable(&self) -> Durable {
        self.durable.borrow().clone()
    }

    /// Tells everybody what is on disk now.
    pub(crate) fn set_durable(&self, head: Head) {
        self.on_disk.store(head.generation, Ordering::Release);
        self.durable.send_modify(|durable| durable.head = head);
    }

    /// Answers nobody any more.
    pub(crate) fn stop(&self, reason: &str) {
        self.durable.send_modify(|durable| {
            durable.stopped.get_or_insert_with(|| reason.to_owned());
        });
    }

    /// Tells that the files are free.
    pub(crate) fn set_closed(&self, how: Result<(), StoreError>) {
        self.durable
            .send_modify(|durable| durable.closed = Some(how));
    }

    /// Fails once the store has stopped.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &self.durable.borrow().stopped {
            Some(reason) => Err(StoreError::Unavailable(reason.clone())),
            None => Ok(()),
        }
    }

    /// Waits until generation `generation` is on disk.
    pub(crate) async fn until_durable(&self, generation: u64) -> Result<(), StoreError> {
        if self.on_disk.load(Ordering::Acquire) >= generation {
            return Ok(());
        }
        let mut durable = self.durable.subscribe();
        let seen = durable
            .wait_for(|durable| durable.head.generation >= generation || durable.stopped.is_some())
            .await
            .map_err(|_| StoreError::Indeterminate)?;
        match &seen.stopped {
            Some(reason) if seen.head.generation < generation => {
                Err(StoreError::Unavailable(reason.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Waits until the files are free.
    pub(crate) async fn until_closed(&self) -> Result<(), StoreError> {
        let mut durable = self.durable.subscribe();
        let seen = durable.wait_for(|durable| durable.closed.is_some()).await;
        let seen = seen.map_err(|_| StoreError::Indeterminate)?;
        seen.closed
            .clone()
            .unwrap_or(Err(StoreError::Indeterminate))
    }

    fn unavailable(&self) -> StoreError {
        match self.check() {
            Err(error) => error,
            Ok(()) => StoreError::Unavailable("it stopped unexpectedly".into()),
        }
    }
}
