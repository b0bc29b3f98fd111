//! A vault loses its disk in the middle of an election, goes back to a backup, and gives no place away twice.

use std::{fs, time::Duration};

use serde_json::Value;

use crate::{
    first_vote::{Voter, content, now},
    house::{House, program, refused, run},
    people::register,
};

const BACKUP: &str = r#"
[backup]
store = "backup/store"
ring = "backup/ring"
ring_secret = "backup/ring-secret"
"#;

/// Opens an election of an hour; its ID.
pub(crate) fn open_election(house: &House, receipts: &str) -> String {
    content(house);
    let (trust, draft) = (house.path("trust.json"), house.path("draft"));
    let (opens, closes) = ((now() - 1).to_string(), (now() + 3600).to_string());
    let (text, keys) = (house.path("content.json"), house.path("ledger-keys.json"));
    let args = [
        &["election", "draft", "--content", &text, "--ledger-keys"][..],
        &[&keys, "--opens", &opens, "--closes", &closes],
        &["--grace", "6s", "--max-ballots", "2"],
        &["--ballot-batch-min", "1", "--gateway", receipts],
        &["--everybody", "--trust", &trust, "--out", &draft],
    ];
    let said = house.symbolon("organiser-main", &args.concat());
    house.sign(&[
        &house.path("draft/manifest.json"),
        &house.path("draft/roll-statement.json"),
    ]);
    house.symbolon("organiser-main", &["election", "open", &draft]);
    std::thread::sleep(Duration::from_secs(2));
    let (url, papers) = (house.gateway_url(), house.path("papers"));
    let args = ["vote", "elections", "--trust", &trust, "--gateway", &url];
    let args = [&args[..], &["--save", &papers]].concat();
    house.symbolon("portal-main", &args);
    said["election"]
        .as_str()
        .unwrap()
        .trim_start_matches("0x")
        .to_owned()
}

/// The one file of a folder that ends so.
pub(crate) fn only(house: &House, folder: &str, ending: &str) -> String {
    let files = fs::read_dir(house.path(folder)).unwrap();
    let paths = files.map(|file| file.unwrap().path().to_str().unwrap().to_owned());
    let mut found: Vec<_> = paths.filter(|path| path.ends_with(ending)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// A request with this device is refused; what is said.
pub(crate) fn is_refused(voter: &Voter<'_>, election: &str) -> String {
    let relay = voter.request(election);
    let relay: Vec<_> = relay.iter().map(String::as_str).collect();
    voter.house.symbolon_refuses("portal-main", &relay)
}

#[test]
fn after_a_restore_whoever_voted_keeps_the_place_and_nobody_gets_it_twice() {
    let house = House::build();
    let config = fs::read_to_string(house.path("vault.toml")).unwrap();
    house.write("vault.toml", &format!("{config}{BACKUP}"));
    let vault = house.start_vault();
    let receipts = house.init_gateway();
    let _gateway = house.start_gateway();
    let voter = |name, document| Voter {
        house: &house,
        name,
        registration_id: register(&house, name, document),
    };
    let (anna, zoya, anh) = (
        voter("Anna", "A123456"),
        voter("Zoya", "Z123456"),
        voter("Anh", "N123456"),
    );
    let election = open_election(&house, &receipts);
    anna.ask(&election);
    anna.vote(&election, "1;1", "first");
    house.decide(&["backup"]);
    let taken = house.symbolon("officer-one", &["backup", "watch"]);
    assert!(taken["last"]["rows"].as_u64().unwrap() > 0, "{taken}");
    let remembered = house.path("audit.json");
    house.symbolon(
        "auditor-main",
        &["audit", "verify", "--remember", &remembered],
    );
    // These ask after the backup; one of them also votes.
    zoya.ask(&election);
    zoya.vote(&election, ";2", "first");
    anh.ask(&election);
    std::thread::sleep(Duration::from_secs(5));

    vault.stop();
    fs::rename(house.path("vault/store"), house.path("vault/store.lost")).unwrap();
    let (store, note) = (
        only(&house, "backup/store", ".store"),
        only(&house, "backup/store", ".note"),
    );
    let (trust, folder) = (house.path("trust.json"), house.path("going-back"));
    let restore = |more: &[&str]| {
        let mut restore = program("symbolon-vault");
        let config = house.path("vault.toml");
        restore.args(["restore", "--config", &config, "--store", &store]);
        restore.args(["--remembered", &remembered]).args(more);
        restore
    };
    let told = refused(&mut restore(&[]));
    assert!(told.contains("officers have to sign it"), "{told}");
    let draft = [
        "proposals",
        "draft",
        "restore",
        "--note",
        &note,
        "--trust",
        &trust,
    ];
    house.symbolon("officer-one", &[&draft[..], &["--out", &folder]].concat());
    house.sign_as("one", &[&format!("{folder}/proposal.json")]);
    let decided = ["--proposal", &folder, "--trust", &trust];
    let told = refused(&mut restore(&decided));
    assert!(told.contains("2 are needed"), "{told}");
    house.sign_as("three", &[&format!("{folder}/proposal.json")]);
    let told = run(&mut restore(&decided));
    assert!(told.contains("1 elections stand still"), "{told}");

    let _vault = house.start_vault();
    let other_zoya = Voter {
        house: &house,
        name: "OtherZoya",
        registration_id: zoya.registration_id.clone(),
    };
    house.symbolon(
        "portal-main",
        &[
            "vote",
            "new-device",
            "--out",
            &house.path("OtherZoya-device"),
        ],
    );
    let told = is_refused(&other_zoya, &election);
    assert!(told.contains("ISSUANCE_STOPPED"), "{told}");
    let resume = house.path("too-early");
    let draft = [
        "proposals",
        "draft",
        "resume-issuance",
        &election,
        "--out",
        &resume,
    ];
    house.symbolon("officer-one", &draft);
    for officer in ["one", "two"] {
        house.sign_as(officer, &[&format!("{resume}/proposal.json")]);
    }
    let told = house.symbolon_refuses("officer-one", &["proposals", "sign", &resume]);
    assert!(told.contains("READ_BACK_FIRST"), "{told}");

    let log = format!("{}/log", house.gateway_url());
    let read = [
        "backup",
        "read-back",
        &election,
        "--source",
        &log,
        "--trust",
        &trust,
    ];
    let told: Value = house.symbolon("officer-one", &read);
    assert_eq!(
        (&told["bound"], &told["known"]),
        (&1.into(), &1.into()),
        "{told}"
    );
    house.decide(&["resume-issuance", &election]);
    let told = is_refused(&other_zoya, &election);
    assert!(told.contains("PLACE_TAKEN"), "{told}");
    // Both who had a token go on: one votes again with it, the other asks again with the same device.
    zoya.vote(&election, "1;3", "second");
    anh.ask_again(&election);
    anh.vote(&election, "2;1", "first");
}
