//! People whom a portal registers.

use crate::house::House;

/// The command line for somebody.
pub(crate) const PERSON: [&str; 10] = [
    "person",
    "register",
    "--attribute",
    "family_name=Ёлкина",
    "--attribute",
    "given_name=Зоя",
    "--attribute",
    "birth_date=1980-02-29",
    "--attribute",
    "document=AB 123456",
];

/// Registers somebody; the registration ID.
pub(crate) fn register(house: &House, name: &str, document: &str) -> String {
    let own = [
        format!("family_name={name}"),
        "given_name=Zoë".to_owned(),
        "birth_date=1980-02-29".to_owned(),
        format!("document={document}"),
    ];
    let mut args = vec!["person", "register"];
    for attribute in &own {
        args.extend(["--attribute", attribute]);
    }
    let said = house.symbolon("portal-main", &args);
    said["registrationId"].as_str().unwrap().to_owned()
}
