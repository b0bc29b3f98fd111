//! The ring as it lies on disk.

use std::{path::Path, sync::Arc};

use symbolon_crypto::{
    Secret,
    aead::AeadKey,
    digest::sha256,
    kdf, keyfile, labels,
    mac::{MacKey, Tag},
    password::Hasher,
    sharing,
};
use symbolon_election::InstallationId;

use super::{
    Ring, RingSecret, RingSecretId, Share, Sharing, Unlock, WayId,
    format::{Body, Header, MAX_FILE, Unsealing, Wrapped},
};
use crate::{Error, KeyInfo, TokenError, TokenKey, key::RingKey, token::Token};

/// A ring that nobody opened: what there is can be seen, and nothing of it can be used.
pub struct SealedRing {
    body: Body,
    encoded: Vec<u8>,
    seal: [u8; 32],
}

impl SealedRing {
    /// Reads a ring file that only its owner may read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::from_bytes(keyfile::read_bytes(path, MAX_FILE)?.expose())
    }

    /// Parses a ring file's bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (encoded, seal) = bytes.split_last_chunk::<32>().ok_or(Error::NotARing)?;
        Ok(Self {
            body: Body::parse(encoded)?,
            encoded: encoded.to_vec(),
            seal: *seal,
        })
    }

    /// The installation's ID, made at its birth. Unproven until the ring is unsealed, like all that is here.
    pub fn installation(&self) -> InstallationId {
        self.body.header.installation
    }

    /// Counts the ring's changes.
    pub fn revision(&self) -> u64 {
        self.body.header.revision
    }

    /// Which ring secret it wants.
    pub fn ring_secret_id(&self) -> RingSecretId {
        self.body.header.ring_secret
    }

    /// The keys that there are.
    pub fn keys(&self) -> impl Iterator<Item = &KeyInfo> {
        self.body.keys.iter().map(|(info, _)| info)
    }

    /// How its unsealed secret is shared; none if it is unsealed in another way.
    pub fn sharing(&self) -> Option<Sharing> {
        self.body.header.unsealing.sharing()
    }

    /// The same of the way that follows.
    pub fn next_sharing(&self) -> Option<Sharing> {
        self.body.header.next.as_ref()?.sharing()
    }

    /// The PKCS#11 key that decrypts its unsealed secret, if that is how it is unsealed.
    pub fn token_key(&self) -> Option<&TokenKey> {
        match &self.body.header.unsealing {
            Unsealing::Token { place, .. } => Some(place),
            Unsealing::Passphrase { .. } | Unsealing::Shares(_) => None,
        }
    }

    /// The way in force.
    pub fn way(&self) -> WayId {
        self.body.header.unsealing.id()
    }

    /// The way that follows it, if one waits for its proof.
    pub fn next_way(&self) -> Option<WayId> {
        self.body.header.next.as_ref().map(Unsealing::id)
    }

    /// Opens the ring the way in force, or else the way that follows. With a passphrase it takes as long as one
    /// Argon2id; where two ways take words, each is tried once.
    pub fn unseal<'a>(
        &self,
        with: impl Into<Unlock<'a>>,
        secret: &RingSecret,
    ) -> Result<Ring, Error> {
        let with = with.into();
        let header = &self.body.header;
        let current = self.open(&header.unsealing, &self.body.root, with, secret);
        match (current, &header.next) {
            (Err(first), Some(_)) => self.unseal_next(with, secret).map_err(|next| match first {
                Error::OtherUnsealing => next,
                first => first,
            }),
            (current, _) => current,
        }
    }

    /// Opens the ring the way that follows, which is in force in what it gives.
    pub fn unseal_next<'a>(
        &self,
        with: impl Into<Unlock<'a>>,
        secret: &RingSecret,
    ) -> Result<Ring, Error> {
        let ways = self.body.header.next.as_ref().zip(self.body.next.as_ref());
        let (unsealing, next) = ways.ok_or(Error::NoSuchWay)?;
        let mut ring = self.open(unsealing, &next.root, with.into(), secret)?;
        ring.header.unsealing = unsealing.clone();
        ring.header.next = None;
        ring.next = None;
        ring.moved = true;
        Ok(ring)
    }

    fn open(
        &self,
        unsealing: &Unsealing,
        root: &Wrapped,
        with: Unlock<'_>,
        secret: &RingSecret,
    ) -> Result<Ring, Error> {
        let header = &self.body.header;
        if secret.id() != header.ring_secret {
            return Err(Error::OtherRingSecret {
                wanted: header.ring_secret,
            });
        }
        let unsealed = unsealing.unlock(header.installation, with)?;
        let root = header
            .ring_key(&unsealed, secret)
            .open(&header.root_binding(unsealing), root);
        let root = root.map_err(|_| Error::DoesNotOpen)?;
        let root = Secret::from_slice(root.expose())?;
        if seal(&root, &self.encoded) != Tag::from_bytes(self.seal) {
            return Err(Error::Altered);
        }
        let wrapping = wrapping_key(&root);
        let keys = self.body.keys.iter().map(|(info, wrapped)| {
            let value = wrapped
                .as_ref()
                .map(|wrapped| unwrap(&wrapping, header.installation, info, wrapped));
            Ok(RingKey {
                info: info.clone(),
                value: value.transpose()?.map(Arc::new),
            })
        });
        let keys = keys.collect::<Result<_, Error>>()?;
        let next = self.body.next.as_ref().map(|next| {
            let opened = wrapping.open(&header.next_binding(), &next.unsealed);
            let opened = opened.map_err(|_| Error::Altered)?;
            Ok::<_, Error>(Arc::new(Secret::from_slice(opened.expose())?))
        });
        Ok(Ring {
            header: header.clone(),
            unsealed: Arc::new(unsealed),
            next: next.transpose()?,
            moved: false,
            root: Arc::new(root),
            keys,
        })
    }
}

impl Unsealing {
    pub(super) fn unlock(
        &self,
        installation: InstallationId,
        with: Unlock<'_>,
    ) -> Result<Secret<32>, Error> {
        match (self, with) {
            (Self::Passphrase { costs, salt }, Unlock::Words { words, .. }) => {
                let fields: [&[u8]; 2] = [installation.as_bytes(), words.expose_bytes()];
                Ok(Hasher::new(*costs).hash(labels::PASSPHRASE, &fields, salt)?)
            }
            (Self::Shares(sharing), Unlock::Shares(shares)) => {
                let fitting = |share| sharing.admits(installation, share);
                if shares.len() != usize::from(sharing.threshold) || !shares.iter().all(fitting) {
                    return Err(Error::DoesNotOpen);
                }
                sharing::combine(Share::of(shares)).map_err(|_| Error::DoesNotOpen)
            }
            (Self::Token { place, encrypted }, Unlock::Words { words, module }) => {
                let module = module.ok_or(TokenError::NoModule)?;
                Ok(Token::with(module, place.token(), words, |token| {
                    token.decrypt(place.key(), installation, encrypted)
                })?)
            }
            (Self::Shares(_), Unlock::Words { .. }) | (_, Unlock::Shares(_)) => {
                Err(Error::OtherUnsealing)
            }
        }
    }
}

impl Header {
    /// The key that wraps the root key: from the unsealed secret and the ring secret together.
    pub(super) fn ring_key(&self, unsealed: &Secret<32>, secret: &RingSecret) -> AeadKey {
        let both = Secret::<64>::init_with(|place| {
            place[..32].copy_from_slice(unsealed.expose());
            place[32..].copy_from_slice(secret.expose());
        });
        let fields: [&[u8]; 1] = [self.installation.as_bytes()];
        AeadKey::new(&kdf::derive(both.expose(), labels::RING_KEY, &fields))
    }

    /// What the root key, wrapped one way, is bound to.
    pub(super) fn root_binding(&self, unsealing: &Unsealing) -> Vec<u8> {
        let fields: [&[u8]; 4] = [
            self.installation.as_bytes(),
            &self.revision.to_be_bytes(),
            self.ring_secret.as_bytes(),
            &unsealing.encode(),
        ];
        labels::frame(labels::RING_ROOT, &fields).to_vec()
    }

    /// What the unsealed secret of the way that follows is bound to.
    pub(super) fn next_binding(&self) -> Vec<u8> {
        let next = self.next.as_ref().map(Unsealing::encode);
        let fields: [&[u8]; 2] = [self.installation.as_bytes(), &next.unwrap_or_default()];
        labels::frame(labels::RING_NEXT_UNSEALED, &fields).to_vec()
    }
}

/// The key that wraps all others.
pub(super) fn wrapping_key(root: &Secret<32>) -> AeadKey {
    AeadKey::new(&kdf::derive(root.expose(), labels::RING_WRAPPING_KEY, &[]))
}

/// The HMAC at the file's end.
pub(super) fn seal(root: &Secret<32>, encoded: &[u8]) -> Tag {
    let key = MacKey::new(&kdf::derive(root.expose(), labels::RING_SEAL_KEY, &[]));
    key.tag(labels::RING_SEAL, &[&sha256(encoded)])
}

/// What a wrapped key is bound to: it opens nowhere else, as nothing else.
pub(super) fn key_binding(installation: InstallationId, info: &KeyInfo) -> Vec<u8> {
    let fields: [&[u8]; 4] = [
        installation.as_bytes(),
        info.id.as_bytes(),
        &info.purpose.encode(),
        &info.epoch.0.to_be_bytes(),
    ];
    labels::frame(labels::RING_WRAPPING, &fields).to_vec()
}

fn unwrap(
    wrapping: &AeadKey,
    installation: InstallationId,
    info: &KeyInfo,
    wrapped: &Wrapped,
) -> Result<Secret<32>, Error> {
    let value = wrapping
        .open(&key_binding(installation, info), wrapped)
        .map_err(|_| Error::Altered)?;
    Ok(Secret::from_slice(value.expose())?)
}
