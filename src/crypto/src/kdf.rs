//! HKDF-SHA-256 (RFC 5869) with labelled, framed `info`.

use hkdf::Hkdf;
use sha2::Sha256;

use crate::{Label, Secret, labels};

/// The extracted key of HKDF, from which keys are derived by purpose.
pub struct KdfKey(Box<Hkdf<Sha256>>);

impl KdfKey {
    /// Extracts from `secret` without a salt: for secrets that are uniform already.
    pub fn new(secret: &[u8]) -> Self {
        Self(Box::new(Hkdf::new(None, secret)))
    }

    /// Extracts from `secret` with a salt.
    pub fn salted(salt: &[u8], secret: &[u8]) -> Self {
        Self(Box::new(Hkdf::new(Some(salt), secret)))
    }

    /// `N` bytes (at most 8 160) for the purpose and the fields.
    pub fn derive<const N: usize>(&self, label: Label, fields: &[&[u8]]) -> Secret<N> {
        const { assert!(N > 0 && N <= 255 * 32) };
        let info = labels::frame(label, fields);
        Secret::init_with(|place| self.0.expand(&info, place).expect("at most 255 blocks"))
    }
}

/// `N` bytes from `secret`, without a salt, for the purpose and the fields.
pub fn derive<const N: usize>(secret: &[u8], label: Label, fields: &[&[u8]]) -> Secret<N> {
    KdfKey::new(secret).derive(label, fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hkdf_gives_the_answers_of_rfc_5869() {
        let salt = hex::decode("000102030405060708090a0b0c").unwrap();
        let info = hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
        let mut okm = [0; 42];
        Hkdf::<Sha256>::new(Some(&salt), &[0x0b; 22])
            .expand(&info, &mut okm)
            .unwrap();
        let expected =
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(hex::encode(okm), expected);

        Hkdf::<Sha256>::new(None, &[0x0b; 22])
            .expand(&[], &mut okm)
            .unwrap();
        let expected =
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8";
        assert_eq!(hex::encode(okm), expected);
    }

    #[test]
    fn info_is_the_frame() {
        let mut expected = [0; 32];
        let info = b"symbolon/v1/record-key\0\0\0\x01x";
        Hkdf::<Sha256>::new(None, &[1; 32])
            .expand(info, &mut expected)
            .unwrap();
        assert!(derive::<32>(&[1; 32], labels::RECORD_KEY, &[b"x"]).expose() == &expected);
    }

    #[test]
    fn purposes_give_other_keys() {
        let key = KdfKey::new(&[1; 16]);
        let ballot = key.derive::<32>(labels::DEVICE_BALLOT_KEY, &[&[9; 32]]);
        assert!(ballot != key.derive(labels::DEVICE_DELIVERY_KEY, &[&[9; 32]]));
        assert!(ballot != key.derive(labels::DEVICE_BALLOT_KEY, &[&[8; 32]]));
        assert!(
            ballot != KdfKey::salted(&[1], &[1; 16]).derive(labels::DEVICE_BALLOT_KEY, &[&[9; 32]])
        );
    }
}
