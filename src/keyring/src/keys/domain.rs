//! Domain keys: they make pseudonyms of roots.

use symbolon_crypto::{Secret, labels, mac::MacKey};

use crate::{PortalName, RegistrationId, Root};

/// The key of one portal's domain.
pub struct PortalDomainKey {
    portal: PortalName,
    mac: MacKey,
}

impl PortalDomainKey {
    pub(crate) fn new(portal: PortalName, value: &Secret<32>) -> Self {
        Self {
            portal,
            mac: MacKey::new(value),
        }
    }

    /// The portal whose domain it is.
    pub fn portal(&self) -> &PortalName {
        &self.portal
    }

    /// The registration ID of the person with this root.
    pub fn registration_id(&self, root: &Root) -> RegistrationId {
        // The pseudonym is made for the portal to know.
        RegistrationId::new(pseudonym(&self.mac, root))
    }
}

/// A root's pseudonym in a domain.
pub(super) fn pseudonym(domain: &MacKey, root: &Root) -> [u8; 32] {
    domain.tag(labels::PSEUDONYM, &[root.expose()]).declassify()
}
