//! Secret bytes: on the heap, initialised in place, compared in constant time, wiped on drop.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Error, random::CryptoRng};

/// A secret of exactly `N` bytes.
///
/// It has neither `Debug` nor `Clone`: a copy is made by [`Secret::duplicate`], the bytes are read through
/// [`Secret::expose`], and both are easy to find in a review. Moving it moves a pointer, never the bytes.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Has `fill` write the secret into its final place.
    pub fn init_with(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self(Box::new([0; N]));
        fill(&mut secret.0);
        secret
    }

    /// As [`Secret::init_with`], for a source that can fail.
    pub fn try_init_with<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(Box::new([0; N]));
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// A fresh random secret.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self::init_with(|place| rng.fill_bytes(place))
    }

    /// A copy of `bytes`, which must be `N` long. Wiping the source is the caller's business.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != N {
            return Err(Error::Length {
                expected: N,
                got: bytes.len(),
            });
        }
        Ok(Self::init_with(|place| place.copy_from_slice(bytes)))
    }

    /// A second copy of the secret.
    pub fn duplicate(&self) -> Self {
        Self::init_with(|place| place.copy_from_slice(self.0.as_slice()))
    }

    /// The bytes, for the primitive that needs them.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_slice()).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

/// Secret bytes of any length: opened records, match keys, framed inputs.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over; they are wiped on drop.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for whoever needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl ZeroizeOnDrop for SecretBytes {}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for SecretBytes {}

/// A passphrase.
pub struct SecretString(Zeroizing<String>);

impl SecretString {
    /// Takes the text over; it is wiped on drop.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its bytes, in UTF-8.
    pub fn expose_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl ZeroizeOnDrop for SecretString {}

impl PartialEq for SecretString {
    fn eq(&self, other: &Self) -> bool {
        self.expose_bytes().ct_eq(other.expose_bytes()).into()
    }
}

impl Eq for SecretString {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_are_equal_secrets() {
        let one = Secret::<4>::from_slice(&[1, 2, 3, 4]).unwrap();
        assert!(one == one.duplicate());
        assert!(one != Secret::from_slice(&[1, 2, 3, 5]).unwrap());
    }

    #[test]
    fn another_length_is_refused() {
        let refused = Secret::<32>::from_slice(&[0; 31]);
        assert!(matches!(
            refused,
            Err(Error::Length {
                expected: 32,
                got: 31
            })
        ));
    }

    #[test]
    fn bytes_of_other_length_differ() {
        assert!(SecretBytes::new(vec![1, 2]) != SecretBytes::new(vec![1, 2, 3]));
        assert!(SecretBytes::new(vec![1, 2]) == SecretBytes::new(vec![1, 2]));
        assert!(SecretString::new("a".into()) != SecretString::new("b".into()));
    }

    #[test]
    fn random_secrets_differ() {
        let mut rng = crate::random::os();
        assert!(Secret::<32>::random(&mut rng) != Secret::random(&mut rng));
    }
}
