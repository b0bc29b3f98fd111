//! A store in a directory of its own.

use std::path::PathBuf;
use std::sync::Arc;

use symbolon_store::conformance::Subject;
use symbolon_store::{InstallationId, LocalStore, Options, Store, StoreError};

/// A directory with a store and, beside it, the checkpoint file.
pub(crate) struct Place(pub(crate) tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A place with a store in it.
    pub(crate) fn with_store() -> Self {
        let place = Self::new();
        drop(place.create().unwrap());
        place
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.0.path().join("store")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.0.path().join("checkpoint")
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.directory(), self.checkpoint()).reserve(0)
    }

    pub(crate) fn create(&self) -> Result<LocalStore, StoreError> {
        LocalStore::create(self.options(), InstallationId::from_bytes([7; 32]))
    }

    pub(crate) fn open_local(&self) -> Result<LocalStore, StoreError> {
        LocalStore::open(self.options())
    }
}

impl Subject for Place {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.open_local().unwrap())
    }
}
