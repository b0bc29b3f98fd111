//! Three officers unseal a vault with two shares of three, over a wrong one and a fresh start.

use std::fs;

use serde_json::{Value, json};

use crate::house::{House, Plan, program, refused, run};

fn hand_in(file: &str) -> [&str; 3] {
    ["unseal", "--share-file", file]
}

/// A city whose vault is unsealed by two of three officers, each with a certificate.
fn house() -> House {
    let house = House::build_as(Plan {
        unseal_shares: Some((2, 3)),
        ..Plan::default()
    });
    for name in ["two", "three"] {
        house.issue("officer", name);
    }
    house
}

#[test]
fn officers_unseal_with_their_shares_over_a_wrong_one_and_a_fresh_start() {
    let house = house();
    let vault = house.start_sealed();
    let share = |number: u8| house.path(&format!("shares/share-{number}"));
    let (first, second, third) = (share(1), share(2), share(3));
    let given = || {
        let status = house.symbolon("portal-main", &["status"]);
        assert_eq!(
            (&status["sealed"], &status["method"]),
            (&json!(true), &json!("shares"))
        );
        assert_eq!(status["shares"]["needed"], 2);
        assert_eq!(status["shares"]["made"], 3);
        status["shares"]["given"].clone()
    };
    assert_eq!(given(), 0);

    // A wrong share is taken, and shows at the end.
    let text = fs::read_to_string(&second).unwrap();
    let (label, value) = text.trim_end().split_at(text.len() - 65);
    let wrong: String = value.chars().rev().collect();
    assert_ne!(value, wrong);
    house.write("wrong", &format!("{label}{wrong}\n"));
    let told = house.symbolon("officer-two", &hand_in(&house.path("wrong")));
    assert_eq!(told["shares"], json!({"given": 1, "needed": 2}));
    let told = house.symbolon_refuses("officer-one", &hand_in(&first));
    assert!(told.contains("WRONG_SHARES"), "{told}");
    assert!(!told.contains(value) && !told.contains(&wrong), "{told}");
    assert_eq!(given(), 0);

    // One officer's share, twice and by another's hand: it counts once. Then all start again.
    for officer in ["officer-one", "officer-one", "officer-three"] {
        let told = house.symbolon(officer, &hand_in(&first));
        assert_eq!(
            (&told["sealed"], &told["shares"]["given"]),
            (&json!(true), &json!(1))
        );
    }
    let told = house.symbolon_refuses("portal-main", &["unseal", "--cancel"]);
    assert!(told.contains("PERMISSION_DENIED"), "{told}");
    house.symbolon("officer-two", &["unseal", "--cancel"]);
    assert_eq!(given(), 0);
    let passphrase = house.path("passphrase");
    let told = house.symbolon_refuses("officer-one", &["unseal", "--passphrase-file", &passphrase]);
    assert!(told.contains("INVALID_ARGUMENT"), "{told}");

    house.symbolon("officer-three", &hand_in(&third));
    let told = house.symbolon("officer-two", &hand_in(&second));
    assert_eq!(told["sealed"], false);
    let told = house.symbolon_refuses("officer-one", &hand_in(&first));
    assert!(told.contains("NOT_SEALED"), "{told}");

    check_audit(&house);
    house.symbolon("officer-one", &["seal"]);
    assert_eq!(given(), 0);
    vault.stop();
    check_offline(&house, [&first, &third]);
}

/// Each share and each outcome stands in the audit log, with who and without a value.
fn check_audit(house: &House) {
    let shown = house.symbolon("auditor-main", &["audit", "show"]);
    let text = |leaf: &Value, name: &str| leaf[name].as_str().unwrap().to_owned();
    let told: Vec<_> = shown["leaves"].as_array().unwrap().iter().collect();
    let told = told.iter().map(|leaf| {
        let (caller, operation) = (text(leaf, "caller"), text(leaf, "operation"));
        (caller, operation, text(leaf, "outcome"))
    });
    let told: Vec<_> = told.filter(|(caller, ..)| caller != "vault").collect();
    let expected = [
        ("officer/two", "HandInShare", "share 2, 1 of 2"),
        ("officer/one", "HandInShare", "share 1, 2 of 2"),
        ("officer/one", "Unseal", "refused"),
        ("officer/one", "HandInShare", "share 1, 1 of 2"),
        ("officer/one", "HandInShare", "share 1 again, 1 of 2"),
        ("officer/three", "HandInShare", "share 1 again, 1 of 2"),
        ("officer/two", "CancelUnsealing", "cancelled"),
        ("officer/one", "Unseal", "refused"),
        ("officer/three", "HandInShare", "share 3, 1 of 2"),
        ("officer/two", "HandInShare", "share 2, 2 of 2"),
        ("officer/two", "Unseal", "unsealed"),
    ];
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(told, expected);
    let leaves = shown.to_string();
    for number in 1..=3 {
        let share = fs::read_to_string(house.path(&format!("shares/share-{number}"))).unwrap();
        let share = share.trim_end();
        assert!(!leaves.contains(&share[share.len() - 64..]));
    }
}

/// On the vault's own host the shares open the ring for a check; another city's don't.
fn check_offline(house: &House, shares: [&str; 2]) {
    let config = house.path("vault.toml");
    let check = |shares: [&str; 2]| {
        let mut check = program("symbolon-vault");
        check.args(["check", "--records", "--config", &config]);
        for share in shares {
            check.args(["--share-file", share]);
        }
        check
    };
    let told = run(&mut check(shares));
    assert!(told.contains("shares         opens the key ring"), "{told}");
    let told = refused(&mut check([shares[0], shares[0]]));
    assert!(told.contains("doesn't open"), "{told}");
}

#[test]
fn another_city_s_share_is_refused_at_once_and_a_forgotten_vault_starts_again() {
    let (house, other) = (house(), self::house());
    let vault = house.start_sealed();
    let own = house.path("shares/share-1");
    house.symbolon("officer-one", &hand_in(&own));
    let foreign = other.path("shares/share-2");
    let told = house.symbolon_refuses("officer-two", &hand_in(&foreign));
    assert!(
        told.contains("INVALID_ARGUMENT") && told.contains("share"),
        "{told}"
    );
    let status = house.symbolon("officer-two", &["status"]);
    assert_eq!(status["shares"]["given"], 1);
    // Shares live in memory only.
    drop(vault);
    let _vault = house.start_sealed();
    let status = house.symbolon("officer-two", &["status"]);
    assert_eq!(status["shares"]["given"], 0);
}
