use proptest::prelude::*;
use symbolon_crypto::{SecretString, password::Costs, random};
use symbolon_election::Nonce;

use super::{format::Body, *};
use crate::{Epoch, Error, KeyId, KeyState, Purpose, Root};

fn cheap() -> Costs {
    Costs::new(64, 1, 1).unwrap()
}

fn passphrase() -> SecretString {
    SecretString::new("correct horse battery staple".into())
}

fn edited<T>(ring: &Ring, edit: impl FnOnce(&mut Edit) -> Result<T, Error>) -> Result<Ring, Error> {
    let mut draft = Edit::of(ring);
    edit(&mut draft)?;
    Ok(draft.finish()?.ring)
}

/// A ring with a key of every purpose and in every state.
fn rich() -> (Ring, RingSecret) {
    let rng = &mut random::os();
    let (ring, secret) = Ring::create(&passphrase(), cheap(), 100, rng).unwrap();
    let ring = edited(&ring, |edit| {
        edit.mint(Purpose::PortalDomain("city".parse().unwrap()), 110, rng)?;
        edit.mint(
            Purpose::PortalDomain("a-library".parse().unwrap()),
            111,
            rng,
        )?;
        edit.mint_election(Nonce::new([1; 32]), 120, rng)?;
        edit.mint_election(Nonce::new([2; 32]), 121, rng)?;
        let next = edit.prepare(Purpose::Index, 130, rng)?;
        edit.activate(next, 131)?;
        let next = edit.prepare(Purpose::Sealing, 132, rng)?;
        edit.destroy(next, 133)?;
        edit.prepare(Purpose::Index, 134, rng)?;
        edit.forget_election(&Nonce::new([2; 32]), 140)
    });
    (ring.unwrap(), secret)
}

fn infos(ring: &Ring) -> Vec<crate::KeyInfo> {
    ring.keys().cloned().collect()
}

#[test]
fn a_written_ring_reads_back() {
    let (ring, secret) = rich();
    let bytes = ring.encode(&secret, &mut random::os());
    let sealed = SealedRing::from_bytes(&bytes).unwrap();
    assert_eq!(sealed.keys().cloned().collect::<Vec<_>>(), infos(&ring));
    assert_eq!(sealed.installation(), ring.installation());
    assert_eq!(sealed.revision(), 2);
    let opened = sealed.unseal(&passphrase(), &secret).unwrap();
    assert_eq!(infos(&opened), infos(&ring));
    let root = Root::random(&mut random::os());
    let (one, two) = (&Nonce::new([1; 32]), &"city".parse().unwrap());
    assert_eq!(
        opened.election(one).unwrap().voter_id(&root),
        ring.election(one).unwrap().voter_id(&root)
    );
    assert!(
        opened.portal_domain(two).unwrap().registration_id(&root)
            == ring.portal_domain(two).unwrap().registration_id(&root)
    );
}

#[test]
fn a_parsed_body_is_written_as_it_was_read() {
    let (ring, secret) = rich();
    let bytes = ring.encode(&secret, &mut random::os());
    let body = &bytes[..bytes.len() - 32];
    assert_eq!(Body::parse(body).unwrap().encode(), body);
}

#[test]
fn a_wrong_passphrase_doesn_t_open() {
    let (ring, secret) = rich();
    let sealed = SealedRing::from_bytes(&ring.encode(&secret, &mut random::os())).unwrap();
    let refused = sealed.unseal(
        &SecretString::new("correct horse battery stable".into()),
        &secret,
    );
    assert!(matches!(refused, Err(Error::DoesNotOpen)));
}

#[test]
fn another_ring_secret_is_named_as_the_fault() {
    let (ring, secret) = rich();
    let sealed = SealedRing::from_bytes(&ring.encode(&secret, &mut random::os())).unwrap();
    let refused = sealed.unseal(&passphrase(), &RingSecret::random(&mut random::os()));
    assert!(matches!(refused, Err(Error::OtherRingSecret { wanted }) if wanted == secret.id()));
}

/// Every byte of the file, altered in two ways, and every length but the right one.
#[test]
fn an_altered_byte_anywhere_is_refused() {
    let (ring, secret) = rich();
    let bytes = ring.encode(&secret, &mut random::os());
    let opens = |bytes: &[u8]| {
        SealedRing::from_bytes(bytes)
            .and_then(|sealed| sealed.unseal(&passphrase(), &secret))
            .is_ok()
    };
    assert!(opens(&bytes));
    for at in 0..bytes.len() {
        for mask in [0x01, 0x80] {
            let mut altered = bytes.clone();
            altered[at] ^= mask;
            assert!(!opens(&altered), "byte {at}, mask {mask:02x}");
        }
        assert!(!opens(&bytes[..at]), "cut at {at}");
    }
    assert!(!opens(&[bytes.as_slice(), &[0]].concat()));
}

/// An attacker who could compute the HMAC at the end still couldn't swap or move a wrapped key.
#[test]
fn a_wrapped_key_opens_under_its_own_name_only() {
    let (ring, secret) = rich();
    let bytes = ring.encode(&secret, &mut random::os());
    let opens = |body: &Body| {
        let mut bytes = body.encode();
        bytes.extend(sealed::seal(&ring.root, &bytes).declassify());
        SealedRing::from_bytes(&bytes)
            .and_then(|sealed| sealed.unseal(&passphrase(), &secret))
            .is_ok()
    };
    let parse = || Body::parse(&bytes[..bytes.len() - 32]).unwrap();
    assert!(opens(&parse()));

    let live: Vec<_> = (0..parse().keys.len())
        .filter(|at| parse().keys[*at].1.is_some())
        .collect();
    for (nth, at) in live.iter().enumerate() {
        for other in &live[nth + 1..] {
            let mut swapped = parse();
            let (one, two) = (swapped.keys[*at].1, swapped.keys[*other].1);
            (swapped.keys[*at].1, swapped.keys[*other].1) = (two, one);
            assert!(!opens(&swapped), "{at} and {other}");
        }
        let mut renamed = parse();
        renamed.keys[*at].0.id = KeyId::new([9; 16]);
        assert!(!opens(&renamed));
        let mut aged = parse();
        aged.keys[*at].0.epoch = Epoch(77);
        assert!(!opens(&aged));
    }
    let mut revised = parse();
    revised.header.revision += 1;
    assert!(!opens(&revised));
}

#[test]
fn a_ring_of_another_version_is_named() {
    let (ring, secret) = rich();
    let mut bytes = ring.encode(&secret, &mut random::os());
    bytes[14] = 2;
    assert!(matches!(
        SealedRing::from_bytes(&bytes),
        Err(Error::OtherVersion(2))
    ));
    assert!(matches!(
        SealedRing::from_bytes(&[0; 200]),
        Err(Error::NotARing)
    ));
    assert!(matches!(SealedRing::from_bytes(b""), Err(Error::NotARing)));
}

#[test]
fn an_inflated_cost_is_refused_before_any_memory_is_taken() {
    let (ring, secret) = rich();
    let mut bytes = ring.encode(&secret, &mut random::os());
    let memory = 13 + 2 + 32 + 8 + 16 + 1;
    assert_eq!(bytes[memory..memory + 4], 64u32.to_be_bytes());
    bytes[memory] = 0xff;
    let refused = SealedRing::from_bytes(&bytes);
    assert!(matches!(
        refused,
        Err(Error::Crypto(symbolon_crypto::Error::CostOutOfRange { .. }))
    ));
}

#[test]
fn a_new_ring_has_the_keys_that_a_vault_can_t_do_without() {
    let (ring, _) = Ring::create(&passphrase(), cheap(), 100, &mut random::os()).unwrap();
    let active: Vec<_> = ring
        .keys()
        .map(|key| (key.purpose.clone(), key.state))
        .collect();
    let expected =
        [Purpose::Index, Purpose::Sealing, Purpose::Audit].map(|it| (it, KeyState::Active));
    assert_eq!(active, expected);
    assert_eq!(ring.revision(), 1);
}

#[test]
fn look_ups_go_over_every_live_epoch_and_the_active_one_comes_first() {
    let (ring, _) = rich();
    let epochs: Vec<_> = ring
        .live_index_keys()
        .iter()
        .map(|key| key.epoch().0)
        .collect();
    assert_eq!(epochs, [2, 1, 3]);
    assert_eq!(ring.active_index_key().epoch(), Epoch(2));
}

#[test]
fn a_forgotten_election_has_no_keys_and_is_never_minted_again() {
    let (ring, _) = rich();
    let nonce = Nonce::new([2; 32]);
    assert!(ring.election(&nonce).is_none());
    let again = edited(&ring, |edit| {
        edit.mint_election(nonce, 150, &mut random::os())
    });
    assert!(matches!(
        again,
        Err(Error::Forgotten(Purpose::ElectionDomain(_)))
    ));
    let twice = edited(&ring, |edit| edit.forget_election(&nonce, 150));
    assert!(matches!(twice, Err(Error::NoSuchKey)));
}

#[test]
fn a_live_key_is_not_minted_twice() {
    let (ring, _) = rich();
    for purpose in [
        Purpose::Index,
        Purpose::PortalDomain("city".parse().unwrap()),
    ] {
        let twice = edited(&ring, |edit| edit.mint(purpose, 150, &mut random::os()));
        assert!(matches!(twice, Err(Error::AlreadyThere(_))));
    }
}

#[test]
fn domains_are_never_rotated() {
    let (ring, _) = rich();
    for purpose in [
        Purpose::PortalDomain("city".parse().unwrap()),
        Purpose::ElectionDomain(Nonce::new([1; 32])),
    ] {
        let next = edited(&ring, |edit| edit.prepare(purpose, 150, &mut random::os()));
        assert!(matches!(next, Err(Error::NeverRotated(_))));
    }
}

#[test]
fn active_keys_that_the_vault_can_t_do_without_are_not_destroyed() {
    let (ring, _) = rich();
    for id in [
        ring.active_index_key().id(),
        ring.active_sealing_key().id(),
        ring.active_audit_key().id(),
    ] {
        let gone = edited(&ring, |edit| edit.destroy(id, 150));
        assert!(matches!(
            gone,
            Err(Error::WrongState {
                state: KeyState::Active,
                ..
            })
        ));
    }
    let retiring = ring
        .keys()
        .find(|key| key.state == KeyState::Retiring)
        .unwrap()
        .id;
    let ring = edited(&ring, |edit| edit.destroy(retiring, 150)).unwrap();
    assert_eq!(ring.key(retiring).unwrap().state, KeyState::Destroyed);
    assert_eq!(ring.live_index_keys().len(), 2);
}

#[test]
fn a_rotated_token_key_is_another_issuer_for_the_same_voter_ids() {
    let (ring, _) = rich();
    let nonce = Nonce::new([1; 32]);
    let rng = &mut random::os();
    let mut next = None;
    let prepared = edited(&ring, |edit| {
        next = Some(edit.prepare(Purpose::ElectionToken(nonce), 150, rng)?);
        Ok(())
    });
    let (prepared, next) = (prepared.unwrap(), next.unwrap());
    let rotated = edited(&prepared, |edit| edit.activate(next, 151)).unwrap();
    let keys = [&ring, &prepared, &rotated].map(|ring| ring.election(&nonce).unwrap());
    let [before, waiting, after] = &keys;
    let (first, second) = (before.issuer().address(), after.issuer().address());
    assert_ne!(first, second);
    assert!(before.next_issuer().is_none() && after.next_issuer().is_none());
    assert_eq!(waiting.issuer().address(), first);
    assert_eq!(waiting.next_issuer().unwrap().address(), second);
    assert!(before.issuer_of(&second).is_none());
    for keys in [waiting, after] {
        assert_eq!(keys.issuer_of(&first).unwrap().address(), first);
        assert_eq!(keys.issuer_of(&second).unwrap().address(), second);
    }
    assert_eq!(before.request_key(), after.request_key());
    let root = Root::random(rng);
    assert_eq!(before.voter_id(&root), after.voter_id(&root));
}

#[test]
fn a_portal_s_domain_can_begin_anew_after_its_end() {
    let (ring, _) = rich();
    let portal = "city".parse().unwrap();
    let purpose = Purpose::PortalDomain("city".parse().unwrap());
    let id = ring.keys().find(|key| key.purpose == purpose).unwrap().id;
    let gone = edited(&ring, |edit| edit.destroy(id, 150)).unwrap();
    assert!(gone.portal_domain(&portal).is_none());
    let anew = edited(&gone, |edit| edit.mint(purpose, 160, &mut random::os())).unwrap();
    let root = Root::random(&mut random::os());
    let id_of = |ring: &Ring| ring.portal_domain(&portal).unwrap().registration_id(&root);
    assert!(id_of(&anew) != id_of(&ring));
    assert_eq!(anew.portals().count(), 2);
}

/// One step that somebody may try.
#[derive(Clone, Debug)]
enum Move {
    Mint(u8),
    Prepare(u8),
    Activate(usize),
    Destroy(usize),
    Forget(u8),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        (0..7u8).prop_map(Move::Mint),
        (0..7u8).prop_map(Move::Prepare),
        (0..20usize).prop_map(Move::Activate),
        (0..20usize).prop_map(Move::Destroy),
        (0..2u8).prop_map(Move::Forget),
    ];
    proptest::collection::vec(one, 0..40)
}

fn purpose(number: u8) -> Purpose {
    let nonce = Nonce::new([0; 32]);
    match number {
        0 => Purpose::Index,
        1 => Purpose::Sealing,
        2 => Purpose::PortalDomain("city".parse().unwrap()),
        3 => Purpose::Audit,
        4 => Purpose::ElectionDomain(nonce),
        5 => Purpose::ElectionToken(nonce),
        _ => Purpose::ElectionRequest(nonce),
    }
}

fn attempt(edit: &mut Edit, ids: &[KeyId], step: Move, now: u64) -> Result<(), Error> {
    let rng = &mut random::os();
    let id = |at: usize| ids[at % ids.len()];
    match step {
        Move::Mint(number) => edit.mint(purpose(number), now, rng).map(drop),
        Move::Prepare(number) => edit.prepare(purpose(number), now, rng).map(drop),
        Move::Activate(at) => edit.activate(id(at), now),
        Move::Destroy(at) => edit.destroy(id(at), now),
        Move::Forget(byte) => edit.forget_election(&Nonce::new([byte; 32]), now),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is tried in whatever order: what is allowed leaves a ring that holds and reads back.
    #[test]
    fn no_order_of_changes_breaks_a_ring(moves in moves()) {
        let (mut ring, secret) = Ring::create(&passphrase(), cheap(), 0, &mut random::os()).unwrap();
        for (now, step) in (1..).zip(moves) {
            let ids: Vec<_> = ring.keys().map(|key| key.id).collect();
            if let Ok(next) = edited(&ring, |edit| attempt(edit, &ids, step, now)) {
                ring = next;
            }
        }
        let bytes = ring.encode(&secret, &mut random::os());
        let opened = SealedRing::from_bytes(&bytes).unwrap().unseal(&passphrase(), &secret).unwrap();
        prop_assert_eq!(infos(&opened), infos(&ring));
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(SealedRing::from_bytes(&tail).is_err());
        let bytes = [b"symbolon-ring\0\x01".as_slice(), &tail].concat();
        prop_assert!(SealedRing::from_bytes(&bytes).is_err());
    }
}
