//! One officer revokes a stolen certificate; a new one is good at once, and two officers restore
//! the old one.

use crate::{
    house::{House, program, run},
    people::PERSON,
};

/// The serial number of a client's newest certificate, as the authority lists it.
fn serial(house: &House, role: &str) -> String {
    let list = house.symbolon("officer-one", &["pki", "list", &house.path("pki")]);
    let all = list["certificates"].as_array().unwrap().iter();
    let mut of_it = all.filter(|one| one["role"] == role && one["server"] == false);
    let serial = of_it.next_back().unwrap()["serial"].as_str();
    serial.unwrap().to_owned()
}

#[test]
fn one_officer_revokes_a_certificate_and_two_restore_it_across_a_crash() {
    let house = House::build();
    let vault = house.start_vault();
    let known = house.symbolon("portal-main", &PERSON);
    let old = serial(&house, "portal");
    let halt = ["halt", "certificate", &old.to_uppercase()];
    let told = house.symbolon_refuses("portal-main", &halt);
    assert!(told.contains("PERMISSION_DENIED"), "{told}");
    house.symbolon("officer-one", &halt);
    house.symbolon_refuses("portal-main", &PERSON);
    let halts = house.symbolon("officer-one", &["halt", "list"]);
    assert_eq!(halts["halts"][0]["what"], "certificate");
    assert_eq!(halts["halts"][0]["which"], old);

    // It stays revoked after a crash, sealed or not.
    drop(vault);
    let _vault = house.start_vault();
    house.symbolon_refuses("portal-main", &["seal", "status"]);

    // A new certificate of the same portal is good at once; the thief's copy of the old isn't.
    let stolen = ["pem", "key", "toml"].map(|ending| {
        let file = house.path(&format!("pki/portal-main.{ending}"));
        (file, house.path(&format!("pki/portal-thief.{ending}")))
    });
    for (from, to) in &stolen {
        let text = std::fs::read_to_string(from).unwrap();
        house.write(to, &text.replace("portal-main", "portal-thief"));
    }
    let endpoint = format!("https://localhost:{}", house.vault_port);
    run(program("symbolon")
        .args(["pki", "issue", &house.path("pki"), "--renew"])
        .args([
            "--role",
            "portal",
            "--name",
            "main",
            "--endpoint",
            &endpoint,
        ]));
    assert_eq!(house.symbolon("portal-main", &PERSON), known);
    house.symbolon_refuses("portal-thief", &PERSON);

    // Two officers find that it was only mislaid.
    house.decide(&["restore-certificate", &old]);
    assert_eq!(house.symbolon("portal-thief", &PERSON), known);
    let halts = house.symbolon("officer-one", &["halt", "list"]);
    assert!(halts["halts"].as_array().unwrap().is_empty());
}
