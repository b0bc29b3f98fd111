use proptest::{prelude::*, sample::subsequence};
use symbolon_crypto::{SecretString, random};

use super::{format::Body, *};
use crate::Error;

const MADE: u8 = 6;

fn shared(threshold: u8) -> (SealedRing, RingSecret, Vec<Share>) {
    let rng = &mut random::os();
    let (ring, secret, shares) = Ring::create_shared(threshold, MADE, 100, rng).unwrap();
    let sealed = SealedRing::from_bytes(&ring.encode(&secret, rng)).unwrap();
    (sealed, secret, shares)
}

fn copy(share: &Share) -> Share {
    Share::parse(share.encode().expose()).unwrap()
}

#[test]
fn a_shared_ring_says_how_it_is_shared_and_reads_back() {
    let rng = &mut random::os();
    let (ring, secret, shares) = Ring::create_shared(3, MADE, 100, rng).unwrap();
    let bytes = ring.encode(&secret, rng);
    let body = &bytes[..bytes.len() - 32];
    assert_eq!(Body::parse(body).unwrap().encode(), body);
    let sharing = SealedRing::from_bytes(&bytes).unwrap().sharing().unwrap();
    assert_eq!((sharing.threshold, sharing.shares), (3, MADE));
    let numbers: Vec<_> = shares.iter().map(Share::number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let installation = ring.installation();
    assert!(shares.iter().all(|it| sharing.admits(installation, it)));
}

/// Every byte of the file: the threshold that an attacker lowers opens nothing either.
#[test]
fn an_altered_byte_anywhere_is_refused() {
    let rng = &mut random::os();
    let (ring, secret, shares) = Ring::create_shared(2, MADE, 100, rng).unwrap();
    let bytes = ring.encode(&secret, rng);
    let opens = |bytes: &[u8]| {
        let sealed = SealedRing::from_bytes(bytes);
        let opened = sealed.and_then(|it| it.unseal(&shares[..2], &secret));
        opened.is_ok()
    };
    assert!(opens(&bytes));
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 0x01;
        assert!(!opens(&altered), "byte {at}");
    }
}

#[test]
fn a_sharing_that_is_none_makes_no_ring() {
    for (threshold, shares) in [(1, 3), (4, 3), (0, 0)] {
        let made = Ring::create_shared(threshold, shares, 0, &mut random::os());
        assert!(made.is_err());
    }
}

#[test]
fn passphrase_and_shares_are_told_apart() {
    let (sealed, secret, _) = shared(2);
    let refused = sealed.unseal(&SecretString::new("word".into()), &secret);
    assert!(matches!(refused, Err(Error::OtherUnsealing)));
}

#[test]
fn duplicated_foreign_and_altered_shares_give_one_error() {
    let (sealed, secret, shares) = shared(3);
    let (_, _, others) = shared(3);
    let text = shares[1].encode();
    let (label, value) = (text.expose(), others[1].encode());
    let at = SHARE_BYTES - 64;
    let forged = [&label[..at], &value.expose()[at..]].concat();
    let forged = Share::parse(&forged).unwrap();
    for wrong in [copy(&shares[0]), copy(&others[1]), forged] {
        let given = [copy(&shares[0]), wrong, copy(&shares[2])];
        let refused = sealed.unseal(given.as_slice(), &secret);
        assert!(matches!(refused, Err(Error::DoesNotOpen)));
    }
    assert!(sealed.unseal(&shares[..3], &secret).is_ok());
    assert!(matches!(
        sealed.unseal(shares.as_slice(), &secret),
        Err(Error::DoesNotOpen)
    ));
}

#[test]
fn a_share_file_is_one_line_and_reads_back() {
    let (_, _, shares) = shared(2);
    let text = shares[4].encode();
    assert_eq!(text.len(), SHARE_BYTES + 1);
    let line = text.expose().strip_suffix(b"\n").unwrap();
    assert!(line.starts_with(b"symbolon-share-1:") && line.is_ascii());
    for read in [line.to_vec(), [line, b"\r\n"].concat()] {
        let read = Share::parse(&read).unwrap();
        assert_eq!(read.number(), 5);
        assert!(read.encode().expose() == text.expose());
    }
}

proptest! {
    #[test]
    fn any_threshold_of_the_shares_open_the_ring_and_one_fewer_does_not(
        (threshold, chosen) in (2..=MADE).prop_flat_map(|threshold| {
            let all: Vec<u8> = (0..MADE).collect();
            (Just(threshold), subsequence(all, usize::from(threshold)).prop_shuffle())
        }),
    ) {
        let (sealed, secret, shares) = shared(threshold);
        let chosen = chosen.iter().map(|at| copy(&shares[usize::from(*at)]));
        let chosen: Vec<_> = chosen.collect();
        prop_assert!(sealed.unseal(chosen.as_slice(), &secret).is_ok());
        let fewer = sealed.unseal(&chosen[1..], &secret);
        prop_assert!(matches!(fewer, Err(Error::DoesNotOpen)));
    }

    #[test]
    fn what_parses_as_a_share_is_what_is_written(at in 0..=SHARE_BYTES, byte in any::<u8>()) {
        let (_, _, shares) = shared(2);
        let text = shares[0].encode();
        let mut altered = text.expose().to_vec();
        altered[at] = byte;
        if let Ok(read) = Share::parse(&altered) {
            prop_assert!(read.encode().expose() == altered.as_slice());
        }
        prop_assert!(Share::parse(&text.expose()[..at]).is_err() || at == SHARE_BYTES);
    }
}
