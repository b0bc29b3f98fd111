//! Who signs tokens: the manifest's issuer, and those that followed.

use crate::{Address, Entry, Error, IssuerRotation, Typed, Verified, VerifiedManifest};

/// The issuers of an election in their order.
#[derive(Clone, Debug)]
pub struct Issuers(Vec<Address>);

impl Issuers {
    /// The manifest's issuer alone.
    pub fn new(manifest: &VerifiedManifest) -> Self {
        Self(vec![manifest.manifest().issuer])
    }

    /// The manifest's issuer and those of its rotations: ledger entries, the first one first.
    pub fn after<'a>(
        manifest: &VerifiedManifest,
        rotations: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, Error> {
        let mut issuers = Self::new(manifest);
        for entry in rotations {
            let Entry::IssuerRotation(rotation) = Entry::decode(entry)? else {
                return Err(Error::OtherStatement {
                    wanted: IssuerRotation::NAME,
                });
            };
            issuers.rotate(&rotation.verify(manifest)?)?;
        }
        Ok(issuers)
    }

    /// Takes the next issuer: from the one in force, to one never used.
    pub fn rotate(&mut self, rotation: &Verified<IssuerRotation>) -> Result<(), Error> {
        let IssuerRotation { current, next, .. } = rotation.statement();
        let refuse = |field, rule| Err(Error::field(IssuerRotation::NAME, field, rule));
        if current != self.current() {
            return refuse("current", "the issuer in force");
        }
        if self.knows(next) {
            return refuse("next", "never used before");
        }
        self.0.push(*next);
        Ok(())
    }

    /// The issuer in force.
    pub fn current(&self) -> &Address {
        self.0
            .last()
            .expect("never empty: made with one, only added to")
    }

    /// Whether the address is or was an issuer: earlier tokens go on counting.
    pub fn knows(&self, address: &Address) -> bool {
        self.0.contains(address)
    }

    /// Whether the token key was ever rotated.
    pub fn rotated(&self) -> bool {
        self.0.len() > 1
    }

    /// All issuers, the first one first.
    pub fn all(&self) -> &[Address] {
        &self.0
    }
}
