//! What officers, organisers and a portal do with an election and with proposals, as they do it: by the
//! command line.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use symbolon_crypto::random;
use symbolon_tests::house::House;

use super::amid::Made;
use crate::city::City;

const ELECTORATE: &str = "quarter";

/// Elections from their draft to their end, and proposals beside, one after the other.
pub(super) fn decide_all(city: &City, made: &Made, enough: &AtomicBool) {
    let house = &city.house;
    let ids = house.path("quarter.csv");
    portal(house, &["electorate", "create", ELECTORATE]);
    let mut some = city.some.chunks_exact(2);
    while !enough.load(Ordering::SeqCst) {
        let folder = tempfile::tempdir_in(house.root()).unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let mut add = || {
            let two = some.next().expect("more people than rounds");
            let lines: Vec<String> = two.iter().map(hex::encode).collect();
            fs::write(&ids, lines.join("\n")).unwrap();
            portal(house, &["electorate", "add", ELECTORATE, &ids]);
        };
        add();
        let election = city.draft(
            &path("draft"),
            &["--electorate", ELECTORATE, "--roll-batch-min", "1"],
        );
        made.note("Elections/DraftElection");
        city.open(&path("draft"));
        made.note("Elections/OpenElection");
        add();
        statement(
            house,
            "extend",
            &election,
            "roll-statement",
            &path("extend"),
        );
        made.note("Elections/DraftRollAddition");
        made.note("Elections/ExtendRoll");
        officer(house, &["halt", "issuance", &election]);
        made.note("Halts/StopIssuance");
        house.decide(&["resume-issuance", &election]);
        made.note("Proposals/SubmitProposal");
        statement(
            house,
            "rotation",
            &election,
            "issuer-rotation",
            &path("rotation"),
        );
        made.note("Elections/PrepareRotation");
        made.note("Elections/RotateIssuer");
        statement(house, "cancel", &election, "cancelled", &path("cancel"));
        made.note("Elections/CancelElection");
        let serial = hex::encode([&[1][..], &random::bytes::<15>(&mut random::os())].concat());
        officer(house, &["halt", "certificate", &serial]);
        made.note("Halts/RevokeCertificate");
        let (restore, out) = (path("restore"), ["--out", &path("restore")]);
        officer(
            house,
            &[
                &["proposals", "draft", "restore-certificate", &serial],
                &out[..],
            ]
            .concat(),
        );
        house.sign_as("one", &[&format!("{restore}/proposal.json")]);
        let signed = house.symbolon("officer-one", &["proposals", "sign", &restore]);
        made.note("Proposals/SignProposal");
        let digest = signed["digest"].as_str().unwrap();
        officer(house, &["proposals", "show", digest]);
        made.note("Proposals/GetProposal");
        officer(house, &["proposals", "cancel", digest]);
        made.note("Proposals/CancelProposal");
    }
}

/// Another passphrase unseals the vault.
pub(super) fn rewrap(city: &City, made: &Made) {
    let house = &city.house;
    let passphrase = house.path("officer-passphrase");
    house.decide(&["rewrap", "--passphrase-from", "one"]);
    for (step, method) in [
        ("begin", "Rewraps/BeginRewrap"),
        ("prove", "Rewraps/ProveRewrap"),
    ] {
        officer(
            house,
            &["keys", "rewrap", step, "--passphrase-file", &passphrase],
        );
        made.note(method);
    }
}

/// A statement about an election: prepared, signed and handed in.
fn statement(house: &House, verb: &str, election: &str, file: &str, out: &str) {
    let trust = house.path("trust.json");
    let prepare = format!("prepare-{verb}");
    let prepare = [
        "election", &prepare, election, "--out", out, "--trust", &trust,
    ];
    house.symbolon("organiser-main", &prepare);
    house.sign(&[&format!("{out}/{file}.json")]);
    let verb = match verb {
        "rotation" => "rotate",
        verb => verb,
    };
    house.symbolon(
        "organiser-main",
        &["election", verb, out, "--trust", &trust],
    );
}

fn officer(house: &House, args: &[&str]) {
    house.symbolon("officer-one", args);
}

fn portal(house: &House, args: &[&str]) {
    house.symbolon("portal-main", args);
}
