//! HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, one message a context.
//!
//! `info` is the label's bytes; the sealed form is the encapsulated key, then the ciphertext with its tag.

use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::AeadTag, inout::InOutBuf,
    kdf::HkdfSha256, kem::X25519HkdfSha256 as Kem,
};
use zeroize::Zeroizing;

use crate::{Error, Label, Secret, SecretBytes, random::CryptoRng};

type Aead = hpke::aead::AesGcm256;

/// Bytes that sealing adds: the encapsulated key and the tag.
pub const OVERHEAD: usize = ENCAPSULATED + TAG;
const ENCAPSULATED: usize = 32;
const TAG: usize = 16;

/// An X25519 secret key that messages can be sealed to.
pub struct HpkeSecretKey {
    secret: Secret<32>,
    public: HpkePublicKey,
}

impl HpkeSecretKey {
    /// The key whose X25519 scalar is `secret` (clamped where it is used, as RFC 7748 says).
    pub fn new(secret: Secret<32>) -> Self {
        let mut key = Self {
            secret,
            public: HpkePublicKey([0; 32]),
        };
        Kem::sk_to_pk(&key.kem_key()).write_exact(&mut key.public.0);
        key
    }

    /// A fresh random key.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self::new(Secret::random(rng))
    }

    /// The public key.
    pub fn public_key(&self) -> HpkePublicKey {
        self.public
    }

    /// Opens what [`HpkePublicKey::seal`] made for this key, under the same label and associated data.
    pub fn open(&self, label: Label, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, Error> {
        let (encapsulated, rest) = sealed
            .split_first_chunk::<ENCAPSULATED>()
            .ok_or(Error::DoesNotOpen)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(Error::DoesNotOpen)?;
        let encapsulated =
            Deserializable::from_bytes(encapsulated).map_err(|_| Error::DoesNotOpen)?;
        let tag = AeadTag::<Aead>::from_bytes(tag).map_err(|_| Error::DoesNotOpen)?;
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        hpke::single_shot_open_inout_detached::<Aead, HkdfSha256, Kem>(
            &OpModeR::Base,
            &self.kem_key(),
            &encapsulated,
            label.as_bytes(),
            InOutBuf::from(plaintext.as_mut_slice()),
            aad,
            &tag,
        )
        .map_err(|_| Error::DoesNotOpen)?;
        Ok(SecretBytes::new(std::mem::take(&mut *plaintext)))
    }

    fn kem_key(&self) -> <Kem as hpke::Kem>::PrivateKey {
        Deserializable::from_bytes(self.secret.expose()).expect("any 32 bytes are a scalar")
    }
}

/// An X25519 public key that messages can be sealed to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HpkePublicKey([u8; 32]);

impl HpkePublicKey {
    /// The key with these bytes. Points of low order are refused when something is sealed to them.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// `encapsulated key 32 ‖ ciphertext ‖ tag 16`; `label` is the `info`, `aad` the associated data.
    pub fn seal(
        &self,
        label: Label,
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, Error> {
        let recipient = Deserializable::from_bytes(&self.0).map_err(|_| Error::InvalidPublicKey)?;
        let mut sealed = vec![0; plaintext.len() + OVERHEAD];
        let (head, tag_place) = sealed.split_at_mut(ENCAPSULATED + plaintext.len());
        let (encapsulated_place, body) = head.split_at_mut(ENCAPSULATED);
        body.copy_from_slice(plaintext);
        let (encapsulated, tag) =
            hpke::single_shot_seal_inout_detached_with_rng::<Aead, HkdfSha256, Kem>(
                &OpModeS::Base,
                &recipient,
                label.as_bytes(),
                InOutBuf::from(body),
                aad,
                rng,
            )
            .map_err(|_| Error::InvalidPublicKey)?;
        encapsulated.write_exact(encapsulated_place);
        tag.write_exact(tag_place);
        Ok(sealed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{labels, random};

    fn key() -> HpkeSecretKey {
        HpkeSecretKey::new(Secret::from_slice(&[5; 32]).unwrap())
    }

    /// Sealed with npm `@hpke/core` and with Go's `crypto/hpke` to the key of 32 fives.
    #[test]
    fn what_foreign_implementations_sealed_opens() {
        let node = concat!(
            "ef403eb50a5748f74b859c62e5ddbac6719caa693955f8b3e1eb9fa54d90e17f8d4d38e195683f2fa7e2d9150f5d0ef2",
            "4762cfb8c08488732c59424e8f7900adffa9267d665ac472984e4100785c039ebfc04b601d",
        );
        let go = concat!(
            "0a9c2eade976cd7445c84b15b419c49464c2399e280f29ac0fc54106642a114cd7c95a4fd66f3644a10a4ec4a13ff880",
            "a24ea7c473d7939022609ca563998bb444c53e817aac98df8f2936c4a802958c217c00e173f65a",
        );
        let opened = |label, sealed| {
            key()
                .open(label, &[9; 32], &hex::decode(sealed).unwrap())
                .unwrap()
        };
        let token = opened(labels::VOTING_TOKEN, node);
        assert_eq!(token.expose(), b"a token from a foreign implementation");
        let request = opened(labels::ISSUE_REQUEST, go);
        assert_eq!(request.expose(), b"a request from a foreign implementation");
    }

    /// The recipient of RFC 9180's vectors for this suite, and RFC 7748's key of Alice.
    #[test]
    fn public_keys_are_those_of_the_rfcs() {
        for (secret, public) in [
            (
                "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d",
                "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c",
            ),
            (
                "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            ),
        ] {
            let key =
                HpkeSecretKey::new(Secret::from_slice(&hex::decode(secret).unwrap()).unwrap());
            assert_eq!(hex::encode(key.public_key().as_bytes()), public);
        }
    }

    #[test]
    fn a_point_of_low_order_gets_nothing_sealed() {
        let sealed = HpkePublicKey::from_bytes([0; 32]).seal(
            labels::VOTING_TOKEN,
            b"",
            b"x",
            &mut random::os(),
        );
        assert!(matches!(sealed, Err(Error::InvalidPublicKey)));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_under_the_same_label_and_data_only(
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let sealed =
                key().public_key().seal(labels::ISSUE_REQUEST, b"a", &plaintext, &mut random::os()).unwrap();
            prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
            let opened = key().open(labels::ISSUE_REQUEST, b"a", &sealed).unwrap();
            prop_assert_eq!(opened.expose(), plaintext.as_slice());
            prop_assert!(key().open(labels::VOTING_TOKEN, b"a", &sealed).is_err());
            prop_assert!(key().open(labels::ISSUE_REQUEST, b"b", &sealed).is_err());
            prop_assert!(HpkeSecretKey::random(&mut random::os()).open(labels::ISSUE_REQUEST, b"a", &sealed).is_err());
        }

        #[test]
        fn an_altered_or_shortened_message_doesn_t_open(at in 0..53usize, bit in 0..8u8, cut in 1..54usize) {
            let sealed = key().public_key().seal(labels::ISSUE_REQUEST, b"a", b"plain", &mut random::os()).unwrap();
            let mut altered = sealed.clone();
            altered[at] ^= 1 << bit;
            // The top bit of an X25519 point is not part of it, and yet the key schedule hashes it.
            prop_assert!(matches!(key().open(labels::ISSUE_REQUEST, b"a", &altered), Err(Error::DoesNotOpen)));
            prop_assert!(key().open(labels::ISSUE_REQUEST, b"a", &sealed[..sealed.len() - cut]).is_err());
        }
    }
}
