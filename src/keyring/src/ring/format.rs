//! The ring file's bytes, written and read strictly: what reads is what would be written.

use symbolon_crypto::{aead, password::Costs};
use symbolon_election::{InstallationId, Nonce};

use super::{RingSecretId, Sharing};
use crate::{
    Epoch, Error, KeyId, KeyInfo, KeyState, PortalName, Purpose,
    token::{Encrypted, TokenError, TokenKey},
};

/// The most bytes that a ring file may have: room for more than 300 000 keys.
pub(crate) const MAX_FILE: u64 = 64 << 20;
pub(super) const WRAPPED: usize = 32 + aead::OVERHEAD;
const MAGIC: &[u8] = b"symbolon-ring";
const VERSION: u16 = 1;
const PASSPHRASE: u8 = 1;
const SHARES: u8 = 2;
const TOKEN: u8 = 3;
const TWO_WAYS: u8 = 4;

/// A wrapped key.
pub(super) type Wrapped = [u8; WRAPPED];

/// How the secret is made that, with the ring secret, opens the ring.
#[derive(Clone)]
pub(super) enum Unsealing {
    /// Argon2id of a passphrase.
    Passphrase { costs: Costs, salt: [u8; 32] },
    /// It is combined from shares.
    Shares(Sharing),
    /// A PKCS#11 token decrypts it.
    Token {
        place: TokenKey,
        encrypted: Encrypted,
    },
}

/// What stands before the keys.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) installation: InstallationId,
    pub(super) revision: u64,
    pub(super) ring_secret: RingSecretId,
    pub(super) unsealing: Unsealing,
    /// The way that follows, once it has opened the ring.
    pub(super) next: Option<Unsealing>,
}

/// All of a ring file but the HMAC at its end.
pub(super) struct Body {
    pub(super) header: Header,
    pub(super) root: Wrapped,
    /// If and only if there is a way that follows.
    pub(super) next: Option<Next>,
    pub(super) keys: Vec<(KeyInfo, Option<Wrapped>)>,
}

/// What a ring holds for the way that follows.
pub(super) struct Next {
    /// The root key, wrapped that way.
    pub(super) root: Wrapped,
    /// That way's unsealed secret, wrapped under the root key: the ring goes on being written both ways.
    pub(super) unsealed: Wrapped,
}

impl Body {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_be_bytes());
        bytes.extend(self.header.installation.as_bytes());
        bytes.extend(self.header.revision.to_be_bytes());
        bytes.extend(self.header.ring_secret.as_bytes());
        if let Some(next) = &self.header.next {
            bytes.push(TWO_WAYS);
            bytes.extend(self.header.unsealing.encode());
            bytes.extend(next.encode());
        } else {
            bytes.extend(self.header.unsealing.encode());
        }
        bytes.extend(self.root);
        if let Some(next) = &self.next {
            bytes.extend(next.root);
            bytes.extend(next.unsealed);
        }
        bytes.extend(
            u32::try_from(self.keys.len())
                .expect("fewer keys than 2³²")
                .to_be_bytes(),
        );
        for (info, wrapped) in &self.keys {
            encode_key(&mut bytes, info);
            bytes.extend(wrapped.iter().flatten());
        }
        bytes
    }

    /// Reads a body that fills `bytes`, and checks all that can be checked without a key.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader(bytes.strip_prefix(MAGIC).ok_or(Error::NotARing)?);
        match u16::from_be_bytes(reader.array()?) {
            VERSION => {}
            other => return Err(Error::OtherVersion(other)),
        }
        let (installation, revision) = (reader.array()?, reader.array()?);
        let ring_secret = RingSecretId(reader.array()?);
        let (unsealing, next) = read_ways(&mut reader)?;
        let header = Header {
            installation: InstallationId::new(installation),
            revision: u64::from_be_bytes(revision),
            ring_secret,
            unsealing,
            next,
        };
        let root = reader.array()?;
        let next = match header.next {
            None => None,
            Some(_) => Some(Next {
                root: reader.array()?,
                unsealed: reader.array()?,
            }),
        };
        let count = u32::from_be_bytes(reader.array()?);
        let keys = (0..count)
            .map(|_| read_key(&mut reader))
            .collect::<Result<_, _>>()?;
        if !reader.0.is_empty() {
            return Err(Error::Malformed("bytes after the last key"));
        }
        let body = Self {
            header,
            root,
            next,
            keys,
        };
        check(body.keys.iter().map(|(info, _)| info))?;
        Ok(body)
    }
}

impl Unsealing {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Passphrase { costs, salt } => {
                let mut bytes = vec![PASSPHRASE];
                for cost in [costs.memory_kib(), costs.passes(), costs.lanes()] {
                    bytes.extend(cost.to_be_bytes());
                }
                bytes.extend(salt);
                bytes
            }
            Self::Shares(sharing) => {
                let mut bytes = vec![SHARES, sharing.threshold, sharing.shares];
                bytes.extend(sharing.set);
                bytes
            }
            Self::Token { place, encrypted } => {
                let mut bytes = vec![TOKEN];
                for label in [place.token(), place.key()] {
                    bytes.push(label.len().try_into().expect("checked when it was made"));
                    bytes.extend(label.as_bytes());
                }
                bytes.extend(encrypted);
                bytes
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        match reader.byte()? {
            PASSPHRASE => {
                let [memory, passes, lanes] =
                    [reader.array()?, reader.array()?, reader.array()?].map(u32::from_be_bytes);
                Ok(Self::Passphrase {
                    costs: Costs::new(memory, passes, lanes)?,
                    salt: reader.array()?,
                })
            }
            SHARES => {
                let sharing = Sharing {
                    threshold: reader.byte()?,
                    shares: reader.byte()?,
                    set: reader.array()?,
                };
                Ok(Self::Shares(sharing.check()?))
            }
            TOKEN => {
                let place = TokenKey::new(read_label(reader)?, read_label(reader)?)?;
                let encrypted = reader.array()?;
                Ok(Self::Token { place, encrypted })
            }
            _ => Err(Error::Malformed(
                "a way of unsealing that this software doesn't know",
            )),
        }
    }
}

fn read_ways(reader: &mut Reader<'_>) -> Result<(Unsealing, Option<Unsealing>), Error> {
    let Some(rest) = reader.0.strip_prefix(&[TWO_WAYS]) else {
        return Ok((Unsealing::read(reader)?, None));
    };
    reader.0 = rest;
    let (current, next) = (Unsealing::read(reader)?, Unsealing::read(reader)?);
    match current.id() == next.id() {
        true => Err(Error::Malformed("one way of unsealing, twice")),
        false => Ok((current, Some(next))),
    }
}

/// What holds of every ring: keys in strict order, IDs unique, times that fit the states, at most one pending
/// and one active key a purpose, and exactly one active key where the vault can't do without.
pub(super) fn check<'a>(keys: impl Iterator<Item = &'a KeyInfo> + Clone) -> Result<(), Error> {
    let ordered = keys.clone().map(|key| (&key.purpose, key.epoch));
    if !ordered.is_sorted_by(|one, next| one < next) {
        return Err(Error::Malformed("keys out of order"));
    }
    let mut ids: Vec<_> = keys.clone().map(|key| key.id).collect();
    ids.sort_unstable();
    if !ids.is_sorted_by(|one, next| one < next) {
        return Err(Error::Malformed("two keys with one ID"));
    }
    if !keys.clone().all(KeyInfo::is_consistent) {
        return Err(Error::Malformed("times that don't fit a key's state"));
    }
    for state in [KeyState::Active, KeyState::Pending] {
        let purposes = keys
            .clone()
            .filter(|key| key.state == state)
            .map(|key| &key.purpose);
        if !purposes.is_sorted_by(|one, next| one < next) {
            return Err(Error::Malformed(
                "two keys of one purpose active or pending",
            ));
        }
    }
    let permanent = keys.filter(|key| key.state == KeyState::Active && key.purpose.is_permanent());
    if permanent.count() != 3 {
        return Err(Error::Malformed("no active index, sealing or audit key"));
    }
    Ok(())
}

fn encode_key(bytes: &mut Vec<u8>, info: &KeyInfo) {
    bytes.extend(info.id.as_bytes());
    bytes.extend(info.purpose.encode());
    bytes.extend(info.epoch.0.to_be_bytes());
    bytes.push(info.state as u8);
    bytes.extend(info.minted.to_be_bytes());
    for time in [info.activated, info.retired, info.destroyed] {
        bytes.push(time.is_some().into());
        bytes.extend(time.map(u64::to_be_bytes).iter().flatten());
    }
}

fn read_key(reader: &mut Reader<'_>) -> Result<(KeyInfo, Option<Wrapped>), Error> {
    let info = KeyInfo {
        id: KeyId::new(reader.array()?),
        purpose: read_purpose(reader)?,
        epoch: Epoch(u32::from_be_bytes(reader.array()?)),
        state: read_state(reader)?,
        minted: u64::from_be_bytes(reader.array()?),
        activated: read_time(reader)?,
        retired: read_time(reader)?,
        destroyed: read_time(reader)?,
    };
    let wrapped = info.state.is_live().then(|| reader.array()).transpose()?;
    Ok((info, wrapped))
}

fn read_purpose(reader: &mut Reader<'_>) -> Result<Purpose, Error> {
    Ok(match reader.byte()? {
        0 => Purpose::Index,
        1 => Purpose::Sealing,
        2 => Purpose::PortalDomain(read_name(reader)?),
        3 => Purpose::Audit,
        4 => Purpose::ElectionDomain(Nonce::new(reader.array()?)),
        5 => Purpose::ElectionToken(Nonce::new(reader.array()?)),
        6 => Purpose::ElectionRequest(Nonce::new(reader.array()?)),
        _ => {
            return Err(Error::Malformed(
                "a purpose that this software doesn't know",
            ));
        }
    })
}

fn read_name(reader: &mut Reader<'_>) -> Result<PortalName, Error> {
    let length = reader.byte()?.into();
    let name = str::from_utf8(reader.take(length)?).map_err(|_| Error::InvalidPortalName)?;
    name.parse()
}

fn read_label<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Error> {
    let length = reader.byte()?.into();
    str::from_utf8(reader.take(length)?).map_err(|_| TokenError::ImpossibleLabel.into())
}

fn read_state(reader: &mut Reader<'_>) -> Result<KeyState, Error> {
    Ok(match reader.byte()? {
        0 => KeyState::Pending,
        1 => KeyState::Active,
        2 => KeyState::Retiring,
        3 => KeyState::Destroyed,
        _ => return Err(Error::Malformed("a state that this software doesn't know")),
    })
}

fn read_time(reader: &mut Reader<'_>) -> Result<Option<u64>, Error> {
    match reader.byte()? {
        0 => Ok(None),
        1 => Ok(Some(u64::from_be_bytes(reader.array()?))),
        _ => Err(Error::Malformed("a time that is neither there nor absent")),
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (head, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(Error::Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        Ok(self.take(N)?.try_into().expect("just as many were taken"))
    }

    fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }
}
