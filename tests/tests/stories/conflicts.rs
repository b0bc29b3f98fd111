//! Two registrars settle conflicts of identities, across a crash and a rotation.

use serde_json::Value;

use crate::house::{House, Plan};

fn person(house: &House, given_name: &str, document: &str) -> Result<Value, String> {
    let given_name = format!("given_name={given_name}");
    let document = format!("document={document}");
    register(house, &[&given_name, &document])
}

fn register(house: &House, attributes: &[&str]) -> Result<Value, String> {
    let always = ["family_name=Müller", "birth_date=1980-02-29"];
    let attributes = always.iter().chain(attributes);
    let attributes = attributes.flat_map(|attribute| ["--attribute", attribute]);
    let args: Vec<&str> = ["person", "register"]
        .into_iter()
        .chain(attributes)
        .collect();
    match house.symbolon_code("portal-main", &args) {
        (0, id) => Ok(id),
        (_, told) => Err(told.to_string()),
    }
}

/// What a registrar's certificate reaches.
fn registrar(house: &House, args: &[&str]) -> Value {
    house.symbolon("registrar-main", &[&["conflicts"], args].concat())
}

/// Has registrars sign one verdict, each handing theirs in.
fn settle(house: &House, ticket: &str, verdict: &str, registrars: &[&str]) -> Value {
    let folder = house.path(&format!("ticket-{ticket}-{verdict}"));
    let file = format!("{folder}/verdict.json");
    registrar(house, &["settle", ticket, verdict, "--out", &folder]);
    let mut last = Value::Null;
    for name in registrars {
        house.sign_as(name, &[&file]);
        last = registrar(house, &["sign", &folder]);
    }
    last
}

/// Officers name two registrars.
fn name_registrars(house: &House) {
    let mut named = vec!["change-registrars".to_owned()];
    for name in ["registrar-one", "registrar-two"] {
        let made = house.make_officer(name);
        named.extend(["--registrar".to_owned(), made]);
    }
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    house.decide(&named);
}

#[test]
fn whoever_was_known_twice_is_one_person_once_two_registrars_say_so() {
    let house = House::build_as(Plan {
        tax_number: true,
        ..Plan::default()
    });
    let vault = house.start_vault();
    name_registrars(&house);
    let both = ["registrar-one", "registrar-two"];
    let (name, document, tax) = ("given_name=Anna", "document=AB 1", "tax_number=11 22");
    let older = register(&house, &[name, document]).unwrap();
    register(&house, &[name, tax]).unwrap_err();
    // The verdict makes the second record: in the same second neither would be the older one.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    settle(&house, "1", "different", &both);
    let younger = register(&house, &[name, tax]).unwrap();
    assert_ne!(older, younger);
    let told = register(&house, &[name, document, tax]).unwrap_err();
    assert!(told.contains("IDENTITY_CONFLICT"), "{told}");
    let shown = registrar(&house, &["show", "2"]);
    assert_eq!(
        (&shown["kind"], &shown["records"]),
        (&"several-records".into(), &2.into())
    );
    let settled = settle(&house, "2", "same", &both);
    assert_eq!(settled["state"], "same");
    drop(vault);
    let _vault = house.start_vault();
    for attributes in [&[name, document][..], &[name, tax], &[name, document, tax]] {
        assert_eq!(register(&house, attributes).unwrap(), older);
    }
}

#[test]
fn two_registrars_tell_a_new_passport_from_a_namesake() {
    let house = House::build();
    let vault = house.start_vault();
    let anna = person(&house, "Anna", "AB 123456").unwrap();
    let told = person(&house, "Anna", "CD 000001").unwrap_err();
    assert!(told.contains("IDENTITY_CONFLICT"), "{told}");
    let open = registrar(&house, &["list"]);
    assert_eq!(open["conflicts"][0]["ticket"], 1);
    assert_eq!(open["conflicts"][0]["kind"], "only-hints");

    name_registrars(&house);

    // One alone, then a crash, then the other.
    let signed = settle(&house, "1", "same", &["registrar-one"]);
    assert_eq!(signed["state"], "open");
    assert!(person(&house, "Anna", "CD 000001").is_err());
    drop(vault);
    let _vault = house.start_vault();
    let folder = house.path("ticket-1-same");
    house.sign_as("registrar-two", &[&format!("{folder}/verdict.json")]);
    let settled = registrar(&house, &["sign", &folder]);
    assert_eq!(settled["state"], "same");
    assert_eq!(person(&house, "Anna", "CD 000001").unwrap(), anna);

    // A namesake is somebody else, and stays it when keys change.
    let told = person(&house, "Anna", "EF 000001").unwrap_err();
    assert!(told.contains("IDENTITY_CONFLICT"), "{told}");
    let both = ["registrar-two", "registrar-one"];
    let settled = settle(&house, "2", "different", &both);
    assert_eq!(settled["state"], "different");
    let namesake = person(&house, "Anna", "EF 000001").unwrap();
    assert_ne!(namesake, anna);
    // A mistyped number stays with whom it identifies: the verdict is remembered.
    assert!(person(&house, "Bella", "EF 000001").is_err());
    settle(&house, "3", "different", &both);
    house.decide(&["rotate-key", "index", "--share", "100"]);
    house.symbolon("officer-one", &["keys", "watch"]);
    assert_eq!(person(&house, "Anna", "EF 000001").unwrap(), namesake);
    assert_eq!(person(&house, "Anna", "AB 123456").unwrap(), anna);
    assert_eq!(person(&house, "Anna", "CD 000001").unwrap(), anna);
    assert!(person(&house, "Bella", "EF 000001").is_err());
    let open = registrar(&house, &["list"]);
    assert_eq!(open["conflicts"].as_array().unwrap().len(), 0);
    let all = registrar(&house, &["list", "--all"]);
    assert_eq!(all["conflicts"].as_array().unwrap().len(), 3);
    let shown = registrar(&house, &["show", "3"]);
    assert_eq!(shown["different"].as_array().unwrap().len(), 2);

    // Signatures of officers are none of registrars.
    let told = {
        assert!(person(&house, "Anna", "GH 000001").is_err());
        let folder = house.path("ticket-4-same");
        registrar(&house, &["settle", "4", "same", "--out", &folder]);
        house.sign_as("one", &[&format!("{folder}/verdict.json")]);
        house.symbolon_refuses("registrar-main", &["conflicts", "sign", &folder])
    };
    assert!(told.contains("INVALID_SIGNATURE"), "{told}");
    let told = house.symbolon_refuses("portal-main", &["conflicts", "list"]);
    assert!(told.contains("PERMISSION_DENIED"), "{told}");
}
