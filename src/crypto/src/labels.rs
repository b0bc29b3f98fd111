//! Every label of the project, in one place.
//!
//! Each HMAC, HKDF and Argon2id input starts with `symbolon/v1/<purpose>`, then holds each field as a 4-byte
//! big-endian length and the field's bytes. No label is the beginning of another, and a length never starts
//! with a byte that a label can hold, so two different inputs never frame to the same bytes.

use zeroize::Zeroizing;

/// A purpose. It can't be made outside of this file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Label(&'static str);

impl Label {
    /// The label's text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The label's bytes.
    pub const fn as_bytes(self) -> &'static [u8] {
        self.0.as_bytes()
    }
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $purpose:literal;)*) => {
        $($(#[$doc])* pub const $name: Label = Label(concat!("symbolon/v1/", $purpose));)*

        /// All labels, each with the name that it has in this file.
        pub const ALL: &[(&str, Label)] = &[$((stringify!($name), $name)),*];
    };
}

labels! {
    // Identity.
    /// Hash of a rule: attributes, kinds, options, canonicaliser version.
    RULE_ID = "rule-id";
    /// Framing of a match key: the canonical bytes of one rule's attributes.
    MATCH_KEY = "match-key";
    /// Argon2id of a match key.
    STRETCH = "stretch";
    /// Blind index of a stretched match key, under the index key.
    BLIND_INDEX = "blind-index";
    /// Look-up row of a registration ID, under the index key.
    REGISTRATION_LOOKUP = "registration-lookup";
    /// Pseudonym of a root, under a domain key: registration IDs and voter IDs.
    PSEUDONYM = "pseudonym";
    /// Other look-up rows of the vault (electorate members, budgets), under the index key.
    ROW_LOOKUP = "row-lookup";

    // Sealing.
    /// The key of one sealed record, from the sealing key.
    RECORD_KEY = "record-key";
    /// Associated data of a sealed record.
    RECORD_BINDING = "record-binding";
    /// The key that blinds an election's rows, from the election's domain key.
    ELECTION_BLINDING_KEY = "election-blinding-key";
    /// One blinded row of an election.
    ELECTION_ROW = "election-row";
    /// The key that seals an election's rows, from the election's domain key.
    ELECTION_SEALING_KEY = "election-sealing-key";
    /// The key of an election's audit subjects, from the election's domain key.
    ELECTION_SUBJECT_KEY = "election-subject-key";

    // Delivery: the `info` of HPKE.
    /// A device's issue request, sealed to the election's request key.
    ISSUE_REQUEST = "issue-request";
    /// A voting token, sealed to the device's delivery key.
    VOTING_TOKEN = "voting-token";

    // Devices.
    /// A device's ballot key of one election, from the device seed.
    DEVICE_BALLOT_KEY = "device-ballot-key";
    /// A device's delivery key of one election, from the device seed.
    DEVICE_DELIVERY_KEY = "device-delivery-key";

    // The key ring.
    /// Argon2id of the passphrase that unseals.
    PASSPHRASE = "passphrase";
    /// Associated data of an unsealed secret that a PKCS#11 token encrypted.
    RING_TOKEN = "ring-unsealed-by-token";
    /// Associated data of the unsealed secret that follows the one in force.
    RING_NEXT_UNSEALED = "ring-next-unsealed";
    /// The ring's key, from the unsealed secret and the ring secret.
    RING_KEY = "ring-key";
    /// The name of a ring secret, from the secret itself.
    RING_SECRET_ID = "ring-secret-id";
    /// Associated data of the wrapped root key.
    RING_ROOT = "ring-root";
    /// The key that wraps all others, from the root key.
    RING_WRAPPING_KEY = "ring-wrapper";
    /// Associated data of a wrapped key.
    RING_WRAPPING = "ring-wrapping";
    /// The key that authenticates the ring as a whole, from the root key.
    RING_SEAL_KEY = "ring-seal-key";
    /// The ring as a whole.
    RING_SEAL = "ring-content";
    /// A secp256k1 key that issues tokens, from an election's token key.
    ISSUER_KEY = "issuer-key";
    /// An X25519 key that requests are sealed to, from an election's request key.
    REQUEST_KEY = "request-key";

    // Audit.
    /// The subject of an audit leaf.
    AUDIT_SUBJECT = "audit-subject";
    /// The key that signs the audit log's checkpoints, from the audit key.
    AUDIT_CHECKPOINT = "audit-checkpoint";
    /// The key of audit subjects that belong to no election, from the audit key.
    AUDIT_SUBJECT_KEY = "audit-blinding-key";
}

/// The most bytes that one field may hold: far above any real input, far below what a label's text could
/// be mistaken for.
pub const MAX_FIELD: usize = 1 << 24;

/// The 4-byte length that stands before a field.
///
/// # Panics
/// If the field is longer than [`MAX_FIELD`]: inputs are bounded where they are parsed.
pub(crate) fn length(field: &[u8]) -> [u8; 4] {
    assert!(
        field.len() <= MAX_FIELD,
        "a field longer than any input may be"
    );
    u32::try_from(field.len())
        .expect("bounded just above")
        .to_be_bytes()
}

/// `label`, then each field as its 4-byte big-endian length and its bytes.
///
/// # Panics
/// If a field is longer than [`MAX_FIELD`]: inputs are bounded where they are parsed.
pub fn frame(label: Label, fields: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length_of_all = fields.iter().map(|field| 4 + field.len()).sum::<usize>();
    let mut framed = Zeroizing::new(Vec::with_capacity(label.as_bytes().len() + length_of_all));
    framed.extend_from_slice(label.as_bytes());
    for field in fields {
        framed.extend_from_slice(&length(field));
        framed.extend_from_slice(field);
    }
    framed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_label_is_shared_or_the_beginning_of_another() {
        for (name, label) in ALL {
            for (other_name, other) in ALL {
                let clash = name != other_name && other.as_str().starts_with(label.as_str());
                assert!(!clash, "{name} and {other_name}");
            }
        }
    }

    #[test]
    fn labels_are_plain_words() {
        for (_, label) in ALL {
            let purpose = label.as_str().strip_prefix("symbolon/v1/").unwrap();
            assert!(!purpose.is_empty());
            assert!(
                purpose
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            );
        }
    }

    #[test]
    fn a_frame_is_label_lengths_and_fields() {
        let framed = frame(PSEUDONYM, &[b"ab", b"", b"c"]);
        assert_eq!(
            framed.as_slice(),
            b"symbolon/v1/pseudonym\0\0\0\x02ab\0\0\0\0\0\0\0\x01c"
        );
    }

    proptest! {
        #[test]
        fn different_fields_frame_differently(
            one in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..4),
            two in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..4),
            first in 0..ALL.len(),
            second in 0..ALL.len(),
        ) {
            let framed = |label: Label, fields: &[Vec<u8>]| {
                frame(label, &fields.iter().map(Vec::as_slice).collect::<Vec<_>>()).to_vec()
            };
            let same_input = first == second && one == two;
            prop_assert_eq!(framed(ALL[first].1, &one) == framed(ALL[second].1, &two), same_input);
        }
    }
}
