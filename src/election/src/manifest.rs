//! The manifest: its rules, who signed it, and whether it is ours.

use crate::officers::{self, ascending};
use crate::{
    Address, Domain, ElectionId, Error, Manifest, Shape, Signature, TrustFile, Typed, Unverified,
};

/// A manifest as it comes from outside.
pub type UnverifiedManifest = Unverified<Manifest>;

/// Who holds the voters' keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Custody {
    /// Voters themselves, on their devices.
    Voter,
    /// The portal, for its users.
    Portal,
}

/// By what a manifest was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A trust file names its officers.
    TrustFile,
    /// Its election ID was pinned.
    ElectionId,
    /// By nothing: whoever wrote it named officers of their own.
    Nothing,
}

/// A manifest that keeps every rule and is signed by enough of its officers.
#[derive(Clone, Debug)]
pub struct VerifiedManifest {
    manifest: Manifest,
    signatures: Vec<Signature>,
    domain: Domain,
    election: ElectionId,
    shape: Shape,
    custody: Custody,
    last_moment: u64,
    authority: Authority,
}

impl UnverifiedManifest {
    /// Checks rules and signatures, and that the trust file names these officers,
    /// this threshold and this domain.
    pub fn verify(self, trust: &TrustFile) -> Result<VerifiedManifest, Error> {
        let mut verified = self.verify_alone(trust.domain())?;
        verified.trusted_by(trust)?;
        verified.authority = Authority::TrustFile;
        Ok(verified)
    }

    /// Checks rules and signatures, and that the election's ID is the pinned one.
    pub fn verify_pinned(
        self,
        domain: &Domain,
        pinned: &ElectionId,
    ) -> Result<VerifiedManifest, Error> {
        let mut verified = self.verify_alone(domain)?;
        if verified.election != *pinned {
            return Err(Error::NotTrusted("not the pinned election"));
        }
        verified.authority = Authority::ElectionId;
        Ok(verified)
    }

    /// Checks rules and signatures only. Anybody can write such a manifest with
    /// officers of their own: its authority is [`Authority::Nothing`].
    pub fn verify_alone(self, domain: &Domain) -> Result<VerifiedManifest, Error> {
        let Self {
            statement: manifest,
            signatures,
        } = self;
        let (shape, custody, last_moment) = manifest.check()?;
        let digest = manifest.digest(domain);
        officers::verify(
            Manifest::NAME,
            &digest,
            &signatures,
            &manifest.officers,
            manifest.threshold,
        )?;
        Ok(VerifiedManifest {
            election: ElectionId::new(*digest.as_bytes()),
            domain: domain.clone(),
            authority: Authority::Nothing,
            manifest,
            signatures,
            shape,
            custody,
            last_moment,
        })
    }
}

impl VerifiedManifest {
    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The officers' signatures.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// As it came, to be written out again.
    pub fn to_unverified(&self) -> UnverifiedManifest {
        Unverified {
            statement: self.manifest.clone(),
            signatures: self.signatures.clone(),
        }
    }

    /// The domain it was signed for.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The election's ID.
    pub fn election(&self) -> ElectionId {
        self.election
    }

    /// The questions.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Who holds the voters' keys.
    pub fn custody(&self) -> Custody {
        self.custody
    }

    /// Until when ledgers take ballots: closes + grace.
    pub fn last_moment(&self) -> u64 {
        self.last_moment
    }

    /// By what it was recognised.
    pub fn authority(&self) -> Authority {
        self.authority
    }

    /// Whether gateways take ballots and tokens are issued at this time.
    pub fn is_open(&self, now: u64) -> bool {
        (self.manifest.opens..=self.manifest.closes).contains(&now)
    }

    /// Whether a ballot with this time on the ledger is in time.
    pub fn in_time(&self, time: u64) -> bool {
        (self.manifest.opens..=self.last_moment).contains(&time)
    }

    /// Whether this is a gateway of the election.
    pub fn is_gateway(&self, address: &Address) -> bool {
        self.manifest.gateways.binary_search(address).is_ok()
    }

    fn trusted_by(&self, trust: &TrustFile) -> Result<(), Error> {
        if self.manifest.officers != trust.officers() {
            return Err(Error::NotTrusted(
                "its officers are not those of the trust file",
            ));
        }
        if self.manifest.threshold != trust.threshold() {
            return Err(Error::NotTrusted(
                "its threshold is not that of the trust file",
            ));
        }
        Ok(())
    }
}

impl Manifest {
    /// Checks every rule that a manifest alone can break.
    pub fn validate(&self) -> Result<(), Error> {
        self.check().map(|_| ())
    }

    fn check(&self) -> Result<(Shape, Custody, u64), Error> {
        let shape = Shape::parse(&self.shape)?;
        let last_moment = self.check_times()?;
        self.check_signers()?;
        if self.max_ballots == 0 {
            return Err(refuse("maxBallots", "at least 1"));
        }
        let custody = self.check_modes()?;
        Ok((shape, custody, last_moment))
    }

    fn check_times(&self) -> Result<u64, Error> {
        if self.opens >= self.closes {
            return Err(refuse("closes", "after opens"));
        }
        let last_moment = self
            .last_moment()
            .ok_or(refuse("grace", "ends within all time"))?;
        if self.forget_after <= last_moment {
            return Err(refuse("forgetAfter", "after closes + grace"));
        }
        Ok(last_moment)
    }

    fn check_signers(&self) -> Result<(), Error> {
        const ASCENDING: &str = "strictly ascending";
        if !ascending(&self.officers) {
            return Err(refuse("officers", ASCENDING));
        }
        if self.threshold == 0 || usize::from(self.threshold) > self.officers.len() {
            return Err(refuse("threshold", "between 1 and the number of officers"));
        }
        if !ascending(&self.gateways) {
            return Err(refuse("gateways", ASCENDING));
        }
        Ok(())
    }

    fn check_modes(&self) -> Result<Custody, Error> {
        mode("anonymity", self.anonymity, &["pseudonymous", "blind"])?;
        mode("results", self.results, &["live", "at close"])?;
        mode("payload", self.payload, &["plain", "sealed", "opaque"])?;
        match self.custody {
            0 => Ok(Custody::Voter),
            1 => Ok(Custody::Portal),
            _ => Err(refuse("custody", UNKNOWN)),
        }
    }
}

const UNKNOWN: &str = "no such value";

fn refuse(field: &'static str, rule: &'static str) -> Error {
    Error::field(Manifest::NAME, field, rule)
}

/// Only the first of the named values is built.
fn mode(field: &'static str, value: u8, names: &[&'static str]) -> Result<(), Error> {
    match names.get(usize::from(value)) {
        Some(_) if value == 0 => Ok(()),
        Some(name) => Err(Error::NotBuilt { field, value: name }),
        None => Err(refuse(field, UNKNOWN)),
    }
}
