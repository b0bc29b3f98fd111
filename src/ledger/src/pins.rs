//! Whose elections a reader means.

use symbolon_election::{
    Domain, ElectionId, Error, TrustFile, UnverifiedManifest, VerifiedManifest,
};

/// What a reader knows out of band.
#[derive(Clone, Debug)]
pub enum Pins {
    /// The city's trust file: every election of its officers.
    Trust(Box<TrustFile>),
    /// Single elections by their IDs.
    Elections(Vec<ElectionId>),
    /// Nothing: whatever is found, it may be anybody's, and is never verified.
    Nothing,
}

/// Whose election a manifest makes.
pub(crate) enum Whose {
    /// The one that the reader means.
    Ours(Box<VerifiedManifest>),
    /// A well-formed election of somebody else.
    Others,
}

impl Pins {
    /// The log's origin, where it is known out of band.
    pub fn origin(&self) -> Option<&str> {
        match self {
            Self::Trust(trust) => Some(trust.origin()),
            Self::Elections(_) | Self::Nothing => None,
        }
    }

    /// The domain, where it is known out of band.
    pub fn domain(&self) -> Option<&Domain> {
        match self {
            Self::Trust(trust) => Some(trust.domain()),
            Self::Elections(_) | Self::Nothing => None,
        }
    }

    /// Sorts a manifest. An error is a rule of the manifest that is broken.
    pub(crate) fn sort(
        &self,
        manifest: UnverifiedManifest,
        domain: &Domain,
    ) -> Result<Whose, Error> {
        let verified = match self {
            Self::Nothing => manifest.verify_alone(domain)?,
            Self::Trust(trust) => match manifest.verify(trust) {
                Err(Error::NotTrusted(_)) => return Ok(Whose::Others),
                verified => verified?,
            },
            Self::Elections(pinned) => {
                let election = manifest.statement.election(domain);
                if !pinned.contains(&election) {
                    return manifest.verify_alone(domain).map(|_| Whose::Others);
                }
                manifest.verify_pinned(domain, &election)?
            }
        };
        Ok(Whose::Ours(Box::new(verified)))
    }
}
