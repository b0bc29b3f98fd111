//! From one way of unsealing to another: whatever happens in whatever order, what should open the ring does,
//! and nothing else.

use std::fs;

use proptest::prelude::*;
use symbolon_crypto::{SecretString, password::Costs, random};
use symbolon_election::Nonce;

use super::*;
use crate::{MadeWay, NewWay, Share};

/// What somebody holds that should open the ring, or did.
enum Held {
    Words(SecretString),
    Shares(Vec<Share>),
}

impl Held {
    fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::Words(words) => words.into(),
            Self::Shares(shares) => shares.as_slice().into(),
        }
    }
}

fn words(number: usize) -> SecretString {
    SecretString::new(format!("correct horse {number}"))
}

fn cheap() -> Costs {
    Costs::new(64, 1, 1).unwrap()
}

/// A new way: by words if the number is even, by two of three shares if not.
fn way(ring: &Ring, number: usize) -> (MadeWay, Held) {
    let rng = &mut random::os();
    let passphrase = &words(number);
    let new = match number % 2 {
        0 => NewWay::Passphrase {
            passphrase,
            costs: cheap(),
        },
        _ => NewWay::Shares {
            threshold: 2,
            shares: 3,
        },
    };
    let mut made = MadeWay::new(ring.installation(), new, rng).unwrap();
    let mut shares = made.take_shares();
    let held = match number % 2 {
        0 => Held::Words(words(number)),
        _ => Held::Shares(shares.drain(1..).collect()),
    };
    (made, held)
}

/// A ring on disk, and who should be able to open it.
struct World {
    _folder: tempfile::TempDir,
    files: RingFiles,
    ring: Ring,
    current: Held,
    next: Option<Held>,
    /// What opened it before, or never came to.
    past: Vec<Held>,
    made: usize,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = RingFiles::new(folder.path().join("ring"), folder.path().join("secret"));
        let rng = &mut random::os();
        let (ring, secret) = Ring::create(&words(0), cheap(), 0, rng).unwrap();
        files.create(&ring, &secret, rng).unwrap();
        Self {
            _folder: folder,
            files,
            ring,
            current: Held::Words(words(0)),
            next: None,
            past: Vec::new(),
            made: 0,
        }
    }

    /// Changes the ring, or dies after so many steps of it; whether it is done.
    fn change(
        &mut self,
        dies_after: Option<usize>,
        edit: impl FnOnce(&mut Edit) -> Result<(), Error>,
    ) -> bool {
        let (next, steps, ()) = self
            .files
            .plan(&self.ring, &mut random::os(), edit)
            .unwrap();
        let count = dies_after.map_or(steps.len(), |count| count % (steps.len() + 1));
        steps::run(&steps[..count]).unwrap();
        let ring = self.files.read().unwrap();
        let done = ring.revision() == next.revision();
        if count == steps.len() {
            self.ring = next;
        }
        done
    }

    fn begin(&mut self, dies_after: Option<usize>) {
        self.made += 1;
        let (made, held) = way(&self.ring, self.made);
        match self.change(dies_after, |edit| edit.begin_move(made)) {
            true => self.past.extend(self.next.replace(held)),
            false => self.past.push(held),
        }
    }

    fn cancel(&mut self, dies_after: Option<usize>) {
        if self.change(dies_after, |edit| {
            edit.cancel_move();
            Ok(())
        }) {
            self.past.extend(self.next.take());
        }
    }

    fn prove(&mut self, dies_after: Option<usize>) {
        let Some(next) = &self.next else { return };
        let proven = self.files.prove(next.unlock()).unwrap();
        if self.change(dies_after, |edit| edit.finish_move(proven)) {
            self.moved();
        }
    }

    fn moved(&mut self) {
        let next = self.next.take().unwrap();
        self.past.push(std::mem::replace(&mut self.current, next));
    }

    /// A process that died comes back, unsealed the one or the other way.
    fn reopen(&mut self, by_next: bool, dies_after: Option<usize>) {
        let by_next = by_next && self.next.is_some();
        let held = match &self.next {
            Some(next) if by_next => next,
            _ => &self.current,
        };
        self.ring = self.files.unseal(held.unlock()).unwrap();
        assert_eq!(self.ring.has_moved(), by_next);
        // The vault settles it at once.
        if by_next && self.change(dies_after, |_| Ok(())) {
            self.moved();
        }
    }

    fn check(&self) {
        for held in [Some(&self.current), self.next.as_ref()]
            .into_iter()
            .flatten()
        {
            assert!(self.files.unseal(held.unlock()).is_ok());
        }
        for held in &self.past {
            assert!(self.files.unseal(held.unlock()).is_err());
        }
        assert_eq!(
            self.files.read().unwrap().next_way().is_some(),
            self.next.is_some()
        );
    }
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Begin,
    Cancel,
    Prove,
    Reopen { by_next: bool },
    Mint,
    Forget,
}

fn moves() -> impl Strategy<Value = Vec<(Move, Option<usize>)>> {
    let one = prop_oneof![
        3 => Just(Move::Begin),
        1 => Just(Move::Cancel),
        3 => Just(Move::Prove),
        1 => any::<bool>().prop_map(|by_next| Move::Reopen { by_next }),
        1 => Just(Move::Mint),
        1 => Just(Move::Forget),
    ];
    let dies = prop_oneof![2 => Just(None), 1 => (0..4_usize).prop_map(Some)];
    prop::collection::vec((one, dies), 1..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_should_open_a_ring_does_and_nothing_else(moves in moves()) {
        let mut world = World::new();
        let nonce = Nonce::new([3; 32]);
        for (step, dies_after) in moves {
            match step {
                Move::Begin => world.begin(dies_after),
                Move::Cancel => world.cancel(dies_after),
                Move::Prove => world.prove(dies_after),
                Move::Reopen { by_next } => world.reopen(by_next, dies_after),
                Move::Mint | Move::Forget => {
                    let known = world.ring.election(&nonce).is_some();
                    let forgotten = !known && world.ring.keys().any(|key| key.purpose.election().is_some());
                    let mint = matches!(step, Move::Mint);
                    if mint == known || forgotten {
                        continue;
                    }
                    world.change(dies_after, |edit| match mint {
                        true => edit.mint_election(nonce, 1, &mut random::os()),
                        false => edit.forget_election(&nonce, 2),
                    });
                }
            }
            world.check();
            if dies_after.is_some() {
                world.reopen(false, None);
            }
        }
    }
}

#[test]
fn the_old_way_opens_until_the_new_one_has_and_a_copy_of_before_wants_the_ring_secret_of_before() {
    for by_restart in [false, true] {
        let mut world = World::new();
        world.begin(None);
        world.check();
        let (ring, secret) = (world.files.ring_path(), world.files.secret_path());
        let before = (fs::read(ring).unwrap(), fs::read(secret).unwrap());
        match by_restart {
            true => world.reopen(true, None),
            false => world.prove(None),
        }
        world.check();
        let (ring, secret) = (world.files.ring_path(), world.files.secret_path());
        assert_ne!(fs::read(secret).unwrap(), before.1);
        keyfile::replace_atomically(ring, &before.0, 0o600).unwrap();
        for held in [&world.past[0], &world.current] {
            assert!(matches!(
                world.files.unseal(held.unlock()),
                Err(Error::OtherRingSecret { .. })
            ));
        }
        keyfile::replace_atomically(secret, &before.1, 0o600).unwrap();
        for held in [&world.past[0], &world.current] {
            assert!(world.files.unseal(held.unlock()).is_ok());
        }
    }
}

#[test]
fn a_way_that_was_replaced_or_withdrawn_proves_nothing() {
    let mut world = World::new();
    assert!(matches!(
        world.files.prove(&words(2)),
        Err(Error::NoSuchWay)
    ));
    world.begin(None);
    let first = world.ring.next_way().unwrap();
    world.begin(None);
    assert!(world.files.prove(world.past[0].unlock()).is_err());
    // The way in force is no proof of the one that follows.
    assert!(world.files.prove(world.current.unlock()).is_err());
    let finished = world
        .files
        .update(&mut world.ring, &mut random::os(), |edit| {
            edit.finish_move(first)
        });
    assert!(matches!(finished, Err(Error::NoSuchWay)));
    world.check();
    world.cancel(None);
    world.check();
}

#[test]
fn an_altered_byte_of_a_ring_with_two_ways_is_refused_both_ways() {
    let mut world = World::new();
    world.begin(None);
    let bytes = fs::read(world.files.ring_path()).unwrap();
    let next = world.next.as_ref().unwrap();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 0x01;
        keyfile::replace_atomically(world.files.ring_path(), &altered, 0o600).unwrap();
        assert!(
            world.files.unseal(world.current.unlock()).is_err(),
            "byte {at}"
        );
        assert!(world.files.unseal(next.unlock()).is_err(), "byte {at}");
    }
}
