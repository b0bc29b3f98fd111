//! How a store is opened.

use std::path::PathBuf;

use crate::StoreError;
use crate::committer::OnFailure;

/// Where a store lies and what it may use.
pub struct Options {
    pub(crate) directory: PathBuf,
    pub(crate) checkpoint_file: PathBuf,
    pub(crate) cache: u64,
    pub(crate) reserve: u64,
    pub(crate) readers: usize,
    pub(crate) on_failure: OnFailure,
}

impl Options {
    /// The store in `directory`, whose checkpoint file lies elsewhere: 128 MiB of cache, 64 MiB of
    /// disk kept free, two threads that read.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, checkpoint_file: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            checkpoint_file: checkpoint_file.into(),
            cache: 128 * 1024 * 1024,
            reserve: 64 * 1024 * 1024,
            readers: 2,
            on_failure: Box::new(|_| {}),
        }
    }

    /// Bytes of memory for the database's cache.
    #[must_use]
    pub fn cache(mut self, bytes: u64) -> Self {
        self.cache = bytes;
        self
    }

    /// Bytes of the disk that are left free: with less, changes are refused as
    /// [`StoreError::Full`] before anything is written, and reads go on.
    #[must_use]
    pub fn reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    /// The number of threads that read.
    #[must_use]
    pub fn readers(mut self, threads: usize) -> Self {
        self.readers = threads;
        self
    }

    /// What to do when the store has stopped for good, as after a failed sync: the process has to
    /// end, and not with success. Called once, on the store's own thread.
    #[must_use]
    pub fn on_failure(mut self, call: impl FnOnce(&StoreError) + Send + 'static) -> Self {
        self.on_failure = Box::new(call);
        self
    }
}
