//! Device seeds that the portal keeps in simple mode: one sealed file a person.

use std::{fs, io, path::PathBuf};

use symbolon_crypto::{Secret, aead::AeadKey, digest::sha256, keyfile, random};
use symbolon_voter::DeviceSeed;

use crate::accounts::RegistrationId;

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
}

/// The seeds in a folder. A person's file is bound to the person: swapped, it doesn't open.
pub(crate) struct Seeds {
    folder: PathBuf,
    key: AeadKey,
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
}

#[cfg(test)]
mod tests {
    use symbolon_election::ElectionId;

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
