//! A PKCS#11 token (SoftHSM2) unseals the vault, and nothing else does.

use std::{fs, process::Command};

use crate::{
    house::{House, PASSPHRASE, PIN, Plan, TOKEN_MODULE, refused, run},
    people::PERSON,
};

fn house() -> House {
    House::build_as(Plan {
        token: true,
        ..Plan::default()
    })
}

fn unseal(file: &str) -> [&str; 3] {
    ["unseal", "--passphrase-file", file]
}

/// The last outcomes of unsealing in the audit log.
fn outcomes(house: &House) -> Vec<String> {
    let shown = house.symbolon("auditor-main", &["audit", "show"]);
    let leaves = shown["leaves"].as_array().unwrap().iter();
    let own = leaves.filter(|leaf| leaf["operation"] == "Unseal");
    own.map(|leaf| leaf["outcome"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_token_unseals_and_a_wrong_pin_another_token_or_none_does_not() {
    let house = house();
    let vault = house.start_sealed();
    let status = house.symbolon("officer-one", &["status"]);
    assert_eq!(
        (&status["sealed"], &status["method"]),
        (&true.into(), &"token".into())
    );
    let (pin, wrong) = (house.path("passphrase"), house.path("wrong"));
    house.write("wrong", "111222");
    let told = house.symbolon_refuses("officer-one", &unseal(&wrong));
    assert!(
        told.contains("WRONG_PIN") && told.contains("few tries"),
        "{told}"
    );
    assert!(!told.contains("111222"), "{told}");
    house.write("wrong", PASSPHRASE);
    let told = house.symbolon_refuses("officer-one", &unseal(&wrong));
    assert!(told.contains("WRONG_PIN"), "{told}");
    house.symbolon("officer-one", &unseal(&pin));
    let people = house.symbolon("portal-main", &PERSON);
    house.symbolon("officer-one", &["seal"]);

    // The token is taken out while the vault runs, and another of its name put in; then it is back.
    let (tokens, away) = (house.path("tokens"), house.path("away"));
    fs::rename(&tokens, &away).unwrap();
    fs::create_dir(&tokens).unwrap();
    let told = house.symbolon_refuses("officer-one", &unseal(&pin));
    assert!(
        told.contains("TOKEN_FAILED") && told.contains("no token labelled"),
        "{told}"
    );
    house.make_token("vault");
    let told = house.symbolon_refuses("officer-one", &unseal(&pin));
    assert!(
        told.contains("TOKEN_FAILED") && told.contains("AES key"),
        "{told}"
    );
    fs::remove_dir_all(&tokens).unwrap();
    fs::rename(&away, &tokens).unwrap();
    house.symbolon("officer-one", &unseal(&pin));
    assert_eq!(house.symbolon("portal-main", &PERSON), people);
    let expected = [
        "refused", "refused", "unsealed", "refused", "refused", "unsealed",
    ];
    assert_eq!(outcomes(&house), expected);
    vault.stop();

    check_offline(&house, &pin);
    no_module(&house, &pin);
}

/// On the vault's host the PIN opens the ring for a check; ring, ring secret and PIN without the token don't.
fn check_offline(house: &House, pin: &str) {
    let config = house.path("vault.toml");
    let check = |mut program: Command| {
        program.args([
            "check",
            "--records",
            "--config",
            &config,
            "--passphrase-file",
            pin,
        ]);
        program
    };
    let told = run(&mut check(house.vault_program()));
    assert!(told.contains("token          opens the key ring"), "{told}");
    let mut without = house.vault_program();
    without.env("SOFTHSM2_CONF", house.path("none.conf"));
    house.write(
        "none.conf",
        &format!("directories.tokendir = {}\n", house.path("pki")),
    );
    let told = refused(&mut check(without));
    assert!(
        told.contains("no token labelled \"vault\" is there"),
        "{told}"
    );
    assert!(!told.contains(PIN), "{told}");
}

/// A configuration whose library is wrong, or that names none.
fn no_module(house: &House, pin: &str) {
    let config = fs::read_to_string(house.path("vault.toml")).unwrap();
    let line = format!("pkcs11_module = {TOKEN_MODULE:?}");
    assert!(config.contains(&line));
    for (instead, told) in [
        ("", "keys.pkcs11_module: is missing"),
        (
            "pkcs11_module = \"nowhere.so\"",
            "nowhere.so can't be loaded",
        ),
    ] {
        house.write("vault.toml", &config.replace(&line, instead));
        let vault = house.start_sealed();
        let said = house.symbolon_refuses("officer-one", &unseal(pin));
        assert!(
            said.contains("TOKEN_FAILED") && said.contains("keys.pkcs11_module"),
            "{said}"
        );
        assert!(said.contains(told), "{said}");
        vault.stop();
    }
}

#[test]
fn no_vault_is_made_over_a_key_that_is_there_or_without_a_library() {
    let house = house();
    let config = fs::read_to_string(house.path("vault.toml")).unwrap();
    let officer = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    let init = |config: &str| {
        house.write("second.toml", &config.replace("vault/", "second/"));
        let mut init = house.vault_program();
        init.args(["init", "--config", &house.path("second.toml")]);
        init.args(["--officer", officer, "--threshold", "1"]);
        init.args(["--passphrase-file", &house.path("passphrase")]);
        init.args(["--pkcs11-token", "vault", "--pkcs11-key", "ring"]);
        init.args(["--trust", &house.path("second.json")]);
        let told = refused(&mut init);
        assert!(!fs::exists(house.path("second/ring")).unwrap(), "{told}");
        told
    };
    let told = init(&config);
    assert!(
        told.contains("has a key labelled \"ring\" already"),
        "{told}"
    );
    let told = init(&config.replace("pkcs11_module", "# pkcs11_module"));
    assert!(told.contains("keys.pkcs11_module: is missing"), "{told}");
}
