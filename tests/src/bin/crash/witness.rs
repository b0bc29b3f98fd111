//! Somebody who remembers every checkpoint that the logs showed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use symbolon_api_closed::audit::{
    GetCheckpointRequest, GetLeavesRequest, audit_client::AuditClient,
};
use symbolon_ledger_log::LogReader;
use symbolon_tlog::{Frontier, Hash, SignedCheckpoint, leaf_hash};
use tokio::time::sleep;
use tonic::transport::Channel;

use crate::{
    book::{Book, Fault, Kind},
    world::World,
};

const INTERVAL: Duration = Duration::from_millis(100);
const PAGE: u32 = 1024;

/// Checkpoints by size, as they were shown.
#[derive(Default)]
pub(crate) struct Seen(Mutex<BTreeMap<u64, Hash>>);

impl Seen {
    /// Remembers a checkpoint; whether another one of this size was shown before.
    fn note(&self, text: &[u8]) -> bool {
        let Ok(signed) = SignedCheckpoint::parse(text) else {
            return false;
        };
        let (size, root) = (signed.checkpoint().size(), *signed.checkpoint().root());
        let mut seen = self.0.lock().unwrap();
        *seen.entry(size).or_insert(root) != root
    }

    /// Holds what was seen against all leaves.
    pub(crate) fn hold_against(&self, leaves: &[Vec<u8>], kind: Kind, book: &mut Book) {
        let mut tree = Frontier::new();
        let mut roots = BTreeMap::from([(0, tree.root())]);
        for leaf in leaves {
            tree.push(leaf_hash(leaf));
            roots.insert(tree.size(), tree.root());
        }
        for (size, root) in self.0.lock().unwrap().iter() {
            book.check(kind);
            match roots.get(size) {
                Some(found) if found == root => {}
                Some(_) => book.fault(kind, Fault::Lost, format!("{size} leaves were others")),
                None => book.fault(kind, Fault::Lost, format!("{size} leaves were there")),
            }
        }
    }
}

/// Watches the public log until the world ends.
pub(crate) async fn watch_ledger(world: Arc<World>, seen: Arc<Seen>) {
    let url = format!("{}/log/checkpoint", world.house.gateway_url());
    while !world.has_ended() {
        let url = url.clone();
        let read = tokio::task::spawn_blocking(move || fetch(&url))
            .await
            .unwrap();
        if read.is_some_and(|text| seen.note(&text)) {
            let mut book = world.book();
            book.fault(Kind::Ledger, Fault::Doubled, "two checkpoints of one size");
        }
        sleep(INTERVAL).await;
    }
}

fn fetch(url: &str) -> Option<Vec<u8>> {
    ureq::get(url).call().ok()?.body_mut().read_to_vec().ok()
}

/// Watches the vault's audit log until the world ends.
pub(crate) async fn watch_audit(world: Arc<World>, seen: Arc<Seen>) {
    let mut client = AuditClient::new(world.vault_channel("auditor-main"));
    while !world.has_ended() {
        if let Ok(answer) = client.get_checkpoint(GetCheckpointRequest {}).await
            && seen.note(answer.into_inner().note.as_bytes())
        {
            let mut book = world.book();
            book.fault(Kind::Audit, Fault::Doubled, "two checkpoints of one size");
        }
        sleep(INTERVAL).await;
    }
}

/// Every leaf of the vault's audit log.
pub(crate) async fn audit_leaves(channel: Channel) -> Vec<Vec<u8>> {
    let mut client = AuditClient::new(channel);
    let mut leaves = Vec::new();
    loop {
        let request = GetLeavesRequest {
            start: leaves.len() as u64,
            limit: PAGE,
        };
        let page = client.get_leaves(request).await.unwrap().into_inner();
        if page.leaves.is_empty() {
            return leaves;
        }
        leaves.extend(page.leaves);
    }
}

/// Every entry of the public log in a folder.
pub(crate) fn ledger_entries(folder: &str) -> Vec<Vec<u8>> {
    let reader = LogReader::folder(folder);
    let size = reader.checkpoint().unwrap().checkpoint().size();
    reader.entries(0, usize::MAX, size).unwrap()
}
