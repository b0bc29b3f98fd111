//! Sealed or unsealed: the keys in memory, and the one way to change the ring.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use symbolon_crypto::{SecretBytes, random};
use symbolon_election::{InstallationId, Nonce};
use symbolon_keyring::{
    Edit, KeyInfo, KeyState, PortalName, Purpose, Ring, RingFiles, RingSecretId, Sharing, WayId,
    keys::{AuditKey, ElectionKeys, IndexKey, PortalDomainKey, RecordPlace, SealingKey},
};
use tokio::sync::watch;

use crate::{Error, rewrap::Handing, unsealing::Given};

/// The keys of one revision of the ring, ready for use.
pub struct Keys {
    ring: Ring,
    index: Vec<IndexKey>,
    sealing: SealingKey,
    audit: AuditKey,
    next_audit: Option<AuditKey>,
    portals: HashMap<PortalName, PortalDomainKey>,
    elections: Mutex<HashMap<Nonce, Arc<ElectionKeys>>>,
}

impl Keys {
    /// Those of an open ring.
    pub(crate) fn of(ring: Ring) -> Self {
        let domains = ring
            .portals()
            .filter_map(|portal| ring.portal_domain(portal));
        Self {
            index: ring.live_index_keys(),
            sealing: ring.active_sealing_key(),
            audit: ring.active_audit_key(),
            next_audit: ring.pending_audit_key(),
            portals: domains
                .map(|domain| (domain.portal().clone(), domain))
                .collect(),
            elections: Mutex::default(),
            ring,
        }
    }

    /// Every key that the ring tells of, destroyed ones too.
    pub fn all(&self) -> impl Iterator<Item = &KeyInfo> {
        self.ring.keys()
    }

    /// The key of a purpose in a state that one of them is in at most: pending or active.
    pub fn info(&self, purpose: &Purpose, state: KeyState) -> Option<&KeyInfo> {
        self.all()
            .find(|key| key.state == state && key.purpose == *purpose)
    }

    /// Whose they are.
    pub(crate) fn installation(&self) -> InstallationId {
        self.ring.installation()
    }

    /// The way of unsealing in force.
    pub(crate) fn way(&self) -> WayId {
        self.ring.way()
    }

    /// The one that follows, while it waits for its proof.
    pub(crate) fn next_way(&self) -> Option<WayId> {
        self.ring.next_way()
    }

    /// Whether they were opened the way that followed, which the ring's file doesn't know yet.
    pub(crate) fn has_moved(&self) -> bool {
        self.ring.has_moved()
    }

    /// The ring's revision.
    pub fn revision(&self) -> u64 {
        self.ring.revision()
    }

    /// The name of the ring secret that the ring's file wants.
    pub fn ring_secret(&self) -> RingSecretId {
        self.ring.ring_secret_id()
    }

    /// Every index key that look-ups go over, the one that writes first.
    pub fn index(&self) -> &[IndexKey] {
        &self.index
    }

    /// The index key that writes.
    pub fn writing_index(&self) -> &IndexKey {
        self.index
            .first()
            .expect("every ring has an active index key")
    }

    /// The key that seals new records.
    pub fn sealing(&self) -> &SealingKey {
        &self.sealing
    }

    /// Opens a record under whichever live key sealed it.
    pub fn open_record(
        &self,
        place: &RecordPlace<'_>,
        sealed: &[u8],
    ) -> Result<SecretBytes, Error> {
        // Most were sealed under the key that seals now, which is ready for use.
        match SealingKey::key_of(sealed)? == self.sealing.id() {
            true => Ok(self.sealing.open_record(place, sealed)?),
            false => Ok(self.ring.open_record(place, sealed)?),
        }
    }

    /// The audit key.
    pub fn audit(&self) -> &AuditKey {
        &self.audit
    }

    /// The audit key that follows, while it waits.
    pub fn next_audit(&self) -> Option<&AuditKey> {
        self.next_audit.as_ref()
    }

    /// The key of a portal's domain.
    pub fn portal(&self, portal: &PortalName) -> Option<&PortalDomainKey> {
        self.portals.get(portal)
    }

    /// An election's keys; none once it is forgotten.
    pub fn election(&self, nonce: &Nonce) -> Option<Arc<ElectionKeys>> {
        let mut elections = self
            .elections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = elections.get(nonce) {
            return Some(Arc::clone(keys));
        }
        let keys = Arc::new(self.ring.election(nonce)?);
        elections.insert(*nonce, Arc::clone(&keys));
        Some(keys)
    }
}

/// Holds the keys while the vault is unsealed.
pub struct Seal {
    files: RingFiles,
    keys: watch::Sender<Option<Arc<Keys>>>,
    pub(crate) given: Given,
    /// Another way of unsealing that is being introduced.
    pub(crate) handing: Handing,
    /// The ring that is changed; held by one change at a time.
    editing: tokio::sync::Mutex<()>,
}

impl Seal {
    /// Sealed, over these files.
    pub fn new(files: RingFiles) -> Self {
        Self {
            files,
            keys: watch::Sender::new(None),
            given: Given::default(),
            handing: Handing::default(),
            editing: tokio::sync::Mutex::new(()),
        }
    }

    /// The keys, or [`Error::Sealed`].
    pub fn keys(&self) -> Result<Arc<Keys>, Error> {
        self.keys.borrow().clone().ok_or(Error::Sealed)
    }

    /// Waits until the keys of a revision, or newer ones, are in use; not while the vault is sealed.
    pub(crate) async fn reaches(&self, revision: u64) {
        let mut held = self.keys.subscribe();
        let there = |keys: &Option<Arc<Keys>>| match keys {
            Some(keys) => keys.revision() >= revision,
            None => true,
        };
        // It ends with the vault only.
        let _ = held.wait_for(there).await;
    }

    /// Whether the keys are not in memory.
    pub fn is_sealed(&self) -> bool {
        self.keys().is_err()
    }

    /// Where the ring lies.
    pub fn files(&self) -> &RingFiles {
        &self.files
    }

    /// Waits until nobody changes the ring, and keeps others from it until the guard is dropped.
    pub(crate) async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.editing.lock().await
    }

    /// How the ring is unsealed, in a word.
    pub async fn method(&self) -> Result<&'static str, Error> {
        let ring = self.with_files(RingFiles::read).await?;
        Ok(match (ring.sharing(), ring.token_key()) {
            (Some(_), _) => "shares",
            (None, Some(_)) => "token",
            (None, None) => "passphrase",
        })
    }

    /// Whose ring it is, and how its unsealed secret is shared; none if it is unsealed in another way.
    pub async fn sharing(&self) -> Result<(InstallationId, Option<Sharing>), Error> {
        let ring = self.with_files(RingFiles::read).await?;
        Ok((ring.installation(), ring.sharing()))
    }

    /// Whose ring it is, and how the unsealed secrets of its ways are shared: of the one in force and of the one that
    /// follows.
    pub(crate) async fn sharings(&self) -> Result<(InstallationId, Vec<Sharing>), Error> {
        let ring = self.with_files(RingFiles::read).await?;
        let both = [ring.sharing(), ring.next_sharing()];
        Ok((ring.installation(), both.into_iter().flatten().collect()))
    }

    /// Works on the ring's files off the caller's thread: an Argon2id takes long. What comes of an unsealing
    /// isn't kept until [`Seal::hold`].
    pub(crate) async fn with_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&RingFiles) -> Result<T, symbolon_keyring::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let files = self.files.clone();
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        Ok(done.map_err(|_| Error::Sealed)??)
    }

    /// Lets everybody use the ring's keys.
    pub fn hold(&self, ring: Ring) {
        self.replace(Some(Arc::new(Keys::of(ring))));
    }

    /// Forgets the keys; they are wiped when the last request that uses them ends.
    pub fn seal(&self) {
        self.handing.forget();
        self.replace(None);
    }

    /// Changes the ring: writes what `edit` makes of it, then hands the newer keys to `adopt`,
    /// and lets everybody use them once that has succeeded.
    ///
    /// If `adopt` fails the vault seals itself: ring and store are told apart at the next
    /// unsealing. A vault that was sealed meanwhile stays sealed. Must not be given up half
    /// way: the ring on disk would be newer than the one in use.
    pub async fn update<T, F, A>(
        &self,
        edit: impl FnOnce(&mut Edit) -> Result<T, symbolon_keyring::Error> + Send + 'static,
        adopt: A,
    ) -> Result<(Arc<Keys>, T), Error>
    where
        T: Send + 'static,
        A: FnOnce(Arc<Keys>) -> F,
        F: Future<Output = Result<(), Error>>,
    {
        let _one = self.editing.lock().await;
        let mut ring = self.keys()?.ring.share();
        let files = self.files.clone();
        let written = tokio::task::spawn_blocking(move || {
            let outcome = files.update(&mut ring, &mut random::os(), edit)?;
            Ok::<_, symbolon_keyring::Error>((ring, outcome))
        });
        let (ring, outcome) = written.await.map_err(|_| Error::Sealed)??;
        let keys = Arc::new(Keys::of(ring));
        if let Err(error) = adopt(Arc::clone(&keys)).await {
            self.seal();
            return Err(error);
        }
        self.renew(&keys)?;
        Ok((keys, outcome))
    }

    fn replace(&self, keys: Option<Arc<Keys>>) {
        self.keys.send_replace(keys);
    }

    /// Newer keys in place of those that are held; none if the vault was sealed meanwhile.
    fn renew(&self, keys: &Arc<Keys>) -> Result<(), Error> {
        let renewed = self.keys.send_if_modified(|held| match held {
            Some(held) => {
                *held = Arc::clone(keys);
                true
            }
            None => false,
        });
        match renewed {
            true => Ok(()),
            false => Err(Error::Sealed),
        }
    }
}
