//! One officer stops a portal; two let it go on, from different machines, across a crash.

use std::fs;

use crate::{
    house::{House, program, run},
    people::PERSON,
};

#[test]
fn one_officer_suspends_a_portal_and_two_let_it_go_on() {
    let house = House::build();
    let vault = house.start_vault();
    let known = house.symbolon("portal-main", &PERSON);
    house.symbolon("officer-one", &["halt", "portal", "main"]);
    let told = house.symbolon_refuses("portal-main", &PERSON);
    assert!(told.contains("PORTAL_SUSPENDED"), "{told}");
    let told = house.symbolon_refuses("portal-main", &["halt", "list"]);
    assert!(told.contains("PERMISSION_DENIED"), "{told}");

    let (first, second) = (house.path("first"), house.path("second"));
    let draft = [
        "proposals",
        "draft",
        "resume-portal",
        "main",
        "--out",
        &first,
    ];
    let digest = house.symbolon("officer-one", &draft)["digest"].clone();
    let digest = digest.as_str().unwrap();
    let told = house.symbolon_refuses("officer-one", &["proposals", "sign", &first]);
    assert!(told.contains("nobody has signed"), "{told}");
    house.sign_as("one", &[&format!("{first}/proposal.json")]);
    let signed = house.symbolon("officer-one", &["proposals", "sign", &first]);
    assert_eq!(signed["state"], "open");
    let told = house.symbolon_refuses("portal-main", &PERSON);
    assert!(told.contains("PORTAL_SUSPENDED"), "{told}");

    // What was stopped and signed is there after a crash.
    drop(vault);
    let _vault = house.start_vault();
    let told = house.symbolon_refuses("portal-main", &PERSON);
    assert!(told.contains("PORTAL_SUSPENDED"), "{told}");
    let list = house.symbolon("officer-one", &["proposals", "list"]);
    assert_eq!(list["proposals"][0]["digest"], digest);
    assert_eq!(list["proposals"][0]["signers"].as_array().unwrap().len(), 1);

    // The second officer has nothing but the digest.
    let show = ["proposals", "show", digest, "--out", &second];
    house.symbolon("officer-one", &show);
    house.sign_as("three", &[&format!("{second}/proposal.json")]);
    let signed = house.symbolon("officer-one", &["proposals", "sign", &second]);
    assert_eq!(signed["state"], "executed");
    assert_eq!(house.symbolon("portal-main", &PERSON), known);
    let again = house.symbolon("officer-one", &["proposals", "sign", &second]);
    assert_eq!(again["state"], "executed");
    let told = house.symbolon_refuses("officer-one", &["proposals", "cancel", digest]);
    assert!(told.contains("PROPOSAL_DECIDED"), "{told}");
}

#[test]
fn index_and_sealing_key_are_rotated_and_a_person_keeps_the_id() {
    let house = House::build();
    let vault = house.start_vault();
    let known = house.symbolon("portal-main", &PERSON);
    let secret = || fs::read(house.path("vault/ring-secret")).unwrap();
    for key in ["index", "sealing"] {
        let before = secret();
        house.decide(&["rotate-key", key, "--share", "100"]);
        house.symbolon("officer-one", &["keys", "watch"]);
        assert_eq!(house.symbolon("portal-main", &PERSON), known);
        let keys = house.symbolon("auditor-main", &["keys", "list", "--all"]);
        let of_it = keys["keys"].as_array().unwrap().iter();
        let of_it = of_it.filter(|one| one["purpose"] == key);
        let states: Vec<_> = of_it.map(|one| one["state"].clone()).collect();
        assert_eq!(states, ["destroyed", "active"], "{key}");
        assert!(secret() != before, "{key}");
    }
    let told = house.symbolon_refuses("portal-main", &["keys", "list"]);
    assert!(told.contains("PERMISSION_DENIED"), "{told}");
    check_certificates(&house);
    vault.stop();
    let (config, passphrase) = (house.path("vault.toml"), house.path("passphrase"));
    let check = ["check", "--records", "--config", &config];
    let told = run(program("symbolon-vault")
        .args(check)
        .args(["--passphrase-file", &passphrase]));
    assert!(told.contains("1 people, found by 3 rows\n"), "{told}");
    assert!(told.contains("rows of index epoch 2: 3\n"), "{told}");
}

/// The destructions of both keys are certified, for whoever has the vault, a copy of the log, or an
/// altered one.
fn check_certificates(house: &House) {
    let verified = house.symbolon("auditor-main", &["audit", "verify"]);
    let destroyed = verified["destroyed"].as_array().unwrap();
    let purposes: Vec<_> = destroyed
        .iter()
        .map(|one| &one["keys"][0]["purpose"])
        .collect();
    assert_eq!(purposes, ["index", "sealing"]);
    let (copy, key) = (house.path("audit-log"), verified["key"].as_str().unwrap());
    house.symbolon("auditor-main", &["audit", "export", "--out", &copy]);
    let offline = ["audit", "verify", "--from", &copy, "--key", key];
    let again = house.symbolon("auditor-main", &offline);
    assert_eq!(again["destroyed"], verified["destroyed"]);

    let file = house.path("audit-log/leaves");
    let leaves = fs::read_to_string(&file).unwrap();
    let forged = leaves.replacen("/destroyed\\n{", "/destroyed\\n {", 1);
    assert_ne!(forged, leaves);
    fs::write(&file, forged).unwrap();
    let told = house.symbolon_refuses("auditor-main", &offline);
    assert!(told.contains("the certificate in leaf"), "{told}");
    let shorter: Vec<_> = leaves.lines().skip(1).collect();
    fs::write(&file, shorter.join("\n")).unwrap();
    let told = house.symbolon_refuses("auditor-main", &offline);
    assert!(told.contains("certificate"), "{told}");
}

#[test]
fn an_officer_signs_nothing_whose_content_is_another_or_is_missing() {
    let house = House::build();
    let _vault = house.start_vault();
    let folder = house.path("draft");
    let draft = [
        "proposals",
        "draft",
        "resume-portal",
        "main",
        "--out",
        &folder,
    ];
    house.symbolon("officer-one", &draft);
    let (proposal, content) = (
        format!("{folder}/proposal.json"),
        format!("{folder}/content.json"),
    );
    let (key, passphrase) = (house.path("key-one.json"), house.path("officer-passphrase"));
    let sign = [
        "officer",
        "sign",
        "--yes",
        "--key",
        &key,
        "--passphrase-file",
        &passphrase,
        &proposal,
    ];
    let text = fs::read_to_string(&content).unwrap();
    fs::write(&content, text.replace("main", "evil")).unwrap();
    let told = house.symbolon_refuses("officer-one", &sign);
    assert!(told.contains("content is not the one"), "{told}");
    fs::remove_file(&content).unwrap();
    let told = house.symbolon_refuses("officer-one", &sign);
    assert!(told.contains("content.json"), "{told}");
    fs::write(&content, text).unwrap();
    house.symbolon("officer-one", &sign);
}
