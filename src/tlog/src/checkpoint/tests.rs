use super::*;
use crate::hash::leaf_hash;
use proptest::prelude::*;

/// The example of C2SP tlog-checkpoint and tlog-cosignature.
const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

fn key(name: &str, byte: u8) -> LogKey {
    LogKey::new(name, &[byte; 32]).unwrap()
}

fn signed(size: u64) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new("log.example/1", size, leaf_hash(b"x")).unwrap();
    checkpoint.sign(&key("log.example/1", 1), 1000).unwrap()
}

#[test]
fn the_specification_s_example_is_read_and_printed_alike() {
    let signed = SignedCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(signed.checkpoint().origin(), "example.com/behind-the-sofa");
    assert_eq!(signed.checkpoint().size(), 20_852_163);
    assert_eq!(signed.to_text(), EXAMPLE);
    let theirs = tlog_tiles::Checkpoint::from_bytes(signed.note().text().as_bytes()).unwrap();
    assert_eq!(theirs.hash().0, *signed.checkpoint().root().as_bytes());
    let time = u64::from_be_bytes(
        signed.note().signatures()[1].bytes()[..8]
            .try_into()
            .unwrap(),
    );
    assert_eq!(time, 1_679_315_147);
}

#[test]
fn malformed_checkpoints_are_refused() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    assert!(Checkpoint::parse(&format!("o\n1\n{root}\n")).is_ok());
    let wrong = [
        String::new(),
        format!("o\n1\n{root}"),
        format!("o\n01\n{root}\n"),
        format!("o\n+1\n{root}\n"),
        format!("o\n-1\n{root}\n"),
        format!("o\n18446744073709551616\n{root}\n"),
        format!("o\n0\n{root}\n"),
        format!("o\n1\n{root}\nextension\n"),
        format!("o\n1\n{root}\n\n"),
        format!("\n1\n{root}\n"),
        format!("o \n1\n{root}\n"),
        format!("o\n1 \n{root}\n"),
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n".to_owned(),
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2\n".to_owned(),
        "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n".to_owned(),
    ];
    for text in wrong {
        assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
    }
    assert!(Checkpoint::parse("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").is_ok());
}

#[test]
fn a_log_signs_and_cosigns_its_checkpoint() {
    let log = key("log.example/1", 1);
    let read = SignedCheckpoint::parse(signed(5).to_text().as_bytes()).unwrap();
    assert_eq!(
        read.verify(&log.verifier(KeyKind::Ed25519)).unwrap().size(),
        5
    );
    assert_eq!(
        read.cosigned_at(&log.verifier(KeyKind::CosignatureV1))
            .unwrap(),
        Some(1000)
    );
    assert_eq!(
        read.cosigned_at(&key("other", 1).verifier(KeyKind::CosignatureV1))
            .unwrap(),
        None
    );
}

#[test]
fn a_checkpoint_of_another_log_or_key_isn_t_verified() {
    for other in [key("log.example/1", 2), key("log.example/2", 1)] {
        assert!(matches!(
            signed(5).verify(&other.verifier(KeyKind::Ed25519)),
            Err(Error::Unsigned(_))
        ));
    }
    let cosigner = key("log.example/1", 1).verifier(KeyKind::CosignatureV1);
    assert!(signed(5).verify(&cosigner).is_err());
    assert!(
        signed(5)
            .checkpoint()
            .clone()
            .sign(&key("log.example/2", 1), 1)
            .is_err()
    );
}

#[test]
fn the_earliest_and_the_latest_cosignature_stay() {
    let witness = key("witness.example", 3);
    let public = witness.verifier(KeyKind::CosignatureV1);
    let mut checkpoint = signed(5);
    let text = checkpoint.note().text().to_owned();
    let mut add = |time| {
        checkpoint
            .add_cosignature(&public, witness.cosign(&text, time).unwrap())
            .unwrap()
    };
    assert!(add(2000));
    assert!(!add(2000));
    assert!(add(3000));
    assert!(!add(2500));
    assert!(add(1500));
    assert!(add(4000));
    assert_eq!(checkpoint.cosigned_at(&public).unwrap(), Some(1500));
    assert_eq!(checkpoint.last_cosigned_at(&public).unwrap(), Some(4000));
    assert_eq!(checkpoint.note().signatures().len(), 4);
    let known = [public.clone()];
    assert_eq!(checkpoint.lines_of_others(&known).count(), 2);
    let foreign = witness.cosign("another text\n", 1).unwrap();
    assert!(checkpoint.add_cosignature(&public, foreign).is_err());
}

#[test]
fn of_two_lines_by_one_cosigner_the_earlier_time_counts() {
    let witness = key("witness.example", 3);
    let mut note = signed(5).note().clone();
    let text = note.text().to_owned();
    note.add(witness.cosign(&text, 2000).unwrap()).unwrap();
    note.add(witness.cosign(&text, 1200).unwrap()).unwrap();
    let read = SignedCheckpoint::parse(note.to_text().as_bytes()).unwrap();
    assert_eq!(
        read.cosigned_at(&witness.verifier(KeyKind::CosignatureV1))
            .unwrap(),
        Some(1200)
    );
}

proptest! {
    #[test]
    fn one_changed_byte_is_never_the_same_checkpoint(place: prop::sample::Index, byte: u8) {
        let good = signed(5).to_text().into_bytes();
        let mut bytes = good.clone();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        let log = key("log.example/1", 1);
        if let Ok(read) = SignedCheckpoint::parse(&bytes) {
            prop_assert_eq!(read.to_text().into_bytes(), bytes);
            let signed = read.verify(&log.verifier(KeyKind::Ed25519)).is_ok();
            let cosigned = matches!(read.cosigned_at(&log.verifier(KeyKind::CosignatureV1)), Ok(Some(_)));
            prop_assert!(!(signed && cosigned));
        }
    }
}
