use std::sync::Arc;

use symbolon_store::conformance::{Memory, Subject, check_all};
use symbolon_store::{InstallationId, Store};

use crate::harness::Place;

struct InMemory(Memory);

impl Subject for InMemory {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.open())
    }
}

#[tokio::test]
async fn the_embedded_store_keeps_every_promise() {
    check_all(Place::with_store).await;
}

#[tokio::test]
async fn the_reference_keeps_every_promise() {
    check_all(|| InMemory(Memory::new(InstallationId::from_bytes([7; 32])))).await;
}
