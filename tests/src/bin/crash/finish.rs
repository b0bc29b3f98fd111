//! The end of the election: closed, certified, verified.

use std::{fs, thread, time::Duration};

use serde_json::Value;
use symbolon_service::clock::unix_now;
use symbolon_tests::house::{program, run};

use crate::{
    check::voters_who_voted,
    world::{GRACE, World},
};

const INTERVAL: Duration = Duration::from_millis(100);
/// Until the last batch is published and signed for, in seconds.
const PUBLISHED: u64 = 4;

/// Waits for the end of the voting, has officers sign the close, and waits for the last
/// publication.
pub(crate) fn close(world: &World) {
    let house = &world.house;
    let closes = world.manifest.manifest().closes;
    wait_until(closes + 1);
    let (trust, closing) = (house.path("trust.json"), house.path("closing"));
    let mut prepare = vec!["election", "prepare-close", &world.election];
    prepare.extend(["--trust", &trust, "--out", &closing]);
    house.symbolon("organiser-main", &prepare);
    house.sign(&[&house.path("closing/close.json")]);
    let close = ["election", "close", &closing, "--trust", &trust];
    house.symbolon("organiser-main", &close);
    wait_until(closes + GRACE + PUBLISHED);
}

/// Has officers certify the tally; how many ballots count must be how many voters voted.
pub(crate) fn certify(world: &World) -> Result<(), String> {
    let house = &world.house;
    let (trust, folder) = (house.path("trust.json"), house.path("certifying"));
    let log = format!("{}/log", house.gateway_url());
    let mut prepare = vec!["election", "prepare-certify", &world.election];
    prepare.extend(["--source", &log, "--trust", &trust, "--out", &folder]);
    house.symbolon("organiser-main", &prepare);
    house.sign(&[&house.path("certifying/certified.json")]);
    let certify = ["election", "certify", &folder, "--trust", &trust];
    house.symbolon("organiser-main", &certify);
    thread::sleep(Duration::from_secs(PUBLISHED));
    let tally = fs::read(house.path("certifying/tally.json")).unwrap();
    let tally: Value = serde_json::from_slice(&tally).unwrap();
    let voted = voters_who_voted(world);
    match tally["counted"] == voted {
        true => Ok(()),
        false => Err(format!(
            "{} ballots count, {voted} voters have a receipt",
            tally["counted"]
        )),
    }
}

/// Lets an observer verify a log: a folder, or its address.
pub(crate) fn observe(world: &World, source: &str) -> Result<(), String> {
    let trust = world.house.path("trust.json");
    let output = program("symbolon-observer")
        .args(["verify", source, "--trust", &trust, "--json"])
        .output()
        .unwrap();
    match output.status.code() {
        Some(0) => Ok(()),
        code => Err(format!(
            "the observer ended with {code:?}: {}",
            String::from_utf8_lossy(&output.stdout)
        )),
    }
}

/// Lets an auditor verify the vault's log against what was remembered.
pub(crate) fn audit(world: &World) {
    let remembered = world.house.path("audit.json");
    let args = ["audit", "verify", "--remember", &remembered];
    world.house.symbolon("auditor-main", &args);
}

/// Checks the stopped vault's files.
pub(crate) fn check_vault(world: &World) {
    let (config, passphrase) = (
        world.house.path("vault.toml"),
        world.house.path("passphrase"),
    );
    let mut command = program("symbolon-vault");
    command.args(["check", "--config", &config]);
    command.args(["--passphrase-file", &passphrase]);
    run(&mut command);
}

fn wait_until(time: u64) {
    while unix_now() <= time {
        thread::sleep(INTERVAL);
    }
}
