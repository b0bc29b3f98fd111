//! The runbooks' commands work as they stand there, one page after another, in one city.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;

use crate::{
    guides::{COMPLAINED, City, OWN_PROGRAMS, SAID, commands, page, with},
    house::{free_port, program, refused, run},
};

/// The service manager of a host that has none: it starts and ends the real program.
const SYSTEMCTL: &str = r#"#!/usr/bin/env bash
set -euo pipefail
test "$2" = symbolon-vault
stop() {
    kill "$(cat vault.pid)"
    while kill -0 "$(cat vault.pid)" 2> /dev/null; do sleep 0.1; done
}
start() {
    export SOFTHSM2_CONF=softhsm2.conf
    symbolon-vault --config vault.toml >> vault.log 2>&1 &
    echo $! > vault.pid
}
case "$1" in
    stop) stop ;;
    start) start ;;
    restart) stop; start ;;
    *) exit 2 ;;
esac
"#;

/// An election that is forgotten soon, between two sections of the guide that make a gateway.
const PASSING: &str = r#"
cat > poll.json <<'END'
{"version": "symbolon/v1", "title": {"en": "A poll"}, "text": {"en": "One question."},
 "questions": [{"title": {"en": "A bench?"}, "text": {"en": "In the park?"},
                "options": [{"en": "yes"}, {"en": "no"}], "least": 0, "most": 1}]}
END
symbolon --profile pki/organiser-main.toml election draft --content poll.json \
    --ledger-keys ledger-keys.json --gateway "$receipts" --opens +1s --closes +45s --grace 1s \
    --forget-after +50s --max-ballots 1 --ballot-batch-min 1 --everybody --trust trust.json --out passing
for officer in two three; do
    symbolon officer sign --yes --key "officers/$officer.json" \
        --passphrase-file "officers/$officer.passphrase" --trust trust.json \
        passing/manifest.json passing/roll-statement.json
done
symbolon --profile pki/organiser-main.toml election open passing
"#;

/// A city with a vault, as the guide makes it, and a service manager.
struct Night {
    city: City,
    /// The vault's and the gateway's.
    ports: [String; 2],
}

impl Night {
    fn new() -> Self {
        Self::unsealed_by(|_, guide| guide.to_owned())
    }

    /// With what makes the vault in the guide's text replaced.
    fn unsealed_by(replaced: impl Fn(&City, &str) -> String) -> Self {
        let (city, ports) = (City::new(), [free_port(), free_port()]);
        let ports = ports.map(|port| port.to_string());
        let own = city.path(OWN_PROGRAMS);
        fs::create_dir(&own).unwrap();
        let systemctl = own.join("systemctl");
        fs::write(&systemctl, SYSTEMCTL).unwrap();
        fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
        let night = Self { city, ports };
        let guide = page("guides", "first-election.md");
        let (vault, _) = guide.split_once("\n## 3. ").unwrap();
        night.follow("first-election.md", &replaced(&night.city, vault));
        night
    }

    /// Does what a page says.
    fn follow(&self, name: &str, text: &str) {
        self.run(name, &commands(text));
    }

    /// Runs commands with the guide's ports replaced.
    fn run(&self, name: &str, text: &str) {
        let mut text = text.to_owned();
        for (port, own) in ["7401", "7402"].iter().zip(&self.ports) {
            if text.contains(port) {
                text = with(&text, port, own);
            }
        }
        let status = self.city.follow(&text);
        let told = [SAID, COMPLAINED, "vault.log"].map(|file| {
            let text = fs::read_to_string(self.city.path(file));
            text.unwrap_or_default()
        });
        assert!(status.success(), "{name}: {}", told.join("\n---\n"));
    }

    fn runbook(&self, name: &str) {
        self.follow(name, &page("runbooks", name));
    }

    /// What the command line says under a profile.
    fn symbolon(&self, profile: &str, args: &[&str]) -> Value {
        let profile = self.city.path(&format!("pki/{profile}.toml"));
        let said = run(program("symbolon")
            .arg("--json")
            .arg("--profile")
            .arg(profile)
            .args(args));
        serde_json::from_str(&said).unwrap()
    }

    /// The registration ID of a person with this number.
    fn register(&self, person: u64) -> String {
        let own = [
            "family_name=Ёлкина".to_owned(),
            "given_name=Зоя".to_owned(),
            format!("birth_date=198{person}-02-28"),
            format!("document=AB 12345{person}"),
        ];
        let own = own.iter().flat_map(|one| ["--attribute", one.as_str()]);
        let args: Vec<_> = ["person", "register"].into_iter().chain(own).collect();
        let said = self.symbolon("portal-main", &args);
        said["registrationId"].as_str().unwrap().to_owned()
    }

    /// The states of an election's token keys, by epoch; there is one election.
    fn token_keys(&self) -> Vec<String> {
        let keys = self.symbolon("auditor-main", &["keys", "list", "--all"]);
        let keys = keys["keys"].as_array().unwrap().iter();
        let own = keys.filter(|key| key["purpose"].as_str().unwrap().starts_with("token key"));
        own.map(|key| key["state"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The states of all keys of a purpose, by epoch.
    fn states(&self, purpose: &str) -> Vec<String> {
        let keys = self.symbolon("auditor-main", &["keys", "list", "--all"]);
        let of_it = keys["keys"].as_array().unwrap().iter();
        let of_it = of_it.filter(|key| key["purpose"] == purpose);
        of_it
            .map(|key| key["state"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[test]
fn the_runbooks_commands_work() {
    let night = Night::new();
    night.runbook("first-unseal.md");
    assert!(night.city.text(SAID).contains("NONE WAS EVER TAKEN"));
    let known = night.register(1);

    night.runbook("scheduled-rotation.md");
    assert_eq!(night.states("index"), ["destroyed", "active"]);
    assert_eq!(night.states("sealing"), ["destroyed", "active"]);
    night.runbook("suspected-leak.md");
    assert_eq!(night.states("index"), ["destroyed", "destroyed", "active"]);
    assert_eq!(night.register(1), known);

    night.runbook("stolen-portal-certificate.md");
    assert_eq!(night.register(1), known);

    let restoring = page("runbooks", "restore.md");
    let (taking, restoring) = restoring.split_once("\n## 2. ").unwrap();
    night.follow("restore.md, the first part", taking);
    let taken = night.symbolon("officer-one", &["backup", "status"]);
    assert_eq!(taken["last"]["name"].as_str().unwrap().len(), 15);
    apart(&night.city);
    let later = night.register(2);
    night.follow("restore.md", restoring);
    assert_eq!(night.register(1), known);
    assert!(night.register(2) != later, "what came later is forgotten");
    let proposals = night.symbolon("officer-one", &["proposals", "list"]);
    let restored = proposals["proposals"].as_array().unwrap().iter();
    let mut restored = restored.filter(|one| one["what"] == "restore");
    assert_eq!(restored.next().unwrap()["state"], "executed");

    night.runbook("lost-officer.md");
    let status = night.symbolon("officer-two", &["status"]);
    assert_eq!(
        (&status["method"], &status["shares"]["made"]),
        (&"shares".into(), &3.into())
    );
    let trust: Value = serde_json::from_str(&night.city.text("trust.json")).unwrap();
    let old: Value = serde_json::from_str(&night.city.text("trust.old.json")).unwrap();
    assert!(trust["officers"] != old["officers"], "{trust:#}");
    an_election_is_forgotten(&night);
}

/// As the guide makes a vault, but for a SoftHSM token whose folder has a copy.
fn by_a_token(city: &City, guide: &str) -> String {
    let conf = format!("directories.tokendir = {}\n", city.path("tokens").display());
    fs::write(city.path("softhsm2.conf"), conf).unwrap();
    let made = "export SOFTHSM2_CONF=softhsm2.conf\nmkdir tokens\necho 482915 > vault.passphrase\n\
        softhsm2-util --init-token --free --label city --so-pin 87654321 --pin 482915\n\
        sed -i '/^\\[keys\\]/a pkcs11_module = \"/usr/lib/softhsm/libsofthsm2.so\"' vault.toml";
    let text = with(
        guide,
        "head -c 18 /dev/urandom | base64 > vault.passphrase",
        made,
    );
    let token = "--pkcs11-token city --pkcs11-key ring --passphrase-file vault.passphrase --trust";
    with(&text, "--passphrase-file vault.passphrase --trust", token)
}

#[test]
fn a_lost_token_is_replaced_by_its_copy() {
    let night = Night::unsealed_by(by_a_token);
    let known = night.register(1);
    let copied = night
        .city
        .follow("cp -a tokens second-token\nrm -r tokens\nmkdir tokens");
    assert!(copied.success());
    night.symbolon("officer-one", &["seal"]);
    let profile = night.city.path("pki/officer-one.toml");
    let told = refused(
        program("symbolon")
            .arg("--profile")
            .arg(profile)
            .args(["unseal", "--passphrase-file"])
            .arg(night.city.path("vault.passphrase")),
    );
    assert!(
        told.contains("no token labelled \"city\" is there"),
        "{told}"
    );
    night.runbook("lost-hsm.md");
    assert_eq!(night.register(1), known);
    assert!(night.city.path("tokens.lost").exists());
    // The page's end moved on to a token of its own.
    fs::remove_dir_all(night.city.path("tokens.lost")).unwrap();
    night.symbolon("officer-one", &["seal"]);
    let pin = night.city.path("vault.passphrase");
    let pin = pin.to_str().unwrap();
    night.symbolon("officer-one", &["unseal", "--passphrase-file", pin]);
    assert_eq!(night.register(1), known);
}

/// Runs the page on an election whose time comes while one reads.
fn an_election_is_forgotten(night: &Night) {
    let guide = page("guides", "first-election.md");
    let (_, gateway) = guide.split_once("\n## 3. ").unwrap();
    let (gateway, _) = gateway.split_once("\n## 4. ").unwrap();
    night.run("a passing election", &(commands(gateway) + PASSING));
    let drafted = night.city.text("passing/manifest.json");
    assert!(drafted.contains("Manifest"), "{drafted}");
    let elections = night.symbolon("organiser-main", &["election", "list"]);
    let election = elections["elections"][0]["election"].as_str().unwrap();
    let stolen = commands(&page("runbooks", "stolen-token-key.md"));
    night.run(
        "stolen-token-key.md",
        &format!("election={election}\n{stolen}"),
    );
    assert_eq!(night.token_keys(), ["destroyed", "active"]);
    let page_of_it = commands(&page("runbooks", "forgetting-an-election.md"));
    night.run(
        "forgetting-an-election.md",
        &format!("election={election}\n{page_of_it}"),
    );
    let told = night.symbolon("auditor-main", &["keys", "list", "--all"]);
    let keys = told["keys"].as_array().unwrap().iter();
    let own = keys.filter(|key| key["purpose"].as_str().unwrap().contains("of election"));
    let states: Vec<_> = own.map(|key| key["state"].clone()).collect();
    assert_eq!(states, ["destroyed"; 4], "{told:#}");
}

/// Neither ring nor ring secret lies in the store's folder, nor one of them in the other's.
fn apart(city: &City) {
    let bytes = |folder: &str| {
        let files = fs::read_dir(city.path(folder)).unwrap();
        let read = files.map(|file| fs::read(file.unwrap().path()).unwrap());
        read.collect::<Vec<_>>().concat()
    };
    let secret = bytes("backup/ring-secret");
    let ring = bytes("backup/ring");
    assert_eq!((secret.len(), ring.is_empty()), (32, false));
    assert_eq!(secret, fs::read(city.path("vault/ring-secret")).unwrap());
    assert_eq!(ring, fs::read(city.path("vault/ring")).unwrap());
    let store = bytes("backup/store");
    let holds = |whole: &[u8], part: &[u8]| whole.windows(part.len()).any(|at| at == part);
    assert!(
        holds(&ring, &ring[ring.len() - 32..]),
        "the search finds what is there"
    );
    for (whole, part) in [(&store, &secret), (&store, &ring), (&ring, &secret)] {
        let part = &part[part.len() - 32..];
        assert!(!holds(whole, part));
    }
}

#[test]
fn each_runbook_is_listed_and_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/runbooks");
    let (list, own) = (page("runbooks", "README.md"), include_str!("runbooks.rs"));
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name != "README.md" {
            assert!(list.contains(&format!("]({name})")), "{name} isn't listed");
            assert!(own.contains(&format!("\"{name}\"")), "{name} isn't run");
        }
    }
}
