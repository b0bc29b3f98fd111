//! A generator that gives out what it was told, in order.

use std::collections::VecDeque;
use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Gives out values of known lengths; asked for another length, or for more, it panics.
pub(super) struct Script(VecDeque<Vec<u8>>);

impl Script {
    pub(super) fn new(values: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(values.into_iter().collect())
    }

    /// Checks that nothing is left.
    pub(super) fn end(self) {
        assert!(
            self.0.is_empty(),
            "{} values were never drawn",
            self.0.len()
        );
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("only bytes are drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("only bytes are drawn")
    }

    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), Infallible> {
        let next = self.0.pop_front().unwrap();
        place.copy_from_slice(&next);
        Ok(())
    }
}

impl TryCryptoRng for Script {}
