//! Elections from draft to certification.

use symbolon_election::Domain;

/// What the vault keeps in memory of its elections.
pub struct Elections {
    domain: Domain,
}

impl Elections {
    /// Elections signed in this domain.
    pub fn new(domain: Domain) -> Self {
        Self { domain }
    }

    /// The EIP-712 domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
}
