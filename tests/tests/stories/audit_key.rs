//! The audit log gets another key, and an auditor who knows the old one follows; a copy of the log
//! says the same without the vault.

use std::fs;

use crate::house::House;

#[test]
fn auditors_follow_from_the_old_audit_key_to_the_new_one() {
    let house = House::build();
    let vault = house.start_vault();
    let remember = house.path("audit.json");
    let verify = ["audit", "verify", "--remember", &remember];
    let before = house.symbolon("auditor-main", &verify);
    let pinned = fs::read_to_string(&remember).unwrap();
    house.decide(&["rotate-key", "audit"]);
    house.symbolon("officer-one", &["keys", "watch"]);
    let keys = house.symbolon("auditor-main", &["keys", "list", "--all"]);
    let audit = keys["keys"].as_array().unwrap().iter();
    let audit = audit.filter(|key| key["purpose"] == "audit");
    let states: Vec<_> = audit.map(|key| key["state"].clone()).collect();
    assert_eq!(states, ["destroyed", "active"]);

    let quick = [&verify[..], &["--quick"]].concat();
    let told = house.symbolon_refuses("auditor-main", &quick);
    assert!(told.contains("without --quick"), "{told}");
    let after = house.symbolon("auditor-main", &verify);
    assert_ne!(after["key"], before["key"]);
    assert_eq!(after["rotations"], 1);
    assert_eq!(after["extends"], before["size"]);
    let destroyed = after["destroyed"].as_array().unwrap();
    assert_eq!(destroyed[0]["keys"][0]["purpose"], "audit");
    // The new key is remembered: what follows is quick again.
    house.symbolon("auditor-main", &quick);

    // A second one, after what the first key signed: certificates of three keys in one log.
    house.decide(&["rotate-key", "index", "--share", "100"]);
    house.symbolon("officer-one", &["keys", "watch"]);
    house.decide(&["rotate-key", "audit"]);
    house.symbolon("officer-one", &["keys", "watch"]);
    let last = house.symbolon("auditor-main", &verify);
    assert_eq!(last["rotations"], 2);
    assert_eq!(last["destroyed"].as_array().unwrap().len(), 3);

    // Whoever kept the very first key follows as well, also on a copy of the log.
    fs::write(&remember, &pinned).unwrap();
    let again = house.symbolon("auditor-main", &verify);
    assert_eq!(
        (&again["key"], &again["rotations"]),
        (&last["key"], &last["rotations"])
    );
    let copy = house.path("audit-log");
    house.symbolon("auditor-main", &["audit", "export", "--out", &copy]);
    let offline = |key| ["audit", "verify", "--from", &copy, "--key", key];
    for known in [&before, &after, &last] {
        let args = offline(known["key"].as_str().unwrap());
        let verified = house.symbolon("auditor-main", &args);
        assert_eq!(verified["key"], last["key"]);
    }
    let other = House::build();
    let elsewhere = other.start_vault();
    let stranger = other.symbolon("auditor-main", &["audit", "verify"]);
    let args = offline(stranger["key"].as_str().unwrap());
    let told = house.symbolon_refuses("auditor-main", &args);
    assert!(
        told.contains("none of those that the log went through"),
        "{told}"
    );
    elsewhere.stop();
    vault.stop();
}
