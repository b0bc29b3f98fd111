//! HMAC-SHA-256 over labelled, framed fields.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{Label, Secret, labels};

/// A key of HMAC-SHA-256, its padded state computed once.
pub struct MacKey(Box<Hmac<Sha256>>);

impl MacKey {
    /// The key made of `secret`.
    pub fn new(secret: &Secret<32>) -> Self {
        Self(Box::new(
            Hmac::new_from_slice(secret.expose()).expect("HMAC takes keys of any length"),
        ))
    }

    /// The tag of `fields` under `label`.
    pub fn tag(&self, label: Label, fields: &[&[u8]]) -> Tag {
        let mut mac = self.0.as_ref().clone();
        mac.update(label.as_bytes());
        for field in fields {
            mac.update(&labels::length(field));
            mac.update(field);
        }
        Tag(mac.finalize().into_bytes().into())
    }
}

/// An HMAC. It compares in constant time and has no `Debug`: a tag may stand in for a person.
#[derive(Clone)]
pub struct Tag([u8; 32]);

impl Tag {
    /// A tag that was stored, to be compared with one that is computed.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, as a value that others may see or that is stored. The caller says why that is fine.
    pub fn declassify(self) -> [u8; 32] {
        self.0
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Tag {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_hmac_of_the_frame() {
        let key = Secret::<32>::from_slice(&[7; 32]).unwrap();
        let fields: &[&[u8]] = &[b"one", b"two"];
        let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).unwrap();
        mac.update(&labels::frame(labels::PSEUDONYM, fields));
        let expected: [u8; 32] = mac.finalize().into_bytes().into();
        assert!(
            MacKey::new(&key)
                .tag(labels::PSEUDONYM, fields)
                .declassify()
                == expected
        );
    }

    #[test]
    fn tags_of_two_labels_differ() {
        let key = MacKey::new(&Secret::from_slice(&[7; 32]).unwrap());
        assert!(key.tag(labels::PSEUDONYM, &[b"x"]) != key.tag(labels::BLIND_INDEX, &[b"x"]));
    }

    /// RFC 4231, test case 1 has a 20-byte key; the underlying HMAC is checked there directly.
    #[test]
    fn hmac_gives_the_answer_of_rfc_4231() {
        let mut mac = Hmac::<Sha256>::new_from_slice(&[0x0b; 20]).unwrap();
        mac.update(b"Hi There");
        let tag: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(
            hex::encode(tag),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }
}
