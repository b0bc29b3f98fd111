//! A person marries, is suspended, votes, leaves; officers erase the record.

use crate::{
    first_vote::Voter,
    house::{House, program, run},
    people::register,
    restored::{is_refused, open_election},
};

/// What `symbolon-vault check --records` says while the vault is stopped.
fn check(house: &House) -> String {
    let (config, passphrase) = (house.path("vault.toml"), house.path("passphrase"));
    run(program("symbolon-vault")
        .args(["check", "--records", "--config", &config])
        .args(["--passphrase-file", &passphrase]))
}

#[test]
fn a_person_is_amended_suspended_and_erased_once_no_token_is_out() {
    let house = House::build();
    let vault = house.start_vault();
    let receipts = house.init_gateway();
    let _gateway = house.start_gateway();
    let voter = |name, document| Voter {
        house: &house,
        name,
        registration_id: register(&house, name, document),
    };
    let (anna, zoya) = (voter("Anna", "A123456"), voter("Zoya", "Z123456"));
    let portal = |args: &[&str]| house.symbolon("portal-main", &[&["person"], args].concat());
    let refused =
        |args: &[&str]| house.symbolon_refuses("portal-main", &[&["person"], args].concat());

    // A new family name: the document says who it is.
    let id = anna.registration_id.as_str();
    house.write(
        "married.json",
        r#"{"family_name":"Weiß","given_name":"Zoë","birth_date":"1980-02-29","document":"A123456"}"#,
    );
    let married = house.path("married.json");
    let told = refused(&["register", "--file", &married]);
    assert!(told.contains("IDENTITY_CONFLICT"), "{told}");
    portal(&["amend", id, "--file", &married]);
    let found = portal(&["register", "--file", &married]);
    assert_eq!(found["registrationId"], id);
    assert_eq!(register(&house, "Anna", "A123456"), id);
    let told = refused(&["amend", &zoya.registration_id, "--file", &married]);
    assert!(told.contains("IDENTITY_CONFLICT"), "{told}");

    // Whoever is suspended gets no token, whoever has one isn't erased.
    let election = open_election(&house, &receipts);
    anna.new_device();
    zoya.new_device();
    portal(&["suspend", &zoya.registration_id]);
    let told = is_refused(&zoya, &election);
    assert!(told.contains("PERSON_SUSPENDED"), "{told}");
    portal(&["resume", &zoya.registration_id]);
    zoya.ask_again(&election);
    let told = refused(&["erase", &zoya.registration_id]);
    assert!(told.contains("TOKEN_HELD"), "{told}");

    // The portal forgets the one without a token; officers erase her, across a crash.
    portal(&["erase", id]);
    let told = refused(&["erase", id]);
    assert!(told.contains("UNKNOWN_REGISTRATION_ID"), "{told}");
    let told = is_refused(&anna, &election);
    assert!(told.contains("UNKNOWN_REGISTRATION_ID"), "{told}");
    drop(vault);
    let vault = house.start_vault();
    let waiting = house.symbolon("officer-one", &["erasures", "list"]);
    assert_eq!(waiting["erasures"][0]["portal"], "main");
    let erasure = waiting["erasures"][0]["erasure"].as_str().unwrap();
    house.decide(&["erase-people", "--erasure", erasure]);
    let waiting = house.symbolon("officer-one", &["erasures", "list"]);
    assert_eq!(waiting["waiting"], 0);
    let told = house.symbolon_refuses("portal-main", &["erasures", "list"]);
    assert!(told.contains("PERMISSION_DENIED"), "{told}");
    vault.stop();
    let told = check(&house);
    assert!(told.contains("1 people, found by 3 rows\n"), "{told}");

    // Who comes again is somebody new, without a place where the first had one.
    let _vault = house.start_vault();
    let again = voter("Anna", "A123456");
    assert_ne!(again.registration_id, id);
    let told = is_refused(&again, &election);
    assert!(told.contains("NOT_ELIGIBLE"), "{told}");
}
