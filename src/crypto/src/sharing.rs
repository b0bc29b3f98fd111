//! Shamir's secret sharing over GF(2⁸) with the polynomial of AES, byte by byte: `threshold` shares give the
//! secret, fewer tell nothing of it.
//!
//! A wrong share gives a wrong secret, and nothing here notices: whoever opens something with the secret does.
//! The arithmetic takes the same time for all values and looks nothing up in tables.

use vsss_rs::{Gf256, IdentifierGf256};
use zeroize::Zeroizing;

use crate::{Error, Secret, random::CryptoRng};

/// How many bytes the secret has, and each share.
pub const BYTES: usize = 32;

/// One share of a secret.
pub struct Share {
    /// Where the polynomials were evaluated: 1 to 255, different for each share.
    pub number: u8,
    /// What they gave there.
    pub value: Secret<BYTES>,
}

/// Shares a secret among `shares`, numbered from 1, of which any `threshold` give it back.
pub fn split(
    secret: &Secret<BYTES>,
    threshold: u8,
    shares: u8,
    rng: &mut impl CryptoRng,
) -> Result<Vec<Share>, Error> {
    let numbers = (1..=shares).map(|number| IdentifierGf256(Gf256(number)));
    let (needed, all) = (threshold.into(), shares.into());
    let secret = secret.expose().as_slice();
    let made = Gf256::split_bytes_with_participant_ids_iter(needed, all, secret, rng, numbers)
        .map_err(|_| Error::InvalidSharing)?;
    let made = made.into_iter().map(Zeroizing::new);
    made.map(|share| {
        let (number, value) = share.split_first().expect("a number before each value");
        Ok(Share {
            number: *number,
            value: Secret::from_slice(value)?,
        })
    })
    .collect()
}

/// The secret that these shares give, all of which are used.
pub fn combine<'a>(shares: impl IntoIterator<Item = &'a Share>) -> Result<Secret<BYTES>, Error> {
    let joined = |share: &Share| [&[share.number], share.value.expose().as_slice()].concat();
    let shares = Zeroizing::new(shares.into_iter().map(joined).collect::<Vec<_>>());
    let secret = Gf256::combine_bytes(shares.as_slice()).map_err(|_| Error::DoNotCombine)?;
    Secret::from_slice(&Zeroizing::new(secret))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::subsequence};

    use super::*;
    use crate::random;

    fn share(number: u8, byte: u8) -> Share {
        let value = Secret::init_with(|place| place.fill(byte));
        Share { number, value }
    }

    fn combined(shares: &[Share]) -> [u8; BYTES] {
        *combine(shares).unwrap().expose()
    }

    /// From the tests of codahale's shamir for Java, `GF256.interpolate`.
    #[test]
    fn known_answers_of_another_implementation() {
        let known = [([1, 2, 3], 0), ([80, 90, 20], 30), ([43, 22, 86], 107)];
        for (values, secret) in known {
            let shares: Vec<_> = (1..).zip(values).map(|(x, y)| share(x, y)).collect();
            assert_eq!(combined(&shares), [secret; BYTES]);
        }
    }

    /// Multiplication in GF(2⁸) as FIPS 197, section 4.2 has it: {57} • {83} = {c1}, {57} • {13} = {fe}. The
    /// line through (1, s + 57) and (83, s + c1) has the slope {57}.
    #[test]
    fn known_answers_of_fips_197() {
        for (slope, at, product) in [(0x57, 0x83, 0xc1), (0x57, 0x13, 0xfe)] {
            for secret in [0x00, 0x2a, 0xff] {
                let line = [share(1, secret ^ slope), share(at, secret ^ product)];
                assert_eq!(combined(&line), [secret; BYTES]);
            }
        }
    }

    #[test]
    fn a_sharing_that_is_none_is_refused() {
        let secret = Secret::random(&mut random::os());
        for (threshold, shares) in [(0, 0), (0, 3), (1, 1), (1, 3), (4, 3), (2, 1), (255, 254)] {
            let refused = split(&secret, threshold, shares, &mut random::os());
            assert!(matches!(refused, Err(Error::InvalidSharing)));
        }
        assert_eq!(
            split(&secret, 2, 255, &mut random::os()).unwrap().len(),
            255
        );
    }

    #[test]
    fn shares_of_one_number_or_of_number_zero_don_t_combine() {
        for wrong in [
            [share(1, 5), share(1, 5)],
            [share(1, 5), share(1, 6)],
            [share(0, 5), share(1, 5)],
        ] {
            assert!(matches!(combine(&wrong), Err(Error::DoNotCombine)));
        }
        assert!(matches!(combine(&[share(1, 5)]), Err(Error::DoNotCombine)));
        assert!(matches!(combine(&[]), Err(Error::DoNotCombine)));
    }

    /// With one share fewer each secret is as likely: a line to any secret goes through a single share.
    #[test]
    fn a_share_fewer_fits_every_secret() {
        let secret = Secret::random(&mut random::os());
        let mut shares = split(&secret, 2, 2, &mut random::os()).unwrap();
        let known = shares.remove(0);
        let mut seen: Vec<_> = (0..=255)
            .map(|guess| {
                combine(&[
                    share(2, guess),
                    Share {
                        number: 1,
                        value: known.value.duplicate(),
                    },
                ])
                .unwrap()
                .expose()[0]
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..=255).collect::<Vec<u8>>());
    }

    proptest! {
        #[test]
        fn any_threshold_of_the_shares_in_any_order_give_the_secret_and_fewer_do_not(
            (threshold, chosen) in (2_u8..=12).prop_flat_map(|shares| {
                let all: Vec<u8> = (0..shares).collect();
                (2..=shares).prop_flat_map(move |threshold| {
                    (Just(threshold), subsequence(all.clone(), usize::from(threshold)).prop_shuffle())
                })
            }),
            value in any::<[u8; BYTES]>(),
        ) {
            let secret = Secret::from_slice(&value).unwrap();
            let shares = split(&secret, threshold, 12, &mut random::os()).unwrap();
            let chosen: Vec<_> = chosen.into_iter().map(|at| &shares[usize::from(at)]).collect();
            let opened = combine(chosen.iter().copied()).unwrap();
            prop_assert_eq!(opened.expose(), &value);
            if threshold > 2 {
                let fewer = combine(chosen[1..].iter().copied()).unwrap();
                prop_assert_ne!(fewer.expose(), &value);
            }
        }
    }
}
