//! A store in this process: an engine, one committer, a few readers.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{Semaphore, oneshot};

use crate::audit_tree::AuditTree;
use crate::checkpoint::CheckpointFile;
use crate::committer::{Committer, OnFailure};
use crate::directory::{Directory, finish};
use crate::engine::{Batch, Engine};
use crate::inbox::Inbox;
use crate::layout::HEAD;
use crate::pool::Pool;
use crate::queue::{Answer, Call};
use crate::reader::Reader;
use crate::shared::Shared;
use crate::sled_engine::SledEngine;
use crate::{Change, Head, InstallationId, Options, StoreError};

/// The most changes that may wait for the committer; a longer call counts as this many.
const QUEUE: u32 = 1024;

/// The embedded store. Dropping it closes it, and waits for that.
pub struct LocalStore {
    pub(crate) reader: Reader,
    places: Arc<Semaphore>,
    inbox: Arc<Inbox>,
    committer: Option<JoinHandle<()>>,
}

impl LocalStore {
    /// Makes a new store and its checkpoint file; nothing may be there yet.
    ///
    /// # Errors
    /// The directory isn't empty, the checkpoint file exists or lies inside, or a file can't be
    /// written.
    pub fn create(options: Options, installation: InstallationId) -> Result<Self, StoreError> {
        let directory = Directory::create(&options.directory)?;
        let checkpoint = CheckpointFile::new(&options.checkpoint_file, &options.directory)?;
        checkpoint.check_absent()?;
        let head = Head::new(installation);
        let engine = SledEngine::open(directory, options.cache, options.reserve)?;
        engine.apply(Batch::from([(HEAD.to_vec(), Some(head.encode()))]))?;
        engine.sync()?;
        checkpoint.write(&head)?;
        finish(&options.directory, installation)?;
        Self::start(
            Box::new(engine),
            head,
            checkpoint,
            options.readers,
            options.on_failure,
        )
    }

    /// Opens a store.
    ///
    /// # Errors
    /// There is none, another process has it open, a newer version wrote it, it is damaged or older
    /// than its checkpoint file, or that file is missing.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let (directory, installation) = Directory::open(&options.directory)?;
        let checkpoint = CheckpointFile::new(&options.checkpoint_file, &options.directory)?;
        checkpoint.read()?;
        let engine = SledEngine::open(directory, options.cache, options.reserve)?;
        let head = engine.get(HEAD)?;
        let head = head.ok_or_else(|| StoreError::Corrupt("it has no head".into()))?;
        let head = Head::decode(&head)?;
        if head.installation() != installation {
            return Err(StoreError::Corrupt(
                "its head names another installation".into(),
            ));
        }
        checkpoint.check(&head, |size| AuditTree(&engine).root_at(size))?;
        Self::start(
            Box::new(engine),
            head,
            checkpoint,
            options.readers,
            options.on_failure,
        )
    }

    pub(crate) fn start(
        engine: Box<dyn Engine>,
        head: Head,
        checkpoint: CheckpointFile,
        readers: usize,
        on_failure: OnFailure,
    ) -> Result<Self, StoreError> {
        let no_thread = |error: std::io::Error| StoreError::Unavailable(error.to_string());
        let shared = Arc::new(Shared::new(engine, head));
        let pool = Pool::new(readers).map_err(no_thread)?;
        let inbox = Arc::new(Inbox::new());
        let committer = Committer {
            shared: Arc::clone(&shared),
            inbox: Arc::clone(&inbox),
            checkpoint,
            on_failure,
        };
        let committer = thread::Builder::new()
            .name("store-commit".into())
            .spawn(move || committer.run())
            .map_err(no_thread)?;
        Ok(Self {
            reader: Reader { shared, pool },
            places: Arc::new(Semaphore::new(QUEUE as usize)),
            inbox,
            committer: Some(committer),
        })
    }

    pub(crate) async fn submit(&self, changes: Vec<Change>) -> Vec<Answer> {
        let count = changes.len();
        if changes.is_empty() {
            return Vec::new();
        }
        match self.enqueue(changes).await {
            Ok(answers) => answers
                .await
                .unwrap_or_else(|_| vec![Err(StoreError::Indeterminate); count]),
            Err(error) => vec![Err(error); count],
        }
    }

    async fn enqueue(
        &self,
        changes: Vec<Change>,
    ) -> Result<oneshot::Receiver<Vec<Answer>>, StoreError> {
        let places = u32::try_from(changes.len()).unwrap_or(QUEUE).min(QUEUE);
        let closed = || StoreError::Unavailable("it was closed".into());
        let place = Arc::clone(&self.places).acquire_many_owned(places).await;
        let place = place.map_err(|_| closed())?;
        self.reader.shared.check()?;
        let (reply, answers) = oneshot::channel();
        let left = self.inbox.leave(Call::new(changes, reply, place));
        left.map_err(|_| self.reader.shared.check().err().unwrap_or_else(closed))?;
        Ok(answers)
    }

    /// Lets the committer end once it has done what was taken in.
    pub(crate) fn hang_up(&self) {
        self.places.close();
        self.inbox.close();
    }
}

impl Drop for LocalStore {
    fn drop(&mut self) {
        self.hang_up();
        if let Some(committer) = self.committer.take() {
            // It catches its own panics.
            let _ = committer.join();
        }
    }
}
