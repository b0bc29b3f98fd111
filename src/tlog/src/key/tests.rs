use super::*;
use crate::note::Note;
use proptest::prelude::*;
use signed_note::{Signer as _, Verifier as _};

/// The example of Go's `golang.org/x/mod/sumdb/note`.
const SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

fn peter() -> LogKey {
    let key = SECRET.splitn(5, '+').last().unwrap();
    LogKey::new(
        "PeterNeumann",
        BASE64_STANDARD.decode(key).unwrap()[1..]
            .try_into()
            .unwrap(),
    )
    .unwrap()
}

#[test]
fn the_example_of_go_s_note_package_is_signed_alike() {
    assert_eq!(peter().verifier(KeyKind::Ed25519).to_string(), PUBLIC);
    assert_eq!(peter().sign(TEXT).to_line(), LINE);
    let key: VerifierKey = PUBLIC.parse().unwrap();
    assert_eq!(
        key.verify(TEXT, &NoteSignature::parse(LINE).unwrap())
            .unwrap(),
        None
    );
}

#[test]
fn signatures_pass_both_ways_with_signed_note() {
    let theirs = signed_note::StandardVerifier::new(PUBLIC).unwrap();
    let ours = peter().sign("text\n");
    assert_eq!(theirs.key_id(), ours.key_id());
    assert!(theirs.verify(b"text\n", ours.bytes()));
    let signer = signed_note::StandardSigner::new(SECRET).unwrap();
    let mut note = signed_note::Note::new(b"text\n", &[]).unwrap();
    note.add_sigs(&[&signer as &dyn signed_note::Signer])
        .unwrap();
    let note = Note::parse(&note.to_bytes()).unwrap();
    peter()
        .verifier(KeyKind::Ed25519)
        .verify(note.text(), &note.signatures()[0])
        .unwrap();
    assert_eq!(signer.name(), "PeterNeumann");
}

#[test]
fn a_cosignature_binds_time_and_text() {
    let key = peter().verifier(KeyKind::CosignatureV1);
    let line = peter().cosign(TEXT, 1_679_315_147).unwrap();
    assert_eq!(key.verify(TEXT, &line).unwrap(), Some(1_679_315_147));
    assert!(key.verify("other\n", &line).is_err());
    for place in 0..line.bytes().len() {
        let mut bytes = line.bytes().to_vec();
        bytes[place] ^= 1;
        assert!(
            key.verify(
                TEXT,
                &NoteSignature::new("PeterNeumann".into(), line.key_id(), bytes)
            )
            .is_err()
        );
    }
}

#[test]
fn a_signature_of_one_kind_isn_t_one_of_the_other() {
    let (plain, cosigner) = (
        peter().verifier(KeyKind::Ed25519),
        peter().verifier(KeyKind::CosignatureV1),
    );
    assert_ne!(plain.key_id(), cosigner.key_id());
    assert!(
        plain
            .verify(TEXT, &peter().cosign(TEXT, 1).unwrap())
            .is_err()
    );
    assert!(cosigner.verify(TEXT, &peter().sign(TEXT)).is_err());
}

#[test]
fn times_beyond_the_specification_don_t_exist() {
    assert!(peter().cosign(TEXT, 1 << 63).is_err());
    assert!(peter().cosign(TEXT, (1 << 63) - 1).is_ok());
}

#[test]
fn other_spellings_of_a_key_are_refused() {
    let cosigner = peter().verifier(KeyKind::CosignatureV1).to_string();
    assert!(cosigner.parse::<VerifierKey>().is_ok());
    let wrong = [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",
        "PeterNeumann+c74f20a3+",
    ];
    for text in wrong {
        assert!(text.parse::<VerifierKey>().is_err(), "{text}");
    }
}

#[test]
fn a_key_of_small_order_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(VerifierKey::new("n", KeyKind::Ed25519, &identity).is_err());
}

proptest! {
    #[test]
    fn a_key_survives_its_text(secret: [u8; 32], name in "[a-z./]{1,20}") {
        let key = LogKey::new(&name, &secret).unwrap();
        for kind in [KeyKind::Ed25519, KeyKind::CosignatureV1] {
            let public = key.verifier(kind);
            prop_assert_eq!(&public.to_string().parse::<VerifierKey>().unwrap(), &public);
        }
        let theirs = signed_note::StandardVerifier::new(&key.verifier(KeyKind::Ed25519).to_string()).unwrap();
        prop_assert_eq!(theirs.key_id(), key.verifier(KeyKind::Ed25519).key_id());
    }
}
