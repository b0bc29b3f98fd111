//! What the portal keeps in simple mode: one sealed file a person with the device seed, and one a
//! person and election with the last ballot.

use std::{
    collections::HashMap,
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex as SyncMutex, PoisonError, Weak},
};

use symbolon_crypto::{Secret, aead::AeadKey, digest::sha256, keyfile, random};
use symbolon_election::ElectionId;
use symbolon_voter::DeviceSeed;
use tokio::sync::Mutex;

use crate::{accounts::RegistrationId, last::LastBallot};

const OWNER_ONLY: u32 = 0o600;

/// Why a seed could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A key file, or a seed that doesn't open.
    #[error(transparent)]
    Crypto(#[from] symbolon_crypto::Error),
    /// A last ballot that opens, but isn't one.
    #[error("{}: not the record of a last ballot", path.display())]
    Record {
        /// The file.
        path: PathBuf,
    },
}

/// The seeds in a folder. A person's file is bound to the person: swapped, it doesn't open.
pub(crate) struct Seeds {
    folder: PathBuf,
    key: AeadKey,
    turns: SyncMutex<HashMap<RegistrationId, Weak<Mutex<()>>>>,
}

impl Seeds {
    pub(crate) fn open(folder: PathBuf, key: &Secret<32>) -> Result<Self, SeedError> {
        fs::create_dir_all(&folder).map_err(|source| SeedError::File {
            path: folder.clone(),
            source,
        })?;
        Ok(Self {
            folder,
            key: AeadKey::new(key),
            turns: SyncMutex::default(),
        })
    }

    /// The person's seed, made at the first call.
    pub(crate) fn of(&self, person: &RegistrationId) -> Result<DeviceSeed, SeedError> {
        let path = self.folder.join(hex::encode(sha256(&person.0)));
        match fs::read(&path) {
            Ok(sealed) => self.unseal(person, &sealed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bits = Secret::<16>::random(&mut random::os());
                let sealed = self.key.seal(&person.0, bits.expose(), &mut random::os());
                match keyfile::write_new(&path, &sealed) {
                    Ok(()) => Ok(DeviceSeed::new(bits)),
                    // Another request of the same person was quicker.
                    Err(_) if path.exists() => {
                        let sealed =
                            fs::read(&path).map_err(|source| SeedError::File { path, source })?;
                        self.unseal(person, &sealed)
                    }
                    Err(error) => Err(error.into()),
                }
            }
            Err(source) => Err(SeedError::File { path, source }),
        }
    }

    fn unseal(&self, person: &RegistrationId, sealed: &[u8]) -> Result<DeviceSeed, SeedError> {
        let bits = self.key.open(&person.0, sealed)?;
        Ok(DeviceSeed::new(Secret::from_slice(bits.expose())?))
    }

    /// The person's last ballot in the election, if one went out.
    pub(crate) fn last(
        &self,
        person: &RegistrationId,
        election: &ElectionId,
    ) -> Result<Option<LastBallot>, SeedError> {
        let path = self.last_path(person, election);
        let sealed = match fs::read(&path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SeedError::File { path, source }),
        };
        let opened = self.key.open(&bound_to(person, election), &sealed)?;
        let last = LastBallot::decode(opened.expose());
        last.ok_or(SeedError::Record { path }).map(Some)
    }

    /// Keeps the last ballot: synced and in the place of the one before when this returns.
    pub(crate) fn keep_last(
        &self,
        person: &RegistrationId,
        election: &ElectionId,
        last: &LastBallot,
    ) -> Result<(), SeedError> {
        let bound_to = bound_to(person, election);
        let sealed = self.key.seal(&bound_to, &last.encode(), &mut random::os());
        let path = self.last_path(person, election);
        Ok(keyfile::replace_atomically(&path, &sealed, OWNER_ONLY)?)
    }

    pub(crate) fn last_path(&self, person: &RegistrationId, election: &ElectionId) -> PathBuf {
        let person = hex::encode(sha256(&person.0));
        self.folder.join(format!("{person}.{election}"))
    }

    /// What a person's votes wait for, one after the other.
    pub(crate) fn turn(&self, person: &RegistrationId) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(person).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(*person, Arc::downgrade(&turn));
        turn
    }

    #[cfg(test)]
    pub(crate) fn turns(&self) -> usize {
        self.turns.lock().unwrap().len()
    }
}

/// What a last ballot is sealed under; a seed's is the person alone.
fn bound_to(person: &RegistrationId, election: &ElectionId) -> Vec<u8> {
    [&person.0[..], &election.as_bytes()[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_keeps_their_seed_and_nobody_else_s_file_opens() {
        let folder = tempfile::tempdir().unwrap();
        let key = Secret::random(&mut random::os());
        let seeds = Seeds::open(folder.path().to_owned(), &key).unwrap();
        let (anna, ben) = (RegistrationId([1; 32]), RegistrationId([2; 32]));
        let election = ElectionId::new([7; 32]);
        let ballot_key = |seed: DeviceSeed| seed.keys(&election).unwrap().ballot_key();
        let first = ballot_key(seeds.of(&anna).unwrap());
        assert!(ballot_key(seeds.of(&anna).unwrap()) == first);
        assert!(ballot_key(seeds.of(&ben).unwrap()) != first);
        let file = |person: &RegistrationId| folder.path().join(hex::encode(sha256(&person.0)));
        fs::copy(file(&anna), file(&ben)).unwrap();
        assert!(seeds.of(&ben).is_err());
    }
}
