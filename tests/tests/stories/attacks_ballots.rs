//! Ballots, statements and requests that a real gateway must turn away, and what it owes for
//! those that it took.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use symbolon_election::{Cancelled, Domain, ElectionId, Statement, Typed, VoterId};

use crate::attacks_city::{City, Plan, cast_body, http, key, place_of, try_http, wait_until};

#[test]
fn every_flipped_bit_and_every_other_length_of_a_ballot_is_refused() {
    let city = City::new(&Plan::default());
    let gateway = city.open_gateway();
    let entry = city.ballot(5, 0, 2).to_entry();
    for bit in 0..entry.len() * 8 {
        let mut flipped = entry.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        city.refused(&flipped);
    }
    for length in 0..entry.len() {
        assert_eq!(city.refused(&entry[..length]), "INVALID_BALLOT", "{length}");
    }
    for trailing in [0, 1, 0xff] {
        let longer = [entry.as_slice(), &[trailing]].concat();
        assert_eq!(city.refused(&longer), "INVALID_BALLOT");
    }
    // None of them left anything behind.
    city.accepted(&city.ballot(5, 0, 2));
    assert!(!gateway.log().contains("failed"), "{}", gateway.log());
}

#[test]
fn other_keys_elections_chains_contracts_and_high_signatures_are_refused() {
    let city = City::new(&Plan::default());
    let _gateway = city.open_gateway();
    let unsigned = || city.unsigned(5, 0, &[1, 2]);
    let contract = *city.trust.domain().verifying_contract();
    for domain in [
        Domain::for_log("log.example.net/polls"),
        Domain::new(1, contract),
        Domain::new(0, key(9).address()),
    ] {
        let foreign = city.signed(unsigned(), &domain).to_entry();
        assert_eq!(city.refused(&foreign), "INVALID_SIGNATURE");
    }
    let good = city.ballot(5, 0, 2);
    let mut other_key = good.clone();
    other_key.ballot_key = key(10_006).address();
    let mut forged = good.clone();
    let digest = forged.token().digest(city.trust.domain());
    forged.token_signature = key(66).sign(digest.as_bytes());
    let mut elsewhere = unsigned();
    elsewhere.election = ElectionId::new([1; 32]);
    let elsewhere = city.signed(elsewhere, city.trust.domain());
    for (ballot, reason) in [
        (other_key, "INVALID_SIGNATURE"),
        (forged, "INVALID_TOKEN"),
        (elsewhere, "UNKNOWN_ELECTION"),
    ] {
        assert_eq!(city.refused(&ballot.to_entry()), reason);
    }
    // One above half of the group's order, in the place of each s.
    let high = hex::decode("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1");
    let high = high.unwrap();
    let entry = good.to_entry();
    for end in [entry.len(), entry.len() - 64] {
        for parity in [0, 0x80] {
            let mut entry = entry.clone();
            entry[end - 32..end].copy_from_slice(&high);
            entry[end - 32] |= parity;
            let reason = city.refused(&entry);
            assert!(
                matches!(reason.as_str(), "INVALID_SIGNATURE" | "INVALID_BALLOT"),
                "{reason}"
            );
        }
    }
    city.accepted(&good);
}

#[test]
fn choices_and_sequences_outside_of_the_rules_are_refused_loudly() {
    let city = City::new(&Plan::default());
    let _gateway = city.open_gateway();
    for choice in [
        &[0, 0, 0][..],
        &[],
        &[1],
        &[1, 0],
        &[1, 4],
        &[1, 255],
        &[2, 1, 2],
        &[2, 2, 1],
        &[2, 1, 1],
        &[1, 1, 0],
        &[255],
    ] {
        let ballot = city.signed(city.unsigned(5, 0, choice), city.trust.domain());
        let (status, told) = city.cast(&ballot.to_entry());
        assert_eq!(
            (status, &told["reason"]),
            (400, &json!("INVALID_BALLOT")),
            "{choice:?}"
        );
        assert_eq!(told["field"], "entry");
    }
    for sequence in [3, 255] {
        let ballot = city.signed(city.unsigned(5, sequence, &[1, 1]), city.trust.domain());
        assert_eq!(city.refused(&ballot.to_entry()), "INVALID_BALLOT");
    }
    city.accepted(&city.signed(city.unsigned(5, 0, &[0]), city.trust.domain()));
}

#[test]
fn a_voter_who_is_nowhere_or_elsewhere_on_the_roll_is_refused() {
    let city = City::new(&Plan::default());
    let _gateway = city.open_gateway();
    let refused = |place, voter: VoterId| {
        let mut ballot = city.unsigned(place, 0, &[1, 1]);
        ballot.voter_id = voter;
        city.refused(&city.signed(ballot, city.trust.domain()).to_entry())
    };
    // All signed by the issuer: a stolen token key adds no place.
    for (place, voter) in [
        (300, city.voters[0]),
        (u32::MAX, city.voters[0]),
        (5, city.voters[6]),
        (5, VoterId::new([0; 32])),
        (5, VoterId::new([0xaa; 32])),
    ] {
        assert_eq!(refused(place, voter), "NOT_ON_ROLL", "{place}");
    }
}

#[test]
fn a_look_alike_election_by_strangers_is_passed_over_and_what_follows_is_taken() {
    let city = City::new(&Plan::default());
    let stranger = city.write_look_alike(2);
    city.write_statement_bytes(4, b"\x01PLANTED, no statement");
    city.write_statement_bytes(5, &[]);
    let cancelled = Cancelled {
        election: city.election(),
    };
    let one = &city.officers()[..1];
    city.write_statement(6, Statement::Cancelled(cancelled.clone()), one);
    let gateway = city.open_gateway();
    gateway.says("number=6");
    for number in 2..7 {
        assert!(
            gateway.log().contains(&format!("number={number}")),
            "{}",
            gateway.log()
        );
    }
    assert!(!gateway.log().contains("PLANTED"), "{}", gateway.log());
    let (_, shown) = http(city.port, "GET", "/v1/elections", b"");
    assert!(!shown.contains(&stranger.to_string()), "{shown}");
    let mut theirs = city.unsigned(5, 0, &[1, 1]);
    theirs.election = stranger;
    let theirs = city.signed(theirs, city.trust.domain());
    assert_eq!(city.refused(&theirs.to_entry()), "UNKNOWN_ELECTION");
    // One officer can't cancel; two can.
    let ballot = city.accepted(&city.ballot(5, 0, 2));
    city.included(ballot["entryHash"].as_str().unwrap());
    let (code, verdict) = city.observed(&[]);
    assert_eq!(code, 0, "{verdict:#}");
    assert!(!verdict.to_string().contains(&stranger.to_string()));
    let two = &city.officers()[..2];
    city.write_statement(7, Statement::Cancelled(cancelled), two);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(
        city.refused(&city.ballot(6, 0, 2).to_entry()),
        "ELECTION_CANCELLED"
    );
}

#[test]
fn an_altered_file_of_the_source_is_named_and_nothing_of_it_is_published() {
    let city = City::new(&Plan::default());
    let leaves = city
        .path("export/roll")
        .join(city.election().to_string())
        .join("leaves");
    let file = files(&leaves).into_iter().next().unwrap();
    let whole = fs::read(&file).unwrap();
    let mut altered = whole.clone();
    altered[40] ^= 1;
    for bytes in [&altered[..], &whole[..100], &[]] {
        fs::write(&file, bytes).unwrap();
        let gateway = city.gateway();
        gateway.says("statements are tried again");
        assert!(gateway.log().contains("roll"), "{}", gateway.log());
        assert_eq!(city.refused(&city.ballot(5, 0, 2).to_entry()), "NOT_OPEN");
        gateway.end("-TERM");
    }
    fs::write(&file, &whole).unwrap();
    let _gateway = city.open_gateway();
    city.accepted(&city.ballot(5, 0, 2));
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

#[test]
fn hostile_requests_get_a_reason_and_repeat_nothing() {
    let city = City::new(&Plan::default());
    let gateway = city.open_gateway();
    let planted = "PLANTED-4711";
    let deep = ["[".repeat(20_000), "]".repeat(20_000)].concat();
    let good = String::from_utf8(cast_body(&city.ballot(5, 0, 2).to_entry())).unwrap();
    let bodies = [
        String::new(),
        planted.into(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "{\"entry\": 7}".into(),
        format!("{{\"entry\": \"{planted}\"}}"),
        format!("{{\"entry\": \"0x{planted}\"}}"),
        "{\"entry\": \"0x0\"}".into(),
        "{\"entry\": \"0X10\"}".into(),
        format!("{{\"entry\": \"0x\", \"{planted}\": 1}}"),
        good.replace('}', &format!(", \"{planted}\": 1}}")),
        good.replace('}', ", \"entry\": \"0x\"}"),
        format!("{good}{planted}"),
        format!("{{\"entry\": {deep}}}"),
        deep,
        format!("{{\"entry\": \"0x{}\"}}", "ab".repeat(30_000)),
    ];
    for body in bodies {
        let (status, told) = http(city.port, "POST", "/v1/ballots", body.as_bytes());
        let value: Value = serde_json::from_str(&told).unwrap();
        match value["reason"].as_str().unwrap() {
            "MESSAGE_TOO_LARGE" => assert_eq!((status, body.len() > 48 << 10), (413, true)),
            _ => assert_eq!((status, &value["field"]), (400, &json!("entry")), "{told}"),
        }
        assert!(!told.contains("PLANTED"), "{told}");
    }
    // Larger than any request: refused before it is read, or cut off.
    if let Ok((status, told)) = try_http(city.port, "POST", "/v1/ballots", &vec![b'x'; 4 << 20]) {
        assert_eq!(status, 413, "{told}");
        assert!(told.contains("MESSAGE_TOO_LARGE"), "{told}");
    }
    for (method, path, expected) in [
        ("GET", "/v1/ballots/0x00", 400),
        ("GET", "/v1/ballots/PLANTED", 400),
        ("GET", "/v1/ballots/%50LANTED", 404),
        ("GET", "/v1/ballots/../elections", 404),
        ("GET", "//v1/elections", 404),
        ("GET", "/V1/elections", 404),
        ("GET", "/v1/elections/", 404),
        ("DELETE", "/v1/ballots", 404),
        ("PUT", "/log/checkpoint", 404),
        ("GET", "/log/../trust.json", 404),
        ("GET", "/log/%2e%2e/trust.json", 404),
        ("GET", "/log/..%2ftrust.json", 404),
        ("GET", "/log//checkpoint", 404),
        ("GET", "/keys/receipt.key", 404),
        (
            "POST",
            "/symbolon.registration.v1.Registration/RegisterPerson",
            404,
        ),
        ("POST", "/symbolon.admin.v1.Seal/Unseal", 404),
        (
            "POST",
            "/symbolon.validation.v1.Validation/ValidateToken",
            404,
        ),
        (
            "POST",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            404,
        ),
    ] {
        let (status, told) = http(city.port, method, path, b"");
        assert_eq!(status, expected, "{method} {path}: {told}");
        assert!(!told.contains("PLANTED"), "{told}");
    }
    city.accepted(&city.ballot(5, 0, 2));
    let log = gateway.log();
    assert!(
        !log.contains("PLANTED") && !log.contains("panicked"),
        "{log}"
    );
}

#[test]
fn a_ballot_a_thousand_times_over_kills_and_restarts_is_one_entry_with_one_receipt() {
    let city = City::new(&Plan {
        k: 2,
        ..Plan::default()
    });
    let ballot = city.ballot(5, 0, 2);
    let body = cast_body(&ballot.to_entry());
    let mut receipts: Vec<Value> = Vec::new();
    for round in 0..4 {
        let gateway = city.open_gateway();
        let told = std::thread::scope(|scope| {
            let one = || {
                let cast = |_| http(city.port, "POST", "/v1/ballots", &body);
                (0..25).map(cast).collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..10).map(|_| scope.spawn(one)).collect();
            threads
                .into_iter()
                .flat_map(|it| it.join().unwrap())
                .collect::<Vec<_>>()
        });
        for (status, body) in told {
            assert_eq!(status, 200, "{body}");
            receipts.push(serde_json::from_str(&body).unwrap());
        }
        match round {
            0 | 2 => gateway.signal("-KILL"),
            _ => gateway.end("-TERM"),
        }
    }
    assert_eq!(receipts.len(), 1000);
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    let _gateway = city.open_gateway();
    // A second place lets the batch go.
    city.accepted(&city.ballot(9, 0, 1));
    let hash = receipts[0]["entryHash"].as_str().unwrap();
    city.included(hash);
    assert_eq!(city.accepted(&ballot), receipts[0]);
    std::thread::sleep(Duration::from_secs(5));
    let (code, verdict) = city.observed(&[]);
    assert_eq!(code, 0, "{verdict:#}");
    let tally = &verdict["elections"][0];
    assert!(tally.to_string().contains("\"ballots\":2"), "{tally:#}");
}

#[test]
fn an_interrupt_in_the_middle_of_casting_loses_no_acknowledged_ballot() {
    let city = City::new(&Plan {
        k: 300,
        ..Plan::default()
    });
    let gateway = city.open_gateway();
    let (over, city_ref) = (AtomicBool::new(false), &city);
    let acknowledged: Vec<String> = std::thread::scope(|scope| {
        let cast = |first: u32| {
            let mut taken = Vec::new();
            for place in (first..300).step_by(4) {
                let body = cast_body(&city_ref.ballot(place, 0, 1).to_entry());
                match try_http(city_ref.port, "POST", "/v1/ballots", &body) {
                    Ok((200, told)) => {
                        let told: Value = serde_json::from_str(&told).unwrap();
                        taken.push(told["entryHash"].as_str().unwrap().to_owned());
                    }
                    Ok((503, _)) | Err(_) => break,
                    Ok(other) => panic!("{other:?}"),
                }
            }
            over.store(true, Ordering::Relaxed);
            taken
        };
        let threads: Vec<_> = (0..4)
            .map(|first| scope.spawn(move || cast(first)))
            .collect();
        std::thread::sleep(Duration::from_millis(40));
        gateway.end("-INT");
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(
        !acknowledged.is_empty() && acknowledged.len() < 300,
        "{}",
        acknowledged.len()
    );
    eprintln!(
        "{} ballots were acknowledged before the end",
        acknowledged.len()
    );
    let _gateway = city.open_gateway();
    for hash in acknowledged {
        assert!(city.standing(&hash).0.ends_with("ACCEPTED"), "{hash}");
    }
}

/// Spearman's rank correlation of two orders of the same things.
fn correlation(one: &[u64], other: &[u64]) -> f64 {
    let ranks = |values: &[u64]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|at| values[*at]);
        let mut ranks = vec![0.0; values.len()];
        for (rank, at) in order.into_iter().enumerate() {
            ranks[at] = rank as f64;
        }
        ranks
    };
    let squares = ranks(one)
        .iter()
        .zip(ranks(other))
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>();
    let n = one.len() as f64;
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

#[test]
fn the_order_on_the_ledger_tells_nothing_about_issuance_or_arrival() {
    let city = City::new(&Plan {
        k: 300,
        ..Plan::default()
    });
    let _gateway = city.open_gateway();
    // Person after person asks and votes at once: arrival is issuance, the worst case.
    let mut hashes = Vec::new();
    for number in 0..300 {
        let place = place_of(&city.voters, number);
        let receipt = city.accepted(&city.ballot(place, 0, 1));
        let hash = receipt["entryHash"].as_str().unwrap().to_owned();
        if number < 299 {
            // Below k places, nothing is published.
            assert_eq!(city.standing(&hash).1, None);
        }
        hashes.push((place, hash));
    }
    let indexes: Vec<u64> = hashes.iter().map(|(_, hash)| city.included(hash)).collect();
    let arrival: Vec<u64> = (0..300).collect();
    let places: Vec<u64> = hashes.iter().map(|(place, _)| u64::from(*place)).collect();
    let (with_arrival, with_place) = (
        correlation(&arrival, &indexes),
        correlation(&places, &indexes),
    );
    eprintln!(
        "300 ballots of one batch: correlation of the ledger's order with arrival {with_arrival:+.3}, with the roll {with_place:+.3}"
    );
    assert!((with_place - 1.0).abs() < 1e-9, "{with_place}");
    // Five standard deviations of what chance gives.
    assert!(with_arrival.abs() < 0.29, "{with_arrival}");
    let first = indexes.iter().min().unwrap();
    assert_eq!(indexes.iter().max().unwrap() - first, 299, "one batch");
    let (code, verdict) = city.observed(&[]);
    assert_eq!(code, 0, "{verdict:#}");
}

#[test]
fn a_gateway_that_drops_a_ballot_after_its_receipt_is_convicted_by_it() {
    let city = City::new(&Plan {
        closes: 6,
        grace: 2,
        k: 5,
        ..Plan::default()
    });
    let gateway = city.open_gateway();
    let dropped = city.ballot(5, 0, 2);
    let told = city.accepted(&dropped);
    let complaint = |ballot: &symbolon_election::UnverifiedBallot, told: &Value| {
        let entry = format!("0x{}", hex::encode(ballot.to_entry()));
        let file = json!({ "version": "symbolon/v1", "entry": entry, "receipt": told["receipt"] });
        let path = city.path(&format!("complaint-{}.json", ballot.roll_index.0));
        fs::write(&path, file.to_string()).unwrap();
        path
    };
    let broken = complaint(&dropped, &told);
    let include_by = told["receipt"]["includeBy"].as_u64().unwrap();
    assert_eq!(include_by, city.manifest.closes + 2);
    // A promise still running is not broken.
    let (code, verdict) = city.observed(&["--complaint".as_ref(), &broken]);
    assert_ne!(code, 1, "{verdict:#}");
    gateway.end("-TERM");
    // The operator forgets what waits.
    fs::remove_dir_all(city.path("outbox")).unwrap();
    fs::remove_file(city.path("checkpoint")).unwrap();
    fs::remove_file(city.path("ledger-keys.json")).unwrap();
    let mut init = crate::house::program("symbolon-gateway");
    init.args(["init", "--config"])
        .arg(city.path("gateway.toml"));
    init.arg("--ledger-keys").arg(city.path("ledger-keys.json"));
    crate::house::run(&mut init);
    let gateway = city.open_gateway();
    let kept = city.ballot(6, 0, 1);
    let kept_receipt = complaint(&kept, &city.accepted(&kept));
    wait_until(include_by + 5);
    gateway.end("-TERM");
    let (code, verdict) = city.observed(&["--complaint".as_ref(), &broken]);
    assert_eq!(code, 1, "{verdict:#}");
    assert!(verdict.to_string().contains("RECEIPT"), "{verdict:#}");
    // The ballot that is there, also under another signature of its key, is no complaint.
    let (code, verdict) = city.observed(&["--complaint".as_ref(), &kept_receipt]);
    assert_eq!(code, 0, "{verdict:#}");
}
