use proptest::prelude::*;

use super::*;
use crate::entry::{MAX_CHOICE, MAX_ENTRY};

fn entries() -> Vec<Entry> {
    let election = election();
    vec![
        Entry::Manifest(signed(manifest())),
        Entry::RollStatement(signed(RollStatement {
            election,
            sequence: 0,
            size: 9,
            root: RollRoot::new([6; 32]),
        })),
        Entry::IssuerRotation(signed(IssuerRotation {
            election,
            current: key(ISSUER).address(),
            next: key(22).address(),
        })),
        Entry::Close(signed(Close {
            election,
            roll_size: 9,
            roll_root: RollRoot::new([6; 32]),
            issued: ContentHash::new([7; 32]),
        })),
        Entry::Certified(signed(Certified {
            election,
            ledger_size: u64::MAX,
            ledger_head: LedgerHead::new([8; 32]),
            tally_hash: TallyHash::new([9; 32]),
        })),
        Entry::Cancelled(signed(Cancelled { election })),
        Entry::Ballot(ballot(3, 41, 1, &[1, 2, 1, 1])),
    ]
}

#[test]
fn entries_read_back_under_their_tags() {
    let tags = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10];
    for (entry, tag) in entries().into_iter().zip(tags) {
        let bytes = entry.encode();
        assert_eq!(bytes[0], tag);
        assert_eq!(Entry::decode(&bytes).unwrap(), entry);
    }
}

#[test]
fn a_manifest_starts_with_the_offset_word_and_the_others_do_not() {
    let entries: Vec<_> = entries().iter().map(Entry::encode).collect();
    let mut offset = [0; 32];
    offset[31] = 0x20;
    assert_eq!(entries[0][2..34], offset);
    assert_eq!(entries[1][2..34], *election().as_bytes());
    assert_eq!(entries[5].len(), 2 + 32 + 2 * 64);
}

#[test]
fn a_ballot_is_packed() {
    let bytes = Entry::Ballot(ballot(3, 41, 1, &[1, 2, 1, 1])).encode();
    assert_eq!(bytes.len(), 92 + 4 + 128);
    assert_eq!(bytes[1..33], *election().as_bytes());
    assert_eq!(bytes[65..69], [0, 0, 0, 3]);
    assert_eq!(bytes[69..89], *key(41).address().as_bytes());
    assert_eq!(bytes[89..96], [1, 0, 4, 1, 2, 1, 1]);
}

#[test]
fn an_entry_hash_is_the_rfc_6962_leaf_hash() {
    let bytes = entries()[6].encode();
    let expected = symbolon_crypto::digest::sha256_of(&[&[0], &bytes]);
    assert_eq!(*entries()[6].hash().as_bytes(), expected);
}

#[test]
fn unknown_tags_nothing_and_too_much_are_refused() {
    assert_eq!(Entry::decode(&[]), Err(Error::Truncated { what: "entry" }));
    assert_eq!(Entry::decode(&[0x11]), Err(Error::UnknownTag(0x11)));
    assert!(Entry::decode(&[0x10; MAX_ENTRY + 1]).is_err());
}

#[test]
fn every_cut_and_every_trailing_byte_is_refused() {
    for entry in entries() {
        let bytes = entry.encode();
        for cut in 0..bytes.len() {
            assert!(
                Entry::decode(&bytes[..cut]).is_err(),
                "{cut} bytes of tag {}",
                bytes[0]
            );
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(Entry::decode(&longer).is_err());
    }
}

#[test]
fn another_offset_word_is_refused() {
    let mut bytes = entries()[0].encode();
    bytes[33] = 0x40;
    assert!(Entry::decode(&bytes).is_err());
}

#[test]
fn a_choice_beyond_the_limit_is_refused() {
    let mut long = ballot(3, 41, 1, &[]);
    long.choice = vec![0; MAX_CHOICE];
    assert!(Entry::decode(&long.to_entry()).is_ok());
    long.choice.push(0);
    assert!(Entry::decode(&long.to_entry()).is_err());
}

#[test]
fn a_zero_ballot_key_is_refused() {
    let mut bytes = entries()[6].encode();
    bytes[69..89].fill(0);
    assert!(Entry::decode(&bytes).is_err());
}

proptest! {
    #[test]
    fn a_mutated_entry_is_refused_or_encodes_to_itself(
        which in 0usize..7,
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        let original = entries()[which].clone();
        let mut bytes = original.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), bytes);
            prop_assert_ne!(entry, original);
        }
    }

    #[test]
    fn whatever_decodes_encodes_to_itself(
        tag in prop::sample::select(vec![1u8, 2, 3, 4, 5, 6, 0x10]),
        rest in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut bytes = vec![tag];
        bytes.extend(rest);
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), bytes);
        }
    }

    #[test]
    fn every_ballot_reads_back(
        ids in any::<([u8; 32], [u8; 32])>(),
        place in any::<u32>(),
        by in 1u8..,
        sequence in any::<u8>(),
        choice in prop::collection::vec(any::<u8>(), 0..300),
        signatures in any::<([u8; 32], [u8; 32])>(),
    ) {
        let signature = |half: [u8; 32]| {
            Signature::from_slice(&[half, half].concat()).unwrap()
        };
        let ballot = UnverifiedBallot {
            election: ElectionId::new(ids.0),
            voter_id: VoterId::new(ids.1),
            roll_index: RollIndex(place),
            ballot_key: Address::new([by; 20]).unwrap(),
            sequence,
            choice,
            token_signature: signature(signatures.0),
            ballot_signature: signature(signatures.1),
        };
        let entry = Entry::Ballot(ballot);
        prop_assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
    }

    #[test]
    fn every_manifest_reads_back(
        words in any::<([u8; 32], [u8; 32], [u8; 32])>(),
        times in any::<(u64, u64, u64, u64)>(),
        small in any::<(u8, u32, u16, u8, u8, u8, u8)>(),
        shape in prop::collection::vec(any::<u8>(), 0..70),
        officers in prop::collection::vec(1u8.., 0..5),
        gateways in prop::collection::vec(1u8.., 0..3),
    ) {
        let address = |byte: &u8| Address::new([*byte; 20]).unwrap();
        let manifest = Manifest {
            nonce: Nonce::new(words.0),
            content_hash: ContentHash::new(words.1),
            shape,
            opens: times.0,
            closes: times.1,
            grace: times.2,
            forget_after: times.3,
            max_ballots: small.0,
            roll_batch_min: small.1,
            ballot_batch_min: small.2,
            custody: small.3,
            anonymity: small.4,
            results: small.5,
            payload: small.6,
            tally_key: TallyKey::new(words.2),
            officers: officers.iter().map(address).collect(),
            gateways: gateways.iter().map(address).collect(),
            ..manifest()
        };
        prop_assert_eq!(&Manifest::abi_decode(&manifest.abi_encode()).unwrap(), &manifest);
        let statement = Statement::Manifest(manifest);
        let json = statement.to_typed_data(&domain());
        prop_assert_eq!(Statement::from_typed_data(&json).unwrap(), (statement, domain()));
    }
}
