use proptest::prelude::*;
use symbolon_crypto::{Secret, SecretString, labels, password::Costs, random};
use symbolon_election::{ElectionId, Nonce};

use super::*;
use crate::{Edit, Epoch, Error, KeyId, KeyInfo, KeyState, Purpose, RegistrationId, Ring, Root};

fn info(purpose: Purpose, id: u8, epoch: u32) -> KeyInfo {
    KeyInfo {
        id: KeyId::new([id; 16]),
        purpose,
        epoch: Epoch(epoch),
        state: KeyState::Active,
        minted: 1,
        activated: Some(1),
        retired: None,
        destroyed: None,
    }
}

fn value(byte: u8) -> Secret<32> {
    Secret::from_slice(&[byte; 32]).unwrap()
}

fn index(byte: u8, epoch: u32) -> IndexKey {
    IndexKey::new(&info(Purpose::Index, 1, epoch), &value(byte))
}

fn sealing(id: u8, byte: u8, epoch: u32) -> SealingKey {
    SealingKey::new(&info(Purpose::Sealing, id, epoch), &value(byte))
}

fn election(domain: u8, token: u8, request: u8) -> ElectionKeys {
    let nonce = Nonce::new([1; 32]);
    let issuer = info(Purpose::ElectionToken(nonce), 6, 1);
    ElectionKeys::new(
        (&info(Purpose::ElectionDomain(nonce), 5, 1), &value(domain)),
        [(&issuer, &value(token))].into_iter(),
        &value(request),
    )
}

const PLACE: RecordPlace<'_> = RecordPlace {
    table: "record",
    row: b"row 1",
};

/// `hmac.new(bytes([1]*32), b"symbolon/v1/…" + frame, "sha256")` of Python.
#[test]
fn blinded_values_are_those_of_python() {
    let key = index(1, 3);
    let blind = key.blind(&value(2));
    assert_eq!(
        hex::encode(blind.tag()),
        "e27768ceac0cd936181ee885998e3975141f53426fd808f6cbd5af1bbe038b1f"
    );
    let id = RegistrationId::new([3; 32]);
    let row = key.blind_registration_id(&"city".parse().unwrap(), &id);
    assert_eq!(
        hex::encode(row.tag()),
        "098a4b7e2a301a4580845cbf82c894a4a726b855c5b9d3aa6018a6a79415e71b"
    );
    let root = Root::from_slice(&[4; 32]).unwrap();
    assert_eq!(
        election(1, 2, 3).voter_id(&root).to_string(),
        "6550f3c255e0b40d2391c7614c931270d48edbbe698ff1167e3e677c38a1315e"
    );
    let portal = PortalDomainKey::new("city".parse().unwrap(), &value(1));
    assert_eq!(
        portal.registration_id(&root).to_string(),
        "6550f3c255e0b40d2391c7614c931270d48edbbe698ff1167e3e677c38a1315e"
    );
}

#[test]
fn an_index_entry_reads_back() {
    let entry = index(1, 0x0102_0304).blind(&value(2));
    assert_eq!(entry.to_bytes()[..4], [1, 2, 3, 4]);
    assert!(IndexEntry::from_bytes(&entry.to_bytes()) == entry);
}

#[test]
fn look_ups_of_other_keys_tables_and_portals_differ() {
    let id = RegistrationId::new([3; 32]);
    let key = index(1, 1);
    let entries = [
        key.blind(&value(3)),
        key.blind_registration_id(&"city".parse().unwrap(), &id),
        key.blind_registration_id(&"town".parse().unwrap(), &id),
        key.blind_row("a", &[id.as_bytes()]),
        key.blind_row("b", &[id.as_bytes()]),
        key.blind_row("", &[b"a", id.as_bytes()]),
        index(2, 1).blind(&value(3)),
    ];
    for (nth, one) in entries.iter().enumerate() {
        assert!(
            entries[nth + 1..]
                .iter()
                .all(|other| other.tag() != one.tag()),
            "{nth}"
        );
    }
}

#[test]
fn a_record_opens_at_its_own_place_under_its_own_key_only() {
    let sealed = sealing(1, 1, 1).seal_record(&PLACE, b"roots", &mut random::os());
    assert_eq!(sealed.len(), 5 + RECORD_OVERHEAD);
    assert_eq!(SealingKey::key_of(&sealed).unwrap(), KeyId::new([1; 16]));
    assert_eq!(
        sealing(1, 1, 1)
            .open_record(&PLACE, &sealed)
            .unwrap()
            .expose(),
        b"roots"
    );
    for key in [sealing(1, 2, 1), sealing(2, 1, 1), sealing(1, 1, 2)] {
        assert!(matches!(
            key.open_record(&PLACE, &sealed),
            Err(Error::RecordDoesNotOpen)
        ));
    }
    for place in [
        RecordPlace {
            table: "ticket",
            ..PLACE
        },
        RecordPlace {
            row: b"row 2",
            ..PLACE
        },
    ] {
        let moved = sealing(1, 1, 1).open_record(&place, &sealed);
        assert!(matches!(moved, Err(Error::RecordDoesNotOpen)));
    }
}

#[test]
fn the_ring_opens_records_of_every_live_sealing_key() {
    let rng = &mut random::os();
    let passphrase = SecretString::new("correct horse".into());
    let (ring, _) = Ring::create(&passphrase, Costs::new(64, 1, 1).unwrap(), 1, rng).unwrap();
    let old = ring.active_sealing_key();
    let sealed = old.seal_record(&PLACE, b"roots", rng);
    let mut edit = Edit::of(&ring);
    let next = edit.prepare(Purpose::Sealing, 2, rng).unwrap();
    edit.activate(next, 3).unwrap();
    let ring = edit.finish().unwrap().ring;
    assert_eq!(ring.active_sealing_key().epoch(), Epoch(2));
    assert_eq!(
        ring.open_record(&PLACE, &sealed).unwrap().expose(),
        b"roots"
    );
    let mut edit = Edit::of(&ring);
    edit.destroy(old.id(), 4).unwrap();
    let ring = edit.finish().unwrap().ring;
    let gone = ring.open_record(&PLACE, &sealed);
    assert!(matches!(gone, Err(Error::UnknownSealingKey(id)) if id == old.id()));
}

#[test]
fn an_election_s_rows_depend_on_its_domain_key_alone() {
    let (one, same, other) = (election(1, 2, 3), election(1, 8, 9), election(2, 2, 3));
    assert!(one.rows().blind("issued", &[b"x"]) == same.rows().blind("issued", &[b"x"]));
    assert!(one.rows().blind("issued", &[b"x"]) != other.rows().blind("issued", &[b"x"]));
    assert!(one.rows().blind("issued", &[b"x"]) != one.rows().blind("places", &[b"x"]));
    let sealed = one
        .rows()
        .seal_record(&PLACE, b"place 7", &mut random::os());
    assert_eq!(
        same.rows().open_record(&PLACE, &sealed).unwrap().expose(),
        b"place 7"
    );
    assert!(other.rows().open_record(&PLACE, &sealed).is_err());
    assert_eq!(one.subject("person", b"x"), same.subject("person", b"x"));
    assert_ne!(one.subject("person", b"x"), other.subject("person", b"x"));
}

#[test]
fn a_request_opens_for_its_own_election_only() {
    let keys = election(1, 2, 3);
    let id = ElectionId::new([6; 32]);
    let recipient =
        symbolon_crypto::hpke::HpkePublicKey::from_bytes(*keys.request_key().as_bytes());
    let sealed = recipient
        .seal(
            labels::ISSUE_REQUEST,
            id.as_bytes(),
            b"request",
            &mut random::os(),
        )
        .unwrap();
    assert_eq!(
        keys.open_request(&id, &sealed).unwrap().expose(),
        b"request"
    );
    assert!(
        keys.open_request(&ElectionId::new([7; 32]), &sealed)
            .is_err()
    );
    assert!(election(1, 2, 4).open_request(&id, &sealed).is_err());
}

#[test]
fn audit_subjects_tell_kinds_and_keys_apart() {
    let audit = |byte| AuditKey::new(&info(Purpose::Audit, 1, 1), &value(byte));
    assert_eq!(
        audit(1).subject("person", b"x"),
        audit(1).subject("person", b"x")
    );
    assert_ne!(
        audit(1).subject("person", b"x"),
        audit(1).subject("ticket", b"x")
    );
    assert_ne!(
        audit(1).subject("person", b"x"),
        audit(2).subject("person", b"x")
    );
    let public = audit(1).checkpoints().public_key();
    public
        .verify(b"checkpoint", &audit(1).checkpoints().sign(b"checkpoint"))
        .unwrap();
    assert_ne!(public, audit(2).checkpoints().public_key());
}

proptest! {
    #[test]
    fn an_altered_record_doesn_t_open(at in any::<proptest::sample::Index>(), bit in 0..8u8, cut in 1..90usize) {
        let key = sealing(1, 1, 1);
        let sealed = key.seal_record(&PLACE, b"roots", &mut random::os());
        let mut altered = sealed.clone();
        altered[at.index(sealed.len())] ^= 1 << bit;
        prop_assert!(key.open_record(&PLACE, &altered).is_err());
        let cut = cut.min(sealed.len());
        prop_assert!(key.open_record(&PLACE, &sealed[..sealed.len() - cut]).is_err());
    }
}
