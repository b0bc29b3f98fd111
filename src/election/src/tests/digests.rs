//! Known answers: the example of EIP-712 itself, and digests and signatures made by
//! eth-account 0.13.

use alloy_sol_types::{Eip712Domain, SolStruct};

use super::*;

alloy_sol_types::sol! {
    struct Person { string name; address wallet; }
    struct Mail { Person from; Person to; string contents; }
}

fn repeated(byte: u8) -> Address {
    Address::new([byte; 20]).unwrap()
}

/// From the EIP's own text and its `Example.js`.
#[test]
fn the_example_of_the_eip_has_its_digest() {
    let domain = Eip712Domain::new(
        Some("Ether Mail".into()),
        Some("1".into()),
        Some(alloy_primitives::U256::from(1)),
        Some(alloy_primitives::Address::from([0xcc; 20])),
        None,
    );
    let person = |name: &str, wallet: &str| Person {
        name: name.into(),
        wallet: wallet.parse().unwrap(),
    };
    let mail = Mail {
        from: person("Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
        to: person("Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"),
        contents: "Hello, Bob!".into(),
    };
    // The EIP's contract is 0xCcCC…cC, all of whose bytes are equal.
    let digest = mail.eip712_signing_hash(&domain);
    let expected = "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2";
    assert_eq!(hex::encode(digest), expected);
}

#[test]
fn our_digest_is_alloys_signing_hash() {
    alloy_sol_types::sol! { struct Cancelled { bytes32 election; } }
    let theirs = Cancelled {
        election: [7; 32].into(),
    };
    let ours = crate::Cancelled {
        election: ElectionId::new([7; 32]),
    };
    let domain = Domain::new(5, repeated(3));
    let alloy = Eip712Domain::new(
        Some("Symbolon".into()),
        Some("1".into()),
        Some(alloy_primitives::U256::from(5)),
        Some([3; 20].into()),
        None,
    );
    assert_eq!(
        *ours.digest(&domain).as_bytes(),
        theirs.eip712_signing_hash(&alloy).0
    );
}

#[test]
fn the_separator_of_a_log_is_that_of_eth_account() {
    let expected = "e72707511113df8f56d33957b4aa7f7156d3fd2efef7e6140725c3368069d736";
    assert_eq!(
        hex::encode(Domain::for_log("log.example").separator()),
        expected
    );
}

#[test]
fn a_manifest_has_the_digest_and_signature_of_eth_account() {
    let manifest = Manifest {
        shape: vec![3, 0, 1],
        max_ballots: 2,
        ballot_batch_min: 1,
        officers: vec![repeated(0x11), repeated(0x22)],
        threshold: 1,
        issuer: repeated(0x33),
        gateways: vec![repeated(0x44)],
        ..manifest()
    };
    let digest = "cfadda3da5b76def674f3ca76e982eb2f5a2f925180e0b99be2b50b91d3cd608";
    let signature = "947f68ddbaf09897ba4e9a395ae1038fa5b580d8b4d905d321286807ec7c57940a67f5fe6c10\
                     feba87d19af00a611edccbcc04e4c61ce454799c84a04dfb24a51c";
    check(&manifest, digest, signature);
}

#[test]
fn a_ballot_has_the_digest_and_signature_of_eth_account() {
    let ballot = Ballot {
        election: ElectionId::new([1; 32]),
        voter_id: VoterId::new([2; 32]),
        choice: vec![1, 2],
        sequence: 1,
    };
    let digest = "255065592602eec1ace302188f4398df526cb9f61c740a1f7ced75b5f93fd372";
    let signature = "b146d51300c47c3c114daae5fdcd012419c9fccda12db2ee92ca63b8b87a6f960e5d1065f7e4\
                     83e8f3f11b18e3c7a094ee6d3b9d79f646a28e4717cc6f837a011c";
    check(&ballot, digest, signature);
}

#[test]
fn a_verdict_has_the_digest_and_signature_of_eth_account() {
    let verdict = Verdict {
        installation: InstallationId::new([1; 32]),
        ticket: TicketId::new([2; 32]),
        same: true,
    };
    let digest = "e39cb3581a096cc20beb6a7fd6e5ed0c751d0b722f174814ff71a91858f86b7e";
    let signature = "a88a0b22837cbc043706b603c064c0e297291851990b6257988688fa1c0ec928460a7dea68bd\
                     4e99dc6f8c5a98c7ad83217aacfc8930ca6205b9bc246d2c0ca51c";
    check(&verdict, digest, signature);
}

fn check<T: Typed>(typed: &T, digest: &str, signature: &str) {
    let ours = typed.digest(&domain());
    assert_eq!(ours.to_string(), digest);
    assert_eq!(
        hex::encode(key(1).sign(ours.as_bytes()).to_rsv()),
        signature
    );
}

#[test]
fn field_lists_are_the_types() {
    fn types<T: Typed>() -> (String, String) {
        let fields: Vec<_> = T::FIELDS
            .iter()
            .map(|(kind, name)| format!("{kind} {name}"))
            .collect();
        (
            T::encode_type(),
            format!("{}({})", T::NAME, fields.join(",")),
        )
    }
    for (alloy, listed) in [
        types::<Manifest>(),
        types::<RollStatement>(),
        types::<IssueRequest>(),
        types::<VotingToken>(),
        types::<Ballot>(),
        types::<Receipt>(),
        types::<IssuerRotation>(),
        types::<Close>(),
        types::<Certified>(),
        types::<Cancelled>(),
        types::<Proposal>(),
        types::<Verdict>(),
    ] {
        assert_eq!(alloy, listed);
    }
}
