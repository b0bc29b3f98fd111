//! Serial numbers of certificates, and those that are good no more.

use std::{
    collections::BTreeSet,
    sync::{PoisonError, RwLock},
};

/// A certificate's serial number: big-endian, without zeros in front.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// The number of these bytes, big-endian. DER puts a zero in front of some.
    pub fn new(bytes: &[u8]) -> Self {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Self(bytes[zeros..].to_vec())
    }

    /// Its bytes; none for zero.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Serial numbers that no handshake takes, whatever the lists on disk say.
#[derive(Debug, Default)]
pub(crate) struct Revoked(RwLock<BTreeSet<Serial>>);

impl Revoked {
    pub(crate) fn holds(&self, serial: &Serial) -> bool {
        let serials = self.0.read().unwrap_or_else(PoisonError::into_inner);
        serials.contains(serial)
    }

    pub(crate) fn insert(&self, serial: Serial) {
        let mut serials = self.0.write().unwrap_or_else(PoisonError::into_inner);
        serials.insert(serial);
    }

    pub(crate) fn remove(&self, serial: &Serial) {
        let mut serials = self.0.write().unwrap_or_else(PoisonError::into_inner);
        serials.remove(serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_with_and_without_zeros_in_front() {
        assert_eq!(Serial::new(&[0, 0, 0x80, 0]), Serial::new(&[0x80, 0]));
        assert_ne!(Serial::new(&[0x80]), Serial::new(&[0x80, 0]));
        assert_eq!(Serial::new(&[0]).as_bytes(), &[] as &[u8]);
    }
}
