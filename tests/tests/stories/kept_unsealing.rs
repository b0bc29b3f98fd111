//! What unseals a vault goes on doing so: keys rotate, ring and ring secret are made anew, and the whole is
//! restored on another disk.

use std::fs;

use crate::{
    house::{House, Plan, program, run},
    people::register,
    restored::only,
};

/// Unseals a house's vault.
type Unseal = fn(&House);

fn with_shares(house: &House) {
    for (officer, number) in [("officer-one", 3), ("officer-one", 1)] {
        let share = house.path(&format!("shares/share-{number}"));
        house.symbolon(officer, &["unseal", "--share-file", &share]);
    }
}

fn with_pin(house: &House) {
    house.unseal();
}

fn with_backups(plan: Plan) -> House {
    let house = House::build_as(plan);
    let config = fs::read_to_string(house.path("vault.toml")).unwrap();
    let backup = "[backup]\nstore = \"backup/store\"\nring = \"backup/ring\"\nring_secret = \"backup/secret\"\n";
    house.write("vault.toml", &format!("{config}\n{backup}"));
    house
}

/// Seals and unseals again; whether everybody is still who they were.
fn again(house: &House, unseal: Unseal, known: &str) {
    house.symbolon("officer-one", &["seal"]);
    unseal(house);
    assert_eq!(register(house, "Ada", "A1234567"), known);
}

fn through_a_rotation_and_a_restore(house: &House, unseal: Unseal) {
    let vault = house.start_sealed();
    unseal(house);
    let known = register(house, "Ada", "A1234567");
    let secret = fs::read(house.path("vault/ring-secret")).unwrap();
    house.decide(&["rotate-key", "index", "--share", "100"]);
    house.symbolon("officer-one", &["keys", "watch"]);
    assert_ne!(fs::read(house.path("vault/ring-secret")).unwrap(), secret);
    again(house, unseal, &known);

    house.decide(&["backup"]);
    house.symbolon("officer-one", &["backup", "watch"]);
    let remembered = house.path("audit.json");
    let verify = ["audit", "verify", "--remember", &remembered];
    house.symbolon("auditor-main", &verify);
    vault.stop();
    fs::remove_dir_all(house.path("vault/store")).unwrap();
    for file in ["vault/ring", "vault/ring-secret"] {
        fs::remove_file(house.path(file)).unwrap();
    }
    restore(house, &remembered);
    let _vault = house.start_sealed();
    unseal(house);
    assert_eq!(register(house, "Ada", "A1234567"), known);
    again(house, unseal, &known);
}

/// Puts back store, ring and ring secret from their three places, as the officers decided.
fn restore(house: &House, remembered: &str) {
    let (trust, folder) = (house.path("trust.json"), house.path("going-back"));
    let note = only(house, "backup/store", ".note");
    let draft = ["proposals", "draft", "restore", "--note", &note];
    let to = ["--trust", &trust, "--out", &folder];
    house.symbolon("officer-one", &[&draft[..], &to].concat());
    house.sign(&[&format!("{folder}/proposal.json")]);
    let mut restore = program("symbolon-vault");
    restore
        .args(["restore", "--config", &house.path("vault.toml")])
        .args(["--store", &only(house, "backup/store", ".store")])
        .args(["--ring", &only(house, "backup/ring", ".ring")])
        .args([
            "--ring-secret",
            &only(house, "backup/secret", ".ring-secret"),
        ])
        .args(["--remembered", remembered])
        .args(["--proposal", &folder, "--trust", &trust]);
    run(&mut restore);
}

#[test]
fn shares_unseal_after_a_rotation_and_after_a_restore() {
    let house = with_backups(Plan {
        unseal_shares: Some((2, 3)),
        ..Plan::default()
    });
    through_a_rotation_and_a_restore(&house, with_shares);
}

#[test]
fn a_token_unseals_after_a_rotation_and_after_a_restore() {
    let house = with_backups(Plan {
        token: true,
        ..Plan::default()
    });
    through_a_rotation_and_a_restore(&house, with_pin);
}
