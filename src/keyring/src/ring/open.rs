//! An open ring, and the keys that it gives.

use std::{path::Path, sync::Arc};

use symbolon_crypto::{
    Secret, SecretBytes, SecretString,
    password::Costs,
    random::{self, CryptoRng},
};
use symbolon_election::{InstallationId, Nonce};

use super::{
    Edit, MadeWay, NewWay, RingSecret, RingSecretId, Share, WayId,
    format::{Body, Header, Next, Unsealing, Wrapped},
    sealed,
};
use crate::{
    Error, KeyId, KeyInfo, KeyState, PortalName, Purpose, TokenKey,
    key::RingKey,
    keys::{AuditKey, ElectionKeys, IndexKey, PortalDomainKey, RecordPlace, SealingKey},
};

/// An unsealed ring. Dropping it wipes every key.
pub struct Ring {
    pub(super) header: Header,
    pub(super) unsealed: Arc<Secret<32>>,
    /// The unsealed secret of the way that follows, if one does.
    pub(super) next: Option<Arc<Secret<32>>>,
    /// Whether it was opened the way that followed, which is in force here and not yet on disk.
    pub(super) moved: bool,
    pub(super) root: Arc<Secret<32>>,
    /// In strict order of purpose and epoch.
    pub(super) keys: Vec<RingKey>,
}

impl Ring {
    /// A new installation's ring, with its ring secret, and active index, sealing and audit keys.
    pub fn create(
        passphrase: &SecretString,
        costs: Costs,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, RingSecret), Error> {
        let way = NewWay::Passphrase { passphrase, costs };
        let (ring, secret, _) = Self::born(way, now, rng)?;
        Ok((ring, secret))
    }

    /// The same, unsealed by any `threshold` of `shares` that are made here and kept nowhere.
    pub fn create_shared(
        threshold: u8,
        shares: u8,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, RingSecret, Vec<Share>), Error> {
        Self::born(NewWay::Shares { threshold, shares }, now, rng)
    }

    /// The same, unsealed by a PKCS#11 token with its PIN; the token makes the key.
    pub fn create_in_token(
        module: &Path,
        place: TokenKey,
        pin: &SecretString,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, RingSecret), Error> {
        let way = NewWay::Token { module, place, pin };
        let (ring, secret, _) = Self::born(way, now, rng)?;
        Ok((ring, secret))
    }

    fn born(
        way: NewWay<'_>,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, RingSecret, Vec<Share>), Error> {
        let secret = RingSecret::random(rng);
        let installation = InstallationId::new(random::bytes(rng));
        let mut way = MadeWay::new(installation, way, rng)?;
        let shares = way.take_shares();
        let header = Header {
            installation,
            revision: 0,
            ring_secret: secret.id(),
            unsealing: way.unsealing,
            next: None,
        };
        let empty = Self {
            header,
            unsealed: Arc::new(way.unsealed),
            next: None,
            moved: false,
            root: Arc::new(Secret::random(rng)),
            keys: Vec::new(),
        };
        let mut edit = Edit::of(&empty);
        for purpose in [Purpose::Index, Purpose::Sealing, Purpose::Audit] {
            edit.mint(purpose, now, rng)?;
        }
        Ok((edit.finish()?.ring, secret, shares))
    }

    /// A second holder of the same keys; the values themselves are shared.
    pub fn share(&self) -> Self {
        Self {
            header: self.header.clone(),
            unsealed: Arc::clone(&self.unsealed),
            next: self.next.clone(),
            moved: self.moved,
            root: Arc::clone(&self.root),
            keys: self.keys.clone(),
        }
    }

    /// Takes a new root key, and names a new ring secret.
    pub(crate) fn rekey(&mut self, secret: &RingSecret, rng: &mut impl CryptoRng) {
        self.root = Arc::new(Secret::random(rng));
        self.header.ring_secret = secret.id();
    }

    /// The ring file's bytes.
    pub(crate) fn encode(&self, secret: &RingSecret, rng: &mut impl CryptoRng) -> Vec<u8> {
        debug_assert!(secret.id() == self.header.ring_secret);
        let wrapping = sealed::wrapping_key(&self.root);
        let keys = self.keys.iter().map(|key| {
            let binding = sealed::key_binding(self.header.installation, &key.info);
            let wrapped = key
                .value
                .as_ref()
                .map(|value| wrap(&wrapping, &binding, value, rng));
            (key.info.clone(), wrapped)
        });
        let keys = keys.collect();
        let mut root_under = |unsealed: &Secret<32>, unsealing: &Unsealing| {
            let ring_key = self.header.ring_key(unsealed, secret);
            let binding = self.header.root_binding(unsealing);
            wrap(&ring_key, &binding, &self.root, rng)
        };
        let root = root_under(&self.unsealed, &self.header.unsealing);
        let ways = self.header.next.as_ref().zip(self.next.as_ref());
        let next = ways.map(|(unsealing, unsealed)| (root_under(unsealed, unsealing), unsealed));
        let next = next.map(|(root, unsealed)| Next {
            root,
            unsealed: wrap(&wrapping, &self.header.next_binding(), unsealed, rng),
        });
        let mut bytes = Body {
            header: self.header.clone(),
            root,
            next,
            keys,
        }
        .encode();
        // The HMAC authenticates the file; it is public by nature.
        let seal = sealed::seal(&self.root, &bytes).declassify();
        bytes.extend(seal);
        bytes
    }

    /// The installation's ID.
    pub fn installation(&self) -> InstallationId {
        self.header.installation
    }

    /// Counts the ring's changes.
    pub fn revision(&self) -> u64 {
        self.header.revision
    }

    /// The ring secret that the ring's file wants.
    pub fn ring_secret_id(&self) -> RingSecretId {
        self.header.ring_secret
    }

    /// The way in force.
    pub fn way(&self) -> WayId {
        self.header.unsealing.id()
    }

    /// The way that follows the one in force, if one waits for its proof.
    pub fn next_way(&self) -> Option<WayId> {
        self.header.next.as_ref().map(Unsealing::id)
    }

    /// Whether it was opened the way that followed: the next change makes that the only one.
    pub fn has_moved(&self) -> bool {
        self.moved
    }

    /// The keys that there are and were.
    pub fn keys(&self) -> impl Iterator<Item = &KeyInfo> {
        self.keys.iter().map(|key| &key.info)
    }

    /// The index key that writes.
    pub fn active_index_key(&self) -> IndexKey {
        self.permanent(&Purpose::Index, IndexKey::new)
    }

    /// Every index key that look-ups go over, the one that writes first.
    pub fn live_index_keys(&self) -> Vec<IndexKey> {
        let mut keys: Vec<_> = self.live(&Purpose::Index).collect();
        keys.sort_by_key(|(info, _)| info.state != KeyState::Active);
        keys.into_iter()
            .map(|(info, value)| IndexKey::new(info, value))
            .collect()
    }

    /// The sealing key that writes.
    pub fn active_sealing_key(&self) -> SealingKey {
        self.permanent(&Purpose::Sealing, SealingKey::new)
    }

    /// Opens a record under whichever live sealing key sealed it.
    pub fn open_record(
        &self,
        place: &RecordPlace<'_>,
        sealed: &[u8],
    ) -> Result<SecretBytes, Error> {
        let id = SealingKey::key_of(sealed)?;
        let mut keys = self.live(&Purpose::Sealing);
        let (info, value) = keys
            .find(|(info, _)| info.id == id)
            .ok_or(Error::UnknownSealingKey(id))?;
        SealingKey::new(info, value).open_record(place, sealed)
    }

    /// The audit key that signs.
    pub fn active_audit_key(&self) -> AuditKey {
        self.permanent(&Purpose::Audit, AuditKey::new)
    }

    /// The audit key that waits to sign.
    pub fn pending_audit_key(&self) -> Option<AuditKey> {
        let mut keys = self.live(&Purpose::Audit);
        let (info, value) = keys.find(|(info, _)| info.state == KeyState::Pending)?;
        Some(AuditKey::new(info, value))
    }

    /// The key of a portal's domain, if the portal has one.
    pub fn portal_domain(&self, portal: &PortalName) -> Option<PortalDomainKey> {
        let (_, value) = self.active(&Purpose::PortalDomain(portal.clone()))?;
        Some(PortalDomainKey::new(portal.clone(), value))
    }

    /// The portals that have a domain.
    pub fn portals(&self) -> impl Iterator<Item = &PortalName> {
        self.keys()
            .filter(|key| key.state == KeyState::Active)
            .filter_map(|key| match &key.purpose {
                Purpose::PortalDomain(portal) => Some(portal),
                _ => None,
            })
    }

    /// An election's keys, by its manifest's nonce; none if it was never drafted here, or is forgotten.
    pub fn election(&self, nonce: &Nonce) -> Option<ElectionKeys> {
        let domain = self.active(&Purpose::ElectionDomain(*nonce))?;
        let token = Purpose::ElectionToken(*nonce);
        self.active(&token)?;
        let (_, request) = self.active(&Purpose::ElectionRequest(*nonce))?;
        Some(ElectionKeys::new(domain, self.live(&token), request))
    }

    /// A key's entry by its ID.
    pub fn key(&self, id: KeyId) -> Option<&KeyInfo> {
        self.keys().find(|key| key.id == id)
    }

    /// A live key's value, for tests that look for it where it must not be.
    #[cfg(feature = "expose")]
    pub fn expose(&self, id: KeyId) -> Option<&Secret<32>> {
        let mut keys = self.keys.iter();
        keys.find(|key| key.info.id == id)?.value.as_deref()
    }

    fn permanent<K>(&self, purpose: &Purpose, key: impl Fn(&KeyInfo, &Secret<32>) -> K) -> K {
        let (info, value) = self
            .active(purpose)
            .expect("every ring has an active key of this purpose");
        key(info, value)
    }

    fn active(&self, purpose: &Purpose) -> Option<(&KeyInfo, &Secret<32>)> {
        self.live(purpose)
            .find(|(info, _)| info.state == KeyState::Active)
    }

    fn live(&self, purpose: &Purpose) -> impl Iterator<Item = (&KeyInfo, &Secret<32>)> {
        let start = self.keys.partition_point(|key| key.info.purpose < *purpose);
        let same = self.keys[start..]
            .iter()
            .take_while(move |key| key.info.purpose == *purpose);
        same.filter_map(|key| Some((&key.info, key.value.as_deref()?)))
    }
}

fn wrap(
    key: &symbolon_crypto::aead::AeadKey,
    binding: &[u8],
    value: &Secret<32>,
    rng: &mut impl CryptoRng,
) -> Wrapped {
    key.seal(binding, value.expose(), rng)
        .try_into()
        .expect("32 bytes and what sealing adds")
}
