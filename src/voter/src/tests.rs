use proptest::prelude::*;
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_crypto::hpke::{HpkePublicKey, HpkeSecretKey};
use symbolon_crypto::{Secret, SecretString, labels, random};
use symbolon_election::{
    Authority, BallotKey, ContentHash, Domain, ElectionId, Issuers, Manifest, Nonce, Receipt,
    RequestKey, RequestPlaintext, RollIndex, Selections, SignedReceipt, TallyKey, TokenPlaintext,
    TrustFile, Typed, UnverifiedManifest, VerifiedManifest, VoterId, VotingToken,
};

use crate::*;

const OPENS: u64 = 1_000;
const CLOSES: u64 = 2_000;

fn signer(byte: u8) -> SigningKey {
    SigningKey::new(Secret::from_slice(&[byte; 32]).unwrap()).unwrap()
}

fn request_secret() -> HpkeSecretKey {
    HpkeSecretKey::new(Secret::from_slice(&[9; 32]).unwrap())
}

fn trust() -> TrustFile {
    TrustFile::for_log("City", "log.example", vec![signer(1).address()], 1).unwrap()
}

fn unverified() -> UnverifiedManifest {
    let statement = Manifest {
        nonce: Nonce::new([1; 32]),
        content_hash: ContentHash::new([2; 32]),
        shape: vec![3, 0, 1],
        opens: OPENS,
        closes: CLOSES,
        grace: 60,
        forget_after: 10_000,
        max_ballots: 2,
        roll_batch_min: 0,
        ballot_batch_min: 1,
        custody: 0,
        anonymity: 0,
        results: 0,
        tally_key: TallyKey::new([0; 32]),
        officers: vec![signer(1).address()],
        threshold: 1,
        issuer: signer(2).address(),
        request_key: RequestKey::new(*request_secret().public_key().as_bytes()),
        gateways: vec![signer(3).address()],
        ledger_keys: ContentHash::new([4; 32]),
        payload: 0,
    };
    let digest = statement.digest(&Domain::for_log("log.example"));
    let signatures = vec![signer(1).sign(digest.as_bytes())];
    UnverifiedManifest {
        statement,
        signatures,
    }
}

fn manifest() -> VerifiedManifest {
    unverified().verify(&trust()).unwrap()
}

fn seed(byte: u8) -> DeviceSeed {
    DeviceSeed::new(Secret::from_slice(&[byte; 16]).unwrap())
}

fn keys(byte: u8) -> ElectionKeys {
    seed(byte).keys(&manifest().election()).unwrap()
}

/// What a vault does with a sealed request.
fn answer(sealed: &[u8], issuer: &SigningKey) -> (BallotKey, Vec<u8>) {
    let manifest = manifest();
    let election = manifest.election();
    let opened = request_secret()
        .open(labels::ISSUE_REQUEST, election.as_bytes(), sealed)
        .unwrap();
    let request = RequestPlaintext::parse(opened.expose()).unwrap();
    let ballot_key = request.ballot_key(election, manifest.domain()).unwrap();
    let (voter_id, roll_index) = (VoterId::new([7; 32]), RollIndex(5));
    let token = VotingToken {
        election,
        voter_id,
        roll_index,
        ballot_key,
    };
    let signature = issuer.sign(token.digest(manifest.domain()).as_bytes());
    let plaintext = TokenPlaintext {
        voter_id,
        roll_index,
        signature,
    }
    .encode();
    let sealed = HpkePublicKey::from_bytes(*request.delivery_key.as_bytes())
        .seal(
            labels::VOTING_TOKEN,
            election.as_bytes(),
            &plaintext,
            &mut random::os(),
        )
        .unwrap();
    (ballot_key, sealed)
}

fn token(keys: &ElectionKeys) -> Token {
    let manifest = manifest();
    let sealed = request(keys, &manifest, OPENS, &mut random::os()).unwrap();
    let (ballot_key, answer) = answer(&sealed, &signer(2));
    assert_eq!(ballot_key, keys.ballot_key());
    open_token(keys, &manifest, &Issuers::new(&manifest), &answer).unwrap()
}

#[test]
fn a_device_gets_a_token_and_casts_a_ballot_with_a_receipt() {
    let (manifest, keys) = (manifest(), keys(1));
    let token = token(&keys);
    assert!(token.check_place(&VoterId::new([7; 32])).is_ok());
    assert!(matches!(
        token.check_place(&VoterId::new([8; 32])),
        Err(Error::NotInRoll)
    ));
    let selections = Selections::new(vec![vec![2]], manifest.shape()).unwrap();
    let ballot = cast(&keys, &manifest, &token, &selections, 1, CLOSES).unwrap();
    assert_eq!(ballot.issuer(), &signer(2).address());

    let receipt = Receipt {
        election: manifest.election(),
        ballot_digest: ballot.digest(),
        include_by: CLOSES + 60,
    };
    let signature = signer(3).sign(receipt.digest(manifest.domain()).as_bytes());
    let receipt =
        check_receipt(&manifest, &ballot, SignedReceipt::new(&receipt, signature)).unwrap();
    assert!(
        complain(ballot.fields(), &receipt)
            .verify(&manifest)
            .is_ok()
    );
}

#[test]
fn requests_and_tokens_have_one_length_each() {
    let (manifest, keys) = (manifest(), keys(1));
    let sealed = request(&keys, &manifest, OPENS, &mut random::os()).unwrap();
    assert_eq!(sealed.len(), SEALED_REQUEST);
    assert_eq!(answer(&sealed, &signer(2)).1.len(), SEALED_TOKEN);
}

#[test]
fn a_sealed_request_shows_neither_key() {
    let keys = keys(1);
    let sealed = request(&keys, &manifest(), OPENS, &mut random::os()).unwrap();
    let has = |part: &[u8]| sealed.windows(part.len()).any(|window| window == part);
    assert!(!has(keys.ballot_key().as_bytes()) && !has(keys.delivery_key().as_bytes()));
}

#[test]
fn a_token_of_a_stranger_is_refused() {
    let (manifest, keys) = (manifest(), keys(1));
    let sealed = request(&keys, &manifest, OPENS, &mut random::os()).unwrap();
    let (_, answer) = answer(&sealed, &signer(4));
    let opened = open_token(&keys, &manifest, &Issuers::new(&manifest), &answer);
    assert!(matches!(opened, Err(Error::Issuer)));
}

#[test]
fn a_token_for_another_device_does_not_open() {
    let (manifest, mine, other) = (manifest(), keys(1), keys(2));
    let sealed = request(&other, &manifest, OPENS, &mut random::os()).unwrap();
    let (_, answer) = answer(&sealed, &signer(2));
    let opened = open_token(&mine, &manifest, &Issuers::new(&manifest), &answer);
    assert!(matches!(opened, Err(Error::DoesNotOpen)));
}

#[test]
fn times_are_kept() {
    let (manifest, keys) = (manifest(), keys(1));
    let token = token(&keys);
    let late = request(&keys, &manifest, CLOSES + 1, &mut random::os());
    assert!(matches!(late, Err(Error::Closed)));
    let blank = Selections::new(vec![vec![]], manifest.shape()).unwrap();
    let at = |now| cast(&keys, &manifest, &token, &blank, 0, now);
    assert!(matches!(at(OPENS - 1), Err(Error::NotOpen)));
    assert!(at(OPENS).is_ok() && at(CLOSES).is_ok());
    assert!(matches!(at(CLOSES + 1), Err(Error::Closed)));
}

#[test]
fn an_election_that_nobody_vouches_for_gets_no_request() {
    let manifest = unverified().verify_alone(trust().domain()).unwrap();
    assert_eq!(manifest.authority(), Authority::Nothing);
    let refused = request(&keys(1), &manifest, OPENS, &mut random::os());
    assert!(matches!(refused, Err(Error::NotTrusted)));
}

#[test]
fn keys_of_another_election_are_refused() {
    let keys = seed(1).keys(&ElectionId::new([1; 32])).unwrap();
    let refused = request(&keys, &manifest(), OPENS, &mut random::os());
    assert!(matches!(refused, Err(Error::OtherElection)));
}

#[test]
fn a_sequence_at_the_maximum_is_refused() {
    let (manifest, keys) = (manifest(), keys(1));
    let token = token(&keys);
    let blank = Selections::new(vec![vec![]], manifest.shape()).unwrap();
    assert!(cast(&keys, &manifest, &token, &blank, 2, OPENS).is_err());
}

/// The first vector of BIP-39.
#[test]
fn a_recovery_code_is_the_words_of_bip_39() {
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                 abandon about";
    assert_eq!(seed(0).recovery_code().expose(), words);
}

#[test]
fn wrong_recovery_codes_are_refused_without_repeating_them() {
    for code in [
        "abandon ".repeat(12),
        "abandon ".repeat(11),
        "planted ".repeat(12),
    ] {
        let refused = DeviceSeed::from_recovery_code(&SecretString::new(code));
        let message = refused.err().unwrap().to_string();
        assert!(!message.contains("abandon") && !message.contains("planted"));
    }
}

proptest! {
    #[test]
    fn a_recovery_code_gives_the_seed_back(bits in any::<[u8; 16]>()) {
        let seed = DeviceSeed::new(Secret::from_slice(&bits).unwrap());
        let code = SecretString::new(format!(" {}\n", seed.recovery_code().expose().to_uppercase()));
        let again = DeviceSeed::from_recovery_code(&code).unwrap();
        prop_assert!(again.expose_secret() == seed.expose_secret());
    }

    #[test]
    fn keys_of_two_elections_differ(one in any::<[u8; 32]>(), two in any::<[u8; 32]>()) {
        prop_assume!(one != two);
        let keys = |id| seed(1).keys(&ElectionId::new(id)).unwrap();
        let (one, two) = (keys(one), keys(two));
        prop_assert!(one.ballot_key() != two.ballot_key());
        prop_assert!(one.delivery_key() != two.delivery_key());
    }
}
