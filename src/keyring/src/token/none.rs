//! A build that knows no tokens.

use std::{convert::Infallible, path::Path};

use symbolon_crypto::{Secret, SecretString, random::CryptoRng};
use symbolon_election::InstallationId;

use super::{Encrypted, TokenError};

pub(crate) struct Token(Infallible);

impl Token {
    pub(crate) fn with<T>(
        _: &Path,
        _: &str,
        _: &SecretString,
        _: impl FnOnce(&Self) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        Err(TokenError::NotBuilt)
    }

    pub(crate) fn make_key(&self, _: &str) -> Result<(), TokenError> {
        match self.0 {}
    }

    pub(crate) fn encrypt(
        &self,
        _: &str,
        _: InstallationId,
        _: &Secret<32>,
        _: &mut impl CryptoRng,
    ) -> Result<Encrypted, TokenError> {
        match self.0 {}
    }

    pub(crate) fn decrypt(
        &self,
        _: &str,
        _: InstallationId,
        _: &Encrypted,
    ) -> Result<Secret<32>, TokenError> {
        match self.0 {}
    }
}
