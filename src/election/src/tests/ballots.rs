use proptest::prelude::*;

use super::*;

const CHOICE: &[u8] = &[1, 2, 1, 1];

fn receipt(ballot: &VerifiedBallot, include_by: u64, by: u8) -> SignedReceipt {
    let receipt = Receipt {
        election: election(),
        ballot_digest: ballot.digest(),
        include_by,
    };
    let signature = key(by).sign(receipt.digest(&domain()).as_bytes());
    SignedReceipt::new(&receipt, signature)
}

#[test]
fn a_good_ballot_tells_its_issuer() {
    let ballot = ballot(3, 41, 2, CHOICE).verify(&verified()).unwrap();
    assert_eq!(ballot.issuer(), &key(ISSUER).address());
    assert!(ballot.selections().questions().eq([[2], [1]]));
    assert_eq!(
        ballot.entry_hash(),
        Entry::Ballot(ballot.fields().clone()).hash()
    );
}

#[test]
fn a_sequence_at_the_maximum_is_refused() {
    assert!(ballot(3, 41, 2, CHOICE).verify(&verified()).is_ok());
    assert!(ballot(3, 41, 3, CHOICE).verify(&verified()).is_err());
}

#[test]
fn a_choice_that_does_not_fit_is_refused() {
    for choice in [
        &[0, 0][..],
        &[2, 2, 1, 1, 1],
        &[1, 4, 1, 1],
        &[0, 1, 1, 0],
        &[],
    ] {
        assert!(
            ballot(3, 41, 0, choice).verify(&verified()).is_err(),
            "{choice:?}"
        );
    }
}

#[test]
fn the_signature_of_another_key_is_refused() {
    let mut forged = ballot(3, 41, 0, CHOICE);
    forged.ballot_signature = ballot(3, 42, 0, CHOICE).ballot_signature;
    assert_eq!(
        forged.verify(&verified()).unwrap_err(),
        Error::Signer { what: "Ballot" }
    );
}

#[test]
fn a_ballot_of_another_election_is_refused() {
    let mut other = ballot(3, 41, 0, CHOICE);
    other.election = ElectionId::new([8; 32]);
    let error = other.verify(&verified()).unwrap_err();
    assert_eq!(error, Error::OtherElection { what: "Ballot" });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Of a token with any bit flipped, somebody else would be the issuer.
    #[test]
    fn any_bit_flipped_is_refused_or_shows_a_stranger_as_issuer(
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let mut bytes = ballot(3, 41, 1, CHOICE).to_entry();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(Entry::Ballot(ballot)) = Entry::decode(&bytes)
            && let Ok(verified) = ballot.verify(&verified())
        {
            prop_assert_ne!(verified.issuer(), &key(ISSUER).address());
        }
    }
}

#[test]
fn a_receipt_of_a_gateway_in_time_is_good() {
    let ballot = ballot(3, 41, 0, CHOICE).verify(&verified()).unwrap();
    let verify = |receipt: SignedReceipt| receipt.verify(&verified());
    let good = verify(receipt(&ballot, 2_060, GATEWAY)).unwrap();
    assert!(good.covers(&ballot).is_ok());
    assert_eq!(good.gateway(), &key(GATEWAY).address());
    assert!(verify(receipt(&ballot, 2_061, GATEWAY)).is_err());
    assert!(verify(receipt(&ballot, 2_060, 32)).is_err());
}

#[test]
fn a_receipt_for_another_ballot_makes_no_complaint() {
    let (mine, other) = (ballot(3, 41, 0, CHOICE), ballot(3, 41, 1, CHOICE));
    let receipt = receipt(&other.verify(&verified()).unwrap(), 2_000, GATEWAY);
    assert!(
        Complaint {
            ballot: mine,
            receipt
        }
        .verify(&verified())
        .is_err()
    );
}

#[test]
fn a_complaint_reads_back_and_is_kept_by_ballots_of_the_same_key_and_higher_sequence() {
    let mine = ballot(3, 41, 1, CHOICE);
    let receipt = receipt(&mine.clone().verify(&verified()).unwrap(), 2_000, GATEWAY);
    let complaint = Complaint {
        ballot: mine,
        receipt,
    };
    assert_eq!(Complaint::parse(&complaint.to_json()).unwrap(), complaint);
    let complaint = complaint.verify(&verified()).unwrap();
    let keeps = |place, by, sequence| {
        complaint.kept_by(
            &ballot(place, by, sequence, CHOICE)
                .verify(&verified())
                .unwrap(),
        )
    };
    assert!(keeps(3, 41, 1) && keeps(3, 41, 2));
    assert!(!keeps(3, 41, 0) && !keeps(3, 42, 1) && !keeps(4, 41, 1));
}

#[test]
fn a_receipt_file_reads_back() {
    let ballot = ballot(3, 41, 0, CHOICE).verify(&verified()).unwrap();
    let receipt = receipt(&ballot, 2_000, GATEWAY);
    assert_eq!(SignedReceipt::parse(&receipt.to_json()).unwrap(), receipt);
}

#[test]
fn sealed_plaintexts_read_back_at_one_length() {
    let signature = key(41).sign(&[1; 32]);
    let request = RequestPlaintext {
        delivery_key: DeliveryKey::new([3; 32]),
        signature,
    };
    assert!(RequestPlaintext::parse(&request.encode()).unwrap() == request);
    assert!(RequestPlaintext::parse(&[0; 95]).is_err());
    assert!(RequestPlaintext::parse(&[0; 97]).is_err());
    let token = TokenPlaintext {
        voter_id: voter(5),
        roll_index: RollIndex(5),
        signature,
    };
    assert!(TokenPlaintext::parse(&token.encode()).unwrap() == token);
    assert!(TokenPlaintext::parse(&[0; 99]).is_err());
}

#[test]
fn a_request_names_the_ballot_key_for_its_own_election_only() {
    let delivery_key = DeliveryKey::new([3; 32]);
    let request = IssueRequest {
        election: election(),
        delivery_key,
    };
    let signature = key(41).sign(request.digest(&domain()).as_bytes());
    let plaintext = RequestPlaintext {
        delivery_key,
        signature,
    };
    let named = plaintext.ballot_key(election(), &domain()).unwrap();
    assert_eq!(named, key(41).address());
    let elsewhere = plaintext.ballot_key(ElectionId::new([8; 32]), &domain());
    assert_ne!(elsewhere.ok(), Some(key(41).address()));
}
