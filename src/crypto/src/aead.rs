//! AES-256-GCM with a random 96-bit nonce in front of the ciphertext.
//!
//! A random nonce is safe for 2³² messages a key. Keys that seal more derive a key of its own for each record.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{AeadInOut, KeyInit, inout::InOutBuf},
};

use crate::{Error, Secret, SecretBytes, random, random::CryptoRng};

/// Bytes that sealing adds: the nonce and the tag.
pub const OVERHEAD: usize = NONCE + TAG;
const NONCE: usize = 12;
const TAG: usize = 16;

/// A key of AES-256-GCM.
pub struct AeadKey(Box<Aes256Gcm>);

impl AeadKey {
    /// The key made of `secret`.
    pub fn new(secret: &Secret<32>) -> Self {
        Self(Box::new(Aes256Gcm::new(secret.expose().into())))
    }

    /// `nonce 12 ‖ ciphertext ‖ tag 16`, bound to `aad`.
    ///
    /// # Panics
    /// If the plaintext is longer than the 64 GiB that the construction takes.
    pub fn seal(&self, aad: &[u8], plaintext: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        let nonce = random::bytes::<NONCE>(rng);
        let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let body = InOutBuf::from(&mut sealed[NONCE..]);
        let tag = self
            .0
            .encrypt_inout_detached(&Nonce::from(nonce), aad, body)
            .expect("below 64 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`AeadKey::seal`] made, under the same `aad`.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, Error> {
        let (nonce, rest) = sealed
            .split_first_chunk::<NONCE>()
            .ok_or(Error::DoesNotOpen)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(Error::DoesNotOpen)?;
        let mut plaintext = zeroize::Zeroizing::new(ciphertext.to_vec());
        let body = InOutBuf::from(plaintext.as_mut_slice());
        self.0
            .decrypt_inout_detached(&Nonce::from(*nonce), aad, body, &(*tag).into())
            .map_err(|_| Error::DoesNotOpen)?;
        Ok(SecretBytes::new(std::mem::take(&mut *plaintext)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> AeadKey {
        AeadKey::new(&Secret::from_slice(&[byte; 32]).unwrap())
    }

    /// Test case 16 of the GCM specification by McGrew and Viega.
    #[test]
    fn a_known_ciphertext_opens() {
        let secret =
            hex::decode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
                .unwrap();
        let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let sealed = hex::decode(concat!(
            "cafebabefacedbaddecaf888",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838",
            "c5f61e6393ba7a0abcc9f662",
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ))
        .unwrap();
        let opened = AeadKey::new(&Secret::from_slice(&secret).unwrap())
            .open(&aad, &sealed)
            .unwrap();
        let expected = concat!(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525",
            "b16aedf5aa0de657ba637b39",
        );
        assert_eq!(hex::encode(opened.expose()), expected);
    }

    #[test]
    fn the_same_plaintext_seals_differently() {
        let mut rng = random::os();
        assert_ne!(
            key(1).seal(b"", b"x", &mut rng),
            key(1).seal(b"", b"x", &mut rng)
        );
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_under_the_same_key_and_data_only(
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
            aad in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let sealed = key(1).seal(&aad, &plaintext, &mut random::os());
            prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
            let opened = key(1).open(&aad, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), plaintext.as_slice());
            prop_assert!(key(2).open(&aad, &sealed).is_err());
            prop_assert!(key(1).open(&[aad, vec![0]].concat(), &sealed).is_err());
        }

        #[test]
        fn an_altered_or_shortened_byte_string_doesn_t_open(at in 0..33usize, bit in 0..8u8, cut in 1..33usize) {
            let sealed = key(1).seal(b"a", b"plain", &mut random::os());
            let mut altered = sealed.clone();
            altered[at] ^= 1 << bit;
            prop_assert!(matches!(key(1).open(b"a", &altered), Err(Error::DoesNotOpen)));
            prop_assert!(key(1).open(b"a", &sealed[..sealed.len() - cut]).is_err());
        }
    }
}
