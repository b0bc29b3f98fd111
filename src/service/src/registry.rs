//! Live connections: who they are, and the handles that close them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rustls_pki_types::CertificateDer;
use tokio_util::sync::CancellationToken;

use crate::{Serial, peer::Peer, roles::Role, serial::Revoked};

/// One live connection, as others see it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its number, never given twice in one process.
    pub id: u64,
    /// Who is at the other end.
    pub peer: Arc<Peer>,
}

struct Entry {
    peer: Arc<Peer>,
    listener: usize,
    chain: Arc<[CertificateDer<'static>]>,
    close: CancellationToken,
    drain: CancellationToken,
}

/// The live connections of a server, and the certificates that get none.
#[derive(Default)]
pub struct Registry {
    next: AtomicU64,
    revoked: Arc<Revoked>,
    entries: Mutex<HashMap<u64, Entry>>,
}

impl Registry {
    /// The live connections.
    pub fn connections(&self) -> Vec<Connection> {
        let entries = self.lock();
        let connections = entries.iter().map(|(id, entry)| Connection {
            id: *id,
            peer: entry.peer.clone(),
        });
        connections.collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes no certificate of this serial number from now on, and cuts off the connections
    /// that have one: nothing more is read from them. Returns how many there were.
    pub fn revoke(&self, serial: &Serial) -> usize {
        // First the number: whoever registers afterwards finds it there.
        self.revoked.insert(serial.clone());
        self.close_where(|entry| entry.peer.role() != Role::Public && entry.peer.serial() == serial)
    }

    /// Takes certificates of this serial number again.
    pub fn restore(&self, serial: &Serial) {
        self.revoked.remove(serial);
    }

    /// The serial numbers that no handshake takes.
    pub(crate) fn revoked(&self) -> &Arc<Revoked> {
        &self.revoked
    }

    /// Cuts off every connection of this role and name. Returns how many there were.
    pub fn close_peer(&self, role: Role, name: &str) -> usize {
        self.close_where(|entry| entry.peer.role() == role && entry.peer.name().as_str() == name)
    }

    /// Asks every connection to go once its calls have ended.
    pub fn drain_all(&self) {
        for entry in self.lock().values() {
            entry.drain.cancel();
        }
    }

    /// Cuts off the connections of a listener whose certificate chain isn't good any
    /// more. Chains are judged without the lock.
    pub(crate) fn close_unless(
        &self,
        listener: usize,
        good: impl Fn(&[CertificateDer<'static>]) -> bool,
    ) -> usize {
        let chains: Vec<_> = self
            .lock()
            .values()
            .filter(|entry| entry.listener == listener)
            .map(|entry| (entry.chain.clone(), entry.close.clone()))
            .collect();
        let bad = chains.iter().filter(|(chain, _)| !good(chain));
        bad.map(|(_, close)| close.cancel()).count()
    }

    /// Registers a connection until the ticket is dropped.
    pub(crate) fn register(
        self: &Arc<Self>,
        listener: usize,
        peer: Arc<Peer>,
        chain: Arc<[CertificateDer<'static>]>,
    ) -> Ticket {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let close = CancellationToken::new();
        let drain = CancellationToken::new();
        let entry = Entry {
            peer: peer.clone(),
            listener,
            chain,
            close: close.clone(),
            drain: drain.clone(),
        };
        self.lock().insert(id, entry);
        // Between the handshake and now it may have been revoked.
        if peer.role() != Role::Public && self.revoked.holds(peer.serial()) {
            close.cancel();
        }
        Ticket {
            registry: self.clone(),
            id,
            close,
            drain,
        }
    }

    fn close_where(&self, matches: impl Fn(&Entry) -> bool) -> usize {
        let entries = self.lock();
        let closed = entries.values().filter(|entry| matches(entry));
        closed.map(|entry| entry.close.cancel()).count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the registry.
pub(crate) struct Ticket {
    registry: Arc<Registry>,
    id: u64,
    /// Cut off now.
    pub(crate) close: CancellationToken,
    /// Go when the calls under way have ended.
    pub(crate) drain: CancellationToken,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(registry: &Arc<Registry>, listener: usize) -> Ticket {
        registry.register(listener, Arc::new(Peer::public()), Arc::from(Vec::new()))
    }

    #[test]
    fn a_connection_is_listed_until_it_ends() {
        let registry = Arc::new(Registry::default());
        let first = register(&registry, 0);
        let second = register(&registry, 0);
        assert_eq!(registry.len(), 2);
        drop(first);
        assert_eq!(registry.connections()[0].id, second.id);
        drop(second);
        assert!(registry.is_empty());
    }

    #[test]
    fn only_the_listener_s_bad_chains_are_closed() {
        let registry = Arc::new(Registry::default());
        let first = register(&registry, 0);
        let second = register(&registry, 1);
        assert_eq!(registry.close_unless(0, |_| true), 0);
        assert_eq!(registry.close_unless(1, |_| false), 1);
        assert!(second.close.is_cancelled() && !first.close.is_cancelled());
    }

    #[test]
    fn the_public_has_no_serial() {
        let registry = Arc::new(Registry::default());
        let ticket = register(&registry, 0);
        assert_eq!(registry.revoke(&Serial::new(&[])), 0);
        assert!(!register(&registry, 0).close.is_cancelled());
        assert_eq!(registry.close_peer(Role::Public, "public"), 1);
        assert!(ticket.close.is_cancelled());
    }
}
