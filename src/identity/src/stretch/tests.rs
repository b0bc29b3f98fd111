use std::time::{Duration, Instant};

use super::*;
use crate::canonical::{Canonical, Folds, Kind, canonical};
use crate::error::Error;

fn profile(memory_kib: u32) -> Profile {
    Profile {
        costs: Costs::new(memory_kib, 1, 1).unwrap(),
        salt: [7; 32],
    }
}

fn key(rule: u8, value: &str) -> MatchKey {
    let value: Canonical = canonical(Kind::Text, Folds::NONE, value)
        .map_err(|flaw| flaw.to_string())
        .unwrap();
    MatchKey::new(RuleId::from_bytes([rule; 32]), &[(Kind::Text, &value)])
}

fn keys(count: usize) -> Vec<MatchKey> {
    (0..count).map(|n| key(1, &n.to_string())).collect()
}

fn wait_until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn a_pool_stretches_as_one_hasher_does() {
    let pool = Pool::start(2, 16).unwrap();
    let stretched = pool.stretch(profile(64), keys(5)).await.unwrap();
    let mut hasher = Hasher::new(profile(64).costs);
    for (found, key) in stretched.iter().zip(keys(5)) {
        let expected = stretch(&mut hasher, &[7; 32], &key).unwrap();
        assert!(found.secret() == expected.secret());
        assert_eq!(found.rule(), key.rule());
    }
}

#[tokio::test]
async fn rule_salt_and_costs_change_the_result() {
    let pool = Pool::start(1, 16).unwrap();
    let mut seen = Vec::new();
    for (profile, rule) in [
        (profile(64), 1),
        (profile(64), 2),
        (profile(128), 1),
        (
            Profile {
                salt: [8; 32],
                ..profile(64)
            },
            1,
        ),
    ] {
        let stretched = pool
            .stretch(profile, vec![key(rule, "x")])
            .await
            .unwrap()
            .remove(0);
        assert!(
            seen.iter()
                .all(|other: &Stretched| other.secret() != stretched.secret())
        );
        seen.push(stretched);
    }
}

/// The bytes that the documentation gives, hashed by the Argon2 crate itself.
#[test]
fn the_construction_is_as_documented() {
    let mut input = b"symbolon/v1/stretch\0\0\0\x20".to_vec();
    input.extend([9; 32]);
    let match_key = b"symbolon/v1/match-key\0\0\0\x04text\0\0\0\x02ab";
    input.extend(u32::try_from(match_key.len()).unwrap().to_be_bytes());
    input.extend(match_key);
    let params = argon2::Params::new(64, 1, 1, Some(32)).unwrap();
    let mut expected = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(&input, &[7; 32], &mut expected)
        .unwrap();
    let found = stretch(&mut Hasher::new(profile(64).costs), &[7; 32], &key(9, "AB")).unwrap();
    assert_eq!(found.secret().expose(), &expected);
}

#[tokio::test]
async fn a_full_pool_says_when_to_come_back_and_takes_nothing_in_part() {
    let pool = std::sync::Arc::new(Pool::start(1, 8).unwrap());
    let slow = profile(65_536);
    let first = tokio::spawn({
        let pool = std::sync::Arc::clone(&pool);
        async move { pool.stretch(slow, keys(7)).await.map(|all| all.len()) }
    });
    tokio::task::yield_now().await;
    wait_until(|| pool.taken() > 0);
    let refused = pool.stretch(slow, keys(8)).await.map(drop);
    let Err(Error::Busy { retry_after }) = refused else {
        panic!("{refused:?}");
    };
    assert!((Duration::from_millis(50)..=Duration::from_secs(10)).contains(&retry_after));
    assert!(pool.taken() <= 7);
    assert_eq!(first.await.unwrap(), Ok(7));
    wait_until(|| pool.taken() == 0);
}

#[tokio::test]
async fn a_place_is_held_until_the_work_ends_though_the_caller_has_gone() {
    let pool = Pool::start(1, 8).unwrap();
    let slow = profile(65_536);
    let gone = tokio::time::timeout(Duration::from_millis(5), pool.stretch(slow, keys(8))).await;
    assert!(gone.is_err());
    assert!(pool.taken() > 0);
    assert!(matches!(
        pool.stretch(slow, keys(8)).await.map(drop),
        Err(Error::Busy { .. })
    ));
    wait_until(|| pool.taken() == 0);
    assert_eq!(
        pool.stretch(profile(64), keys(8))
            .await
            .map(|all| all.len()),
        Ok(8)
    );
}

#[tokio::test]
async fn a_crowd_is_served_or_sent_away_and_the_pool_recovers() {
    let pool = std::sync::Arc::new(Pool::start(2, 32).unwrap());
    let calls: Vec<_> = (0..500)
        .map(|n| {
            let pool = std::sync::Arc::clone(&pool);
            tokio::spawn(async move {
                let work = pool.stretch(profile(1024), keys(2));
                if n % 3 == 0 {
                    let _ = tokio::time::timeout(Duration::from_micros(10), work).await;
                    return Ok(0);
                }
                work.await.map(|all| all.len())
            })
        })
        .collect();
    let mut served = 0;
    for call in calls {
        assert!(pool.taken() <= pool.places());
        match call.await.unwrap() {
            Ok(count) => served += count,
            Err(error) => assert!(matches!(error, Error::Busy { .. })),
        }
    }
    assert!(served > 0);
    wait_until(|| pool.taken() == 0);
}

#[tokio::test]
async fn work_in_bulk_waits_for_its_turn_and_leaves_half_of_the_places_to_others() {
    let pool = std::sync::Arc::new(Pool::start(1, 32).unwrap());
    let rows: Vec<_> = (0..20)
        .map(|_| {
            let pool = std::sync::Arc::clone(&pool);
            tokio::spawn(
                async move { pool.stretch_in_turn(profile(4096), keys(4)).await.map(drop) },
            )
        })
        .collect();
    tokio::task::yield_now().await;
    wait_until(|| pool.taken() > 8);
    assert!(pool.taken() <= 16, "{}", pool.taken());
    assert!(pool.stretch(profile(64), keys(8)).await.is_ok());
    for row in rows {
        assert_eq!(row.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn a_pool_ends_with_the_work_at_hand() {
    let pool = Pool::start(1, 8).unwrap();
    let work = pool.stretch(profile(65_536), keys(8));
    assert!(
        tokio::time::timeout(Duration::from_millis(1), work)
            .await
            .is_err()
    );
    let begun = Instant::now();
    drop(pool);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_pool_is_bounded() {
    for (threads, places) in [(0, 8), (257, 8), (1, 7), (1, MAX_PLACES + 1)] {
        assert!(matches!(
            Pool::start(threads, places).map(drop),
            Err(Error::PoolSize)
        ));
    }
}
