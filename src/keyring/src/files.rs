//! The ring's two files, and how they change so that no crash leaves them without a fitting pair.

mod copies;
mod steps;

use std::path::{Path, PathBuf};

use symbolon_crypto::{Error as CryptoError, SecretBytes, keyfile, random::CryptoRng};

use crate::{Edit, Error, Ring, RingSecret, SealedRing, Unlock, WayId};
pub use copies::RingCopies;
use steps::Step;

/// Where the ring and its secret lie. They belong on two media: a copy of one alone opens nothing.
///
/// Beside the ring secret there may be a second file, `<name>.next`, for as long as a destruction takes.
#[derive(Clone, Debug)]
pub struct RingFiles {
    ring: PathBuf,
    secret: PathBuf,
    module: Option<PathBuf>,
}

impl RingFiles {
    /// The files at these paths.
    pub fn new(ring: impl Into<PathBuf>, secret: impl Into<PathBuf>) -> Self {
        Self {
            ring: ring.into(),
            secret: secret.into(),
            module: None,
        }
    }

    /// With the library of a PKCS#11 token. A ring that a token unseals takes its PIN for a passphrase.
    #[must_use]
    pub fn module(mut self, module: Option<PathBuf>) -> Self {
        self.module = module;
        self
    }

    /// The library of a PKCS#11 token, if one is known.
    pub fn library(&self) -> Option<&Path> {
        self.module.as_deref()
    }

    /// The ring's path.
    pub fn ring_path(&self) -> &Path {
        &self.ring
    }

    /// The ring secret's path.
    pub fn secret_path(&self) -> &Path {
        &self.secret
    }

    /// Writes a new ring and its secret. Files that are there already are left alone, and refused.
    pub fn create(
        &self,
        ring: &Ring,
        secret: &RingSecret,
        rng: &mut impl CryptoRng,
    ) -> Result<(), Error> {
        if self
            .ring
            .try_exists()
            .map_err(|error| CryptoError::file(&self.ring, error))?
        {
            let there = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(CryptoError::file(&self.ring, there).into());
        }
        keyfile::write_new(&self.secret, secret.expose())?;
        keyfile::write_new(&self.ring, &ring.encode(secret, rng))?;
        Ok(())
    }

    /// Reads the ring without opening it.
    pub fn read(&self) -> Result<SealedRing, Error> {
        SealedRing::read(&self.ring)
    }

    /// Opens the ring with the passphrase, the PIN or the shares and the ring secret that it names, and completes a
    /// destruction that a crash cut short: the older ring secret goes.
    pub fn unseal<'a>(&self, with: impl Into<Unlock<'a>>) -> Result<Ring, Error> {
        let sealed = self.read()?;
        let (path, secret) = self.fitting_secret(&sealed)?;
        let with = self.unlock(with.into());
        let ring = sealed.unseal(with, &secret)?;
        steps::run(&self.settle(&path))?;
        Ok(ring)
    }

    /// Whether something opens the ring the way that follows, and which way that is. Nothing changes.
    pub fn prove<'a>(&self, with: impl Into<Unlock<'a>>) -> Result<WayId, Error> {
        let sealed = self.read()?;
        let next = sealed.next_way().ok_or(Error::NoSuchWay)?;
        let (_, secret) = self.fitting_secret(&sealed)?;
        sealed.unseal_next(self.unlock(with.into()), &secret)?;
        Ok(next)
    }

    /// Words, with the library that a token wants.
    fn unlock<'a>(&'a self, with: Unlock<'a>) -> Unlock<'a> {
        match with {
            Unlock::Words {
                words,
                module: None,
            } => Unlock::Words {
                words,
                module: self.module.as_deref(),
            },
            with => with,
        }
    }

    /// Changes the ring: writes what `edit` made of it, and only then lets `ring` be that.
    ///
    /// If it destroys a key, or the ring moves to another way of unsealing, root key and ring secret are made anew. After an error of a file the ring on disk
    /// may be the older or the newer one; `ring` is the older one, and the process should stop. A ring on disk
    /// that isn't the one at hand is left alone, and refused.
    pub fn update<T>(
        &self,
        ring: &mut Ring,
        rng: &mut impl CryptoRng,
        edit: impl FnOnce(&mut Edit) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (next, steps, outcome) = self.plan(ring, rng, edit)?;
        steps::run(&steps)?;
        *ring = next;
        Ok(outcome)
    }

    fn plan<T, R: CryptoRng>(
        &self,
        ring: &Ring,
        rng: &mut R,
        edit: impl FnOnce(&mut Edit) -> Result<T, Error>,
    ) -> Result<(Ring, Vec<Step>, T), Error> {
        let mut draft = Edit::of(ring);
        let outcome = edit(&mut draft)?;
        let mut edited = draft.finish()?;
        let on_disk = self.read()?;
        if (on_disk.revision(), on_disk.ring_secret_id())
            != (ring.revision(), ring.ring_secret_id())
        {
            return Err(Error::ChangedOnDisk);
        }
        let (path, secret) = self.fitting_secret(&on_disk)?;
        let mut steps = self.settle(&path);
        if edited.destroys {
            let secret = RingSecret::random(rng);
            edited.ring.rekey(&secret, rng);
            steps.push(write(self.next_secret(), secret.expose().to_vec()));
            steps.push(write(self.ring.clone(), edited.ring.encode(&secret, rng)));
            steps.push(Step::Rename {
                from: self.next_secret(),
                to: self.secret.clone(),
            });
        } else {
            steps.push(write(self.ring.clone(), edited.ring.encode(&secret, rng)));
        }
        Ok((edited.ring, steps, outcome))
    }

    /// The secret that the ring names: in its own file, or still in the one beside it.
    fn fitting_secret(&self, sealed: &SealedRing) -> Result<(PathBuf, RingSecret), Error> {
        let own = keyfile::read(&self.secret).map(RingSecret::new);
        let next = keyfile::read(&self.next_secret()).map(RingSecret::new);
        let candidates = [(&own, self.secret.clone()), (&next, self.next_secret())];
        let wanted = sealed.ring_secret_id();
        let fits = |(secret, _): &(&Result<RingSecret, _>, _)| {
            secret.as_ref().is_ok_and(|it| it.id() == wanted)
        };
        let Some(fitting) = candidates.into_iter().find(fits).map(|(_, path)| path) else {
            return Err(own
                .err()
                .map_or(Error::OtherRingSecret { wanted }, Error::from));
        };
        let secret = if fitting == self.secret { own } else { next };
        Ok((fitting, secret?))
    }

    /// What is left to do of an earlier destruction, if the fitting secret lies at `fitting`.
    fn settle(&self, fitting: &Path) -> Vec<Step> {
        let next = self.next_secret();
        if fitting == next {
            return vec![Step::Rename {
                from: next,
                to: self.secret.clone(),
            }];
        }
        match next.try_exists() {
            Ok(false) => Vec::new(),
            _ => vec![Step::Remove(next)],
        }
    }

    fn next_secret(&self) -> PathBuf {
        let mut name = self.secret.clone().into_os_string();
        name.push(".next");
        name.into()
    }
}

fn write(path: PathBuf, bytes: Vec<u8>) -> Step {
    Step::Write {
        path,
        bytes: SecretBytes::new(bytes),
    }
}

#[cfg(test)]
mod move_tests;
#[cfg(test)]
mod tests;
