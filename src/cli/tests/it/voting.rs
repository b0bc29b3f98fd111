//! A voter's device, against a portal and a gateway of straw.

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};
use symbolon_election::{Address, TrustFile};

use crate::{
    city::{City, ORIGIN, to_0x},
    world::World,
};

struct Voter {
    world: World,
    city: Arc<City>,
    url: String,
}

impl Voter {
    fn new() -> Self {
        let now = symbolon_cli::clock::now();
        let (city, url) = City::new(now - 60, now + 3600).serve();
        let world = World::new();
        world.write("trust.json", city.trust.to_json());
        world.write_secret("password", "secret");
        world.line("vote new-device --out device.seed").fine();
        Self { world, city, url }
    }

    fn vote(&self, line: &str) -> crate::world::Ran {
        let election = self.city.election().to_string();
        let line = line.replace("ID", &election).replace("URL", &self.url);
        self.world.line(&format!("--json vote {line}"))
    }

    fn all(&self, choices: &str) -> crate::world::Ran {
        self.vote(&format!(
            "all ID --device device.seed --trust trust.json --portal URL --login anna --password-file password --gateway URL --choices {choices} --out ballot"
        ))
    }

    fn receipt(&self) -> PathBuf {
        self.world.path("ballot/receipt-0.json")
    }
}

#[test]
fn a_vote_goes_through_at_once_and_again_with_the_next_number() {
    let voter = Voter::new();
    let first = voter.all("1").fine().json();
    assert_eq!(first["sequence"], 0);
    assert_eq!(voter.all("2").fine().json()["sequence"], 1);
    let status = voter
        .vote("status ballot/receipt-0.json --trust trust.json --gateway URL")
        .fine()
        .json();
    assert_eq!(status["verified"], true);
    assert_eq!(crate::world::mode(&voter.receipt()), 0o600);
}

#[test]
fn a_vote_goes_step_by_step_and_a_restored_device_goes_on() {
    let voter = Voter::new();
    voter
        .vote("elections --trust trust.json --portal URL --save papers")
        .fine();
    let paper = format!(
        "--trust trust.json --paper papers/{}.json",
        voter.city.election()
    );
    let sealed = voter.world.path("sealed-request");
    voter
        .vote(&format!(
            "request ID --device device.seed {paper} --out sealed-request"
        ))
        .fine();
    let token = voter.city.token(&std::fs::read(sealed).unwrap());
    voter.world.write("sealed-token", to_0x(&token));
    voter
        .vote(&format!(
            "open ID --device device.seed {paper} --sealed sealed-token --out token.json"
        ))
        .fine();
    let cast = format!(
        "cast ID --device device.seed {paper} --gateway URL --token token.json --out r.json --choices"
    );
    voter.vote(&format!("{cast} 2")).fine();
    voter
        .world
        .line(&format!("receipt check r.json {paper}"))
        .fine()
        .says("promised");
    let made = voter.vote("new-device --out second.seed").fine().json();
    voter.world.write_secret(
        "words",
        made["recoveryCode"].as_str().unwrap().to_uppercase(),
    );
    voter
        .vote("restore-device --out third.seed --words-file words")
        .fine();
    let read = |name: &str| std::fs::read(voter.world.path(name)).unwrap();
    assert_eq!(read("second.seed"), read("third.seed"));
    voter
        .vote(&format!(
            "open ID --device second.seed {paper} --sealed sealed-token --out t.json"
        ))
        .ends_with(1);
}

#[test]
fn a_look_alike_election_is_neither_shown_nor_voted_in() {
    let voter = Voter::new();
    let stranger =
        TrustFile::for_log("City", ORIGIN, vec![Address::new([9; 20]).unwrap()], 1).unwrap();
    voter.world.write("trust.json", stranger.to_json());
    let shown = voter
        .vote("elections --trust trust.json --gateway URL")
        .fine()
        .json();
    assert_eq!(shown["others"], 1);
    assert_eq!(shown["elections"], json!([]));
    voter.all("1").ends_with(1).says("not the city's");
    assert!(voter.city.ballots.lock().unwrap().is_empty());
}

#[test]
fn choices_that_do_not_fit_a_wrong_password_and_a_used_up_place_are_refused() {
    let voter = Voter::new();
    voter.all("3").ends_with(2);
    voter.all("1,2").ends_with(2);
    voter.world.write_secret("password", "wrong");
    voter.all("1").ends_with(1).says("UNAUTHENTICATED");
    voter.world.write_secret("password", "secret");
    for choice in ["1", "2", ";"] {
        let _ = voter.all(choice);
    }
    voter.all("1").fine();
    voter.all("1").ends_with(1).says("all 3 ballots");
}

#[test]
fn an_altered_receipt_proves_nothing_and_a_complaint_waits_for_its_time() {
    let voter = Voter::new();
    voter.all("1").fine();
    let receipt = voter.receipt();
    voter
        .world
        .line(&format!(
            "receipt complain {} --trust trust.json --gateway {} --out complaint.json",
            receipt.display(),
            voter.url
        ))
        .ends_with(1)
        .says("has time until");
    let text = std::fs::read_to_string(&receipt).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["receipt"]["includeBy"] = json!(voter.city.manifest.opens);
    voter.world.write("altered.json", value.to_string());
    voter
        .world
        .line(&format!(
            "receipt check altered.json --trust trust.json --gateway {}",
            voter.url
        ))
        .ends_with(1)
        .says("not good");
}

#[test]
fn a_device_is_not_overwritten_and_wrong_words_are_refused() {
    let voter = Voter::new();
    voter.vote("new-device --out device.seed").ends_with(2);
    voter.world.write_secret("words", "abandon abandon");
    voter
        .vote("restore-device --out other.seed --words-file words")
        .ends_with(2)
        .says("twelve");
}
