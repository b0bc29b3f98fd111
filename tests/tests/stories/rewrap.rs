//! A vault moves from a passphrase to shares, to a token and back to a passphrase, while it serves.

use std::{fs, process::Command};

use crate::{
    house::{House, PASSPHRASE, PIN, Plan, TOKEN_MODULE, refused, run},
    people::register,
};

fn house() -> House {
    let house = House::build_as(Plan::default());
    house.make_token("spare");
    let config = fs::read_to_string(house.path("vault.toml")).unwrap();
    let with_module = format!("[keys]\npkcs11_module = {TOKEN_MODULE:?}");
    house.write("vault.toml", &config.replace("[keys]", &with_module));
    for name in ["two", "three"] {
        house.issue("officer", name);
    }
    house
}

fn rewrap(house: &House, officer: &str, args: &[&str]) -> serde_json::Value {
    house.symbolon(officer, &[&["keys", "rewrap"], args].concat())
}

/// Whether what a file holds opens the stopped vault's ring.
fn check(house: &House, option: [&str; 2], more: &[&str]) -> Command {
    let mut check = house.vault_program();
    check.args(["check", "--config", &house.path("vault.toml")]);
    check.args(option).args(more);
    check
}

#[test]
fn a_vault_moves_from_a_passphrase_to_shares_to_a_token_and_back() {
    let house = house();
    let vault = house.start_vault();
    let known = register(&house, "Ada", "A1234567");
    let before =
        ["ring", "ring-secret"].map(|name| fs::read(house.path(&format!("vault/{name}"))).unwrap());

    // Nothing without the officers, nothing for others.
    let told = house.symbolon_refuses("officer-one", &["keys", "rewrap", "begin", "--shares"]);
    assert!(told.contains("NO_REWRAP"), "{told}");
    let to_shares = [
        "rewrap",
        "--threshold",
        "2",
        "--holder",
        "two",
        "--holder",
        "one",
        "--holder",
        "three",
    ];
    house.decide(&to_shares);
    rewrap(&house, "officer-one", &["begin", "--shares"]);
    let told = house.symbolon_refuses(
        "auditor-main",
        &["keys", "rewrap", "collect", "--out", &house.path("x")],
    );
    assert!(told.contains("PERMISSION_DENIED"), "{told}");
    for name in ["one", "two", "three"] {
        let out = house.path(&format!("new-{name}"));
        rewrap(
            &house,
            &format!("officer-{name}"),
            &["collect", "--out", &out],
        );
    }
    let status = rewrap(&house, "auditor-main", &["status"]);
    assert_eq!(status["collected"].as_array().unwrap().len(), 3, "{status}");
    // The old way still opens it.
    house.symbolon("officer-one", &["seal"]);
    house.unseal();
    for (name, proven) in [("three", false), ("one", true)] {
        let share = house.path(&format!("new-{name}"));
        let told = rewrap(
            &house,
            &format!("officer-{name}"),
            &["prove", "--share-file", &share],
        );
        assert_eq!(told["proven"], proven);
    }
    let told = house.symbolon_refuses("officer-one", &["keys", "rewrap", "cancel"]);
    assert!(told.contains("NO_REWRAP"), "{told}");
    assert_eq!(register(&house, "Ada", "A1234567"), known);
    drop(vault); // kill -9

    // Nothing opens the old way; old copies do, with the old ring secret only.
    let old = house.path("passphrase");
    let told = refused(&mut check(&house, ["--passphrase-file", &old], &[]));
    assert!(told.contains("unsealed in another way"), "{told}");
    let (one, two) = (house.path("new-one"), house.path("new-two"));
    run(&mut check(
        &house,
        ["--share-file", &one],
        &["--share-file", &two],
    ));
    let now = fs::read(house.path("vault/ring")).unwrap();
    house.write_bytes("vault/ring", &before[0]);
    let told = refused(&mut check(&house, ["--passphrase-file", &old], &[]));
    assert!(told.contains("wants the ring secret"), "{told}");
    house.write_bytes("vault/ring", &now);

    // From shares to a token.
    let vault = house.start_sealed();
    for (officer, share) in [("officer-one", &one), ("officer-two", &two)] {
        house.symbolon(officer, &["unseal", "--share-file", share]);
    }
    house.decide(&["rewrap", "--token", "spare", "--token-key", "ring"]);
    house.write("pin", PIN);
    let pin = house.path("pin");
    rewrap(&house, "officer-two", &["begin", "--passphrase-file", &pin]);
    let told = house.symbolon_refuses(
        "officer-one",
        &["keys", "rewrap", "prove", "--passphrase-file", &old],
    );
    assert!(told.contains("WRONG_PIN"), "{told}");
    // To unseal with it is a proof, too.
    house.symbolon("officer-one", &["seal"]);
    house.symbolon("officer-one", &["unseal", "--passphrase-file", &pin]);
    let status = house.symbolon("officer-one", &["status"]);
    assert_eq!(status["method"], "token");
    assert_eq!(rewrap(&house, "officer-one", &["status"])["to"], "");
    house.symbolon("officer-one", &["seal"]);
    let told = house.symbolon_refuses("officer-one", &["unseal", "--share-file", &one]);
    assert!(told.contains("another way"), "{told}");
    house.symbolon("officer-one", &["unseal", "--passphrase-file", &pin]);

    // Away from a token that is gone, by a vault that still runs; once it is taken back.
    fs::remove_dir_all(house.path("tokens")).unwrap();
    house.decide(&["rewrap", "--passphrase-from", "one"]);
    rewrap(&house, "officer-one", &["cancel"]);
    house.decide(&["rewrap", "--passphrase-from", "one"]);
    // The officers said who enters it.
    let begin = ["keys", "rewrap", "begin", "--passphrase-file", &old];
    let told = house.symbolon_refuses("officer-two", &begin);
    assert!(told.contains("NO_REWRAP"), "{told}");
    rewrap(&house, "officer-one", &["begin", "--passphrase-file", &old]);
    rewrap(&house, "officer-one", &["prove", "--passphrase-file", &old]);
    house.symbolon("officer-one", &["seal"]);
    house.unseal();
    assert_eq!(register(&house, "Ada", "A1234567"), known);
    vault.stop();
    audited(&house);
}

/// Each step stands in the audit log, and no secret.
fn audited(house: &House) {
    let _vault = house.start_vault();
    let shown = house.symbolon("auditor-main", &["audit", "show"]);
    let leaves = shown["leaves"].as_array().unwrap().iter();
    let told = leaves.map(|leaf| {
        let field = |name: &str| leaf[name].as_str().unwrap();
        format!(
            "{} {}: {}",
            field("caller"),
            field("operation"),
            field("outcome")
        )
    });
    let told: Vec<_> = told
        .filter(|line| line.contains("Rewrap") || line.contains("CollectShare"))
        .collect();
    let expected = [
        "officer/one BeginRewrap: made",
        "officer/one CollectShare: share 1",
        "officer/two CollectShare: share 3",
        "officer/three CollectShare: share 2",
        "officer/three ProveRewrap: share 2, 1 of 2",
        "officer/one ProveRewrap: share 1, 2 of 2",
        "officer/one ProveRewrap: proven",
        "officer/two BeginRewrap: made",
        "officer/one ProveRewrap: refused",
        "vault ProveRewrap: proven",
        "officer/one CancelRewrap: cancelled",
        "officer/two BeginRewrap: refused",
        "officer/one BeginRewrap: made",
        "officer/one ProveRewrap: proven",
    ];
    assert_eq!(told, expected);
    let text = shown.to_string();
    assert!(!text.contains(PASSPHRASE) && !text.contains(PIN));
}
