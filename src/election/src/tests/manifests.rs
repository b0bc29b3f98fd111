use super::*;

fn refused(change: impl FnOnce(&mut Manifest)) -> Error {
    let mut manifest = manifest();
    change(&mut manifest);
    let error = manifest.validate().unwrap_err();
    assert_eq!(signed(manifest).verify_alone(&domain()).unwrap_err(), error);
    error
}

fn field(error: &Error) -> &'static str {
    match error {
        Error::Field { field, .. } | Error::NotBuilt { field, .. } => field,
        _ => panic!("{error}"),
    }
}

#[test]
fn a_good_manifest_is_verified_and_open_between_its_times() {
    let manifest = verified();
    assert_eq!(manifest.authority(), Authority::TrustFile);
    assert_eq!(manifest.election(), election());
    assert_eq!(manifest.last_moment(), 2_060);
    let open = [999, 1_000, 2_000, 2_001].map(|now| manifest.is_open(now));
    assert_eq!(open, [false, true, true, false]);
    let in_time = [999, 1_000, 2_060, 2_061].map(|time| manifest.in_time(time));
    assert_eq!(in_time, [false, true, true, false]);
}

#[test]
fn every_rule_is_refused_by_its_field() {
    let stranger = || key(99).address();
    assert_eq!(field(&refused(|m| m.shape.push(1))), "shape");
    assert_eq!(field(&refused(|m| m.shape.clear())), "shape");
    assert_eq!(field(&refused(|m| m.shape[0] = 0)), "shape");
    assert_eq!(field(&refused(|m| m.opens = m.closes)), "closes");
    assert_eq!(field(&refused(|m| m.grace = u64::MAX)), "grace");
    assert_eq!(field(&refused(|m| m.forget_after = 2_060)), "forgetAfter");
    assert_eq!(field(&refused(|m| m.max_ballots = 0)), "maxBallots");
    assert_eq!(field(&refused(|m| m.officers.swap(0, 1))), "officers");
    assert_eq!(
        field(&refused(|m| m.officers[1] = m.officers[0])),
        "officers"
    );
    assert_eq!(field(&refused(|m| m.threshold = 0)), "threshold");
    assert_eq!(field(&refused(|m| m.threshold = 4)), "threshold");
    assert_eq!(field(&refused(|m| m.officers.clear())), "threshold");
    assert_eq!(
        field(&refused(|m| m.gateways = vec![stranger(), stranger()])),
        "gateways"
    );
    assert_eq!(field(&refused(|m| m.custody = 2)), "custody");
    assert_eq!(field(&refused(|m| m.payload = 3)), "payload");
}

#[test]
fn values_not_built_yet_are_refused_by_name() {
    let name = |error| match error {
        Error::NotBuilt { value, .. } => value,
        other => panic!("{other}"),
    };
    assert_eq!(name(refused(|m| m.anonymity = 1)), "blind");
    assert_eq!(name(refused(|m| m.results = 1)), "at close");
    assert_eq!(name(refused(|m| m.payload = 1)), "sealed");
    assert_eq!(name(refused(|m| m.payload = 2)), "opaque");
}

#[test]
fn signatures_out_of_order_twice_too_few_or_of_strangers_are_refused() {
    let officers = officers();
    let (a, b, stranger) = (&officers[0], &officers[1], &key(99));
    let verify = |keys: &[&SigningKey]| {
        signed_by(manifest(), keys)
            .verify(&trust())
            .map(|_| ())
            .unwrap_err()
    };
    let what = "Manifest";
    assert_eq!(verify(&[b, a]), Error::SignatureOrder { what });
    assert_eq!(verify(&[a, a]), Error::SignatureOrder { what });
    assert_eq!(
        verify(&[a]),
        Error::TooFewSignatures {
            what,
            got: 1,
            threshold: 2
        }
    );
    assert_eq!(
        verify(&[]),
        Error::TooFewSignatures {
            what,
            got: 0,
            threshold: 2
        }
    );
    assert_eq!(verify(&[a, stranger]), Error::Signer { what });
    assert!(
        signed_by(manifest(), &[a, b, &officers[2]])
            .verify(&trust())
            .is_ok()
    );
}

#[test]
fn a_high_s_signature_is_refused() {
    let mut unverified = signed(manifest());
    let mut bytes = *unverified.signatures[0].as_bytes();
    bytes[32] |= 0x7f;
    bytes[33..].fill(0xff);
    unverified.signatures[0] = Signature::from_bytes(bytes);
    let error = unverified.verify(&trust()).unwrap_err();
    assert_eq!(error, Error::Signature { what: "Manifest" });
}

#[test]
fn a_look_alike_by_strangers_is_not_trusted() {
    let strangers = || {
        let mut keys = vec![key(91), key(92), key(93)];
        keys.sort_by_key(SigningKey::address);
        keys
    };
    let officers = strangers().iter().map(SigningKey::address).collect();
    let forged = Manifest {
        officers,
        ..manifest()
    };
    let keys = strangers();
    let forged = signed_by(forged, &[&keys[0], &keys[1]]);
    assert!(matches!(
        forged.clone().verify(&trust()),
        Err(Error::NotTrusted(_))
    ));
    assert!(matches!(
        forged.clone().verify_pinned(&domain(), &election()),
        Err(Error::NotTrusted(_))
    ));
    assert_eq!(
        forged.verify_alone(&domain()).unwrap().authority(),
        Authority::Nothing
    );
}

#[test]
fn another_threshold_than_the_trust_files_is_not_trusted() {
    let officers = officers();
    let lax = Manifest {
        threshold: 1,
        ..manifest()
    };
    let lax = signed_by(lax, &[&officers[0]]);
    assert!(matches!(lax.verify(&trust()), Err(Error::NotTrusted(_))));
}

#[test]
fn a_pinned_election_id_is_an_authority() {
    let manifest = signed(manifest())
        .verify_pinned(&domain(), &election())
        .unwrap();
    assert_eq!(manifest.authority(), Authority::ElectionId);
}

#[test]
fn a_signature_for_another_log_is_refused() {
    let other = Domain::for_log("other.example");
    assert!(signed(manifest()).verify_alone(&other).is_err());
}

#[test]
fn statements_of_another_election_are_refused() {
    let other = Cancelled {
        election: ElectionId::new([9; 32]),
    };
    let error = signed(other).verify(&verified()).unwrap_err();
    assert_eq!(error, Error::OtherElection { what: "Cancelled" });
    assert!(
        signed(Cancelled {
            election: election()
        })
        .verify(&verified())
        .is_ok()
    );
}

#[test]
fn issuers_rotate_from_the_one_in_force_to_a_new_one() {
    let manifest = verified();
    let rotation = |current: u8, next: u8| {
        let (current, next) = (key(current).address(), key(next).address());
        signed(IssuerRotation {
            election: election(),
            current,
            next,
        })
        .verify(&manifest)
    };
    let mut issuers = Issuers::new(&manifest);
    assert!(issuers.rotate(&rotation(22, 23).unwrap()).is_err());
    issuers.rotate(&rotation(ISSUER, 22).unwrap()).unwrap();
    assert!(issuers.rotate(&rotation(22, ISSUER).unwrap()).is_err());
    assert!(issuers.rotate(&rotation(ISSUER, 23).unwrap()).is_err());
    assert!(rotation(22, 22).is_err());
    assert!(issuers.rotated());
    assert_eq!(issuers.current(), &key(22).address());
    assert!(issuers.knows(&key(ISSUER).address()) && !issuers.knows(&key(23).address()));
}

#[test]
fn a_roll_grows_in_order_by_enough_places() {
    let roll = |sequence, size| RollStatement {
        election: election(),
        sequence,
        size,
        root: RollRoot::new([0; 32]),
    };
    let first = roll(0, 10);
    assert!(first.follows(None, 0).is_ok());
    assert!(roll(1, 10).follows(None, 0).is_err());
    assert!(roll(1, 20).follows(Some(&first), 0).is_err());
    assert!(roll(1, 20).follows(Some(&first), 10).is_ok());
    assert!(roll(1, 19).follows(Some(&first), 10).is_err());
    assert!(roll(1, 9).follows(Some(&first), 1).is_err());
    assert!(roll(2, 20).follows(Some(&first), 1).is_err());
    assert!(roll(0, 20).follows(Some(&first), 1).is_err());
}
