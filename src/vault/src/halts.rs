//! What any one officer stops at once: an election's issuance, a portal, a certificate. Only a
//! proposal lets it go on.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use symbolon_election::ElectionId;
use symbolon_keyring::PortalName;
use symbolon_service::{Refusal, Serial, reasons::Reason};
use symbolon_store::{Change, Key, Store};

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    rows::{Table, encode},
    sweep::pages,
};

/// What stands still.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Halt {
    /// The issuance of an election's tokens.
    Issuance([u8; 32]),
    /// A portal, by the name in its certificate.
    Portal(String),
    /// Every certificate of this serial number.
    Certificate(Vec<u8>),
}

/// A halt's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct HaltRow {
    halt: Halt,
    /// Unix seconds.
    since: u64,
}

impl Halt {
    /// Of an election's issuance.
    pub fn issuance(election: &ElectionId) -> Self {
        Self::Issuance(*election.as_bytes())
    }

    /// Of a portal.
    pub fn portal(portal: &PortalName) -> Self {
        Self::Portal(portal.to_string())
    }

    /// Of the certificates of a serial number.
    pub fn certificate(serial: &Serial) -> Self {
        Self::Certificate(serial.as_bytes().to_vec())
    }

    /// Where it stands.
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Issuance(election) => Table::Halt.key(&[b"issuance", election]),
            Self::Portal(name) => Table::Halt.key(&[b"portal", name.as_bytes()]),
            Self::Certificate(serial) => Table::Halt.key(&[b"certificate", serial]),
        }
    }

    /// Its row since a time, and where that stands.
    pub(crate) fn row(self, since: u64) -> (Key, Vec<u8>) {
        (self.key(), encode(&HaltRow { halt: self, since }))
    }
}

/// The halts in force, with the time since which they are.
pub(crate) struct Halts(RwLock<BTreeMap<Halt, u64>>);

impl Halts {
    /// Those of the store.
    pub(crate) async fn load(store: &Arc<dyn Store>) -> Result<Self, Error> {
        let rows: Vec<_> = pages(store, &Table::Halt.prefix()).try_concat().await?;
        let halts = rows.iter().map(|row| {
            let HaltRow { halt, since } = Table::Halt.decode(&row.value.bytes)?;
            Ok((halt, since))
        });
        Ok(Self(RwLock::new(halts.collect::<Result<_, Error>>()?)))
    }

    pub(crate) fn holds(&self, halt: &Halt) -> bool {
        let halts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        halts.contains_key(halt)
    }

    fn end(&self, halt: &Halt) {
        let mut halts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        halts.remove(halt);
    }

    fn begin(&self, halt: &Halt, since: u64) {
        let mut halts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        halts.entry(halt.clone()).or_insert(since);
    }

    /// The serial numbers that are revoked.
    pub(crate) fn serials(&self) -> Vec<Serial> {
        let halts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let serials = halts.keys().filter_map(|halt| match halt {
            Halt::Certificate(serial) => Some(Serial::new(serial)),
            Halt::Issuance(_) | Halt::Portal(_) => None,
        });
        serials.collect()
    }

    fn all(&self) -> Vec<(Halt, u64)> {
        let halts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        halts
            .iter()
            .map(|(halt, since)| (halt.clone(), *since))
            .collect()
    }
}

impl Core {
    /// Stops the issuance of an election's tokens.
    pub async fn stop_issuance(&self, caller: &Caller, id: &ElectionId) -> Result<(), Error> {
        retried(|| async {
            let keys = self.keys()?;
            let election = self.public_election(id).await?;
            let subject = election.subject(&keys);
            // Written anew as it is: an issuance that was under way finds another revision.
            let change = Change::new()
                .at(election.key(), election.revision)
                .put(election.key(), encode(&election.row));
            let leaf = Leaf::new(self.now(), caller, "StopIssuance", "stopped").about(subject);
            self.halt(Halt::issuance(id), change.audit(leaf.encode()))
                .await
        })
        .await
    }

    /// Refuses a portal's calls.
    pub async fn suspend_portal(&self, caller: &Caller, portal: &PortalName) -> Result<(), Error> {
        self.known_portal(portal)?;
        let subject = self
            .keys()?
            .audit()
            .subject("portal", portal.as_str().as_bytes());
        let leaf = Leaf::new(self.now(), caller, "SuspendPortal", "suspended").about(subject);
        self.halt(Halt::portal(portal), Change::new().audit(leaf.encode()))
            .await
    }

    /// Takes no certificate of this serial number any more, and cuts off who has one.
    pub async fn revoke_certificate(&self, caller: &Caller, serial: &Serial) -> Result<(), Error> {
        let subject = self
            .keys()?
            .audit()
            .subject("certificate", serial.as_bytes());
        let leaf = Leaf::new(self.now(), caller, "RevokeCertificate", "revoked").about(subject);
        let change = Change::new().audit(leaf.encode());
        self.halt(Halt::certificate(serial), change).await
    }

    /// What stands still, and since when.
    pub fn halts(&self) -> Vec<(Halt, u64)> {
        self.halts.all()
    }

    /// [`Reason::PortalSuspended`] for a portal that is.
    pub(crate) fn check_portal(&self, portal: &PortalName) -> Result<(), Error> {
        match self.halts.holds(&Halt::portal(portal)) {
            true => Err(Reason::PortalSuspended.into()),
            false => Ok(()),
        }
    }

    /// A portal of the configuration.
    pub(crate) fn known_portal(&self, portal: &PortalName) -> Result<(), Error> {
        match self.budgets.portals().any(|known| known == portal) {
            true => Ok(()),
            false => Err(Refusal::new(Reason::NotFound).at("portal").into()),
        }
    }

    /// Stands still before it is written: a disk that doesn't answer keeps nothing going.
    async fn halt(&self, halt: Halt, change: Change) -> Result<(), Error> {
        let since = self.now();
        self.stand_still(&halt, since);
        let _alone = self.deciding.lock().await;
        // A proposal that let it go on may have come between.
        self.stand_still(&halt, since);
        let (key, row) = halt.row(since);
        self.try_commit(change.put(key, row))
            .await?
            .ok_or(Error::Contention)
    }

    fn stand_still(&self, halt: &Halt, since: u64) {
        self.halts.begin(halt, since);
        if let Halt::Certificate(serial) = halt {
            self.registry.revoke(&Serial::new(serial));
        }
    }

    /// Lets it go on in memory, once it does on disk.
    pub(crate) fn go_on(&self, halt: &Halt) {
        self.halts.end(halt);
        if let Halt::Certificate(serial) = halt {
            self.registry.restore(&Serial::new(serial));
        }
    }
}
