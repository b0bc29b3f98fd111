//! Rotation of the keys that rows lie under: alone, and beside an issuance; then of every key while
//! all calls go on.

mod amid;
mod calls;
mod officers;
mod raw;
mod voting;

use std::time::{Duration, Instant};

use symbolon_api_closed::registration::{
    RegisterPersonRequest, registration_client::RegistrationClient,
};
use symbolon_service::client::connect_lazy;
use symbolon_tests::house::Plan;

use self::{raw::Raw, voting::Voting};
use super::growth::{few_in_flight, register};
use crate::{
    city::{City, person},
    load::{Load, Measured, Until},
    row::{Aim, Bench, Series},
};

/// People who are registered through the front door; their IDs are kept and compared.
const KNOWN: u64 = 2_000;
/// What an idle vault is to reach of the slower of its parts.
const IDLE: Aim = Aim::AtLeast(0.5);
/// The share of the time that a rotation works beside a load, in percent.
const SHARE: &str = "25";

pub(crate) fn run(bench: &mut Bench) {
    let people = bench.size(1_000_000, 20_000);
    let mut city = City::found(Plan {
        concurrent_calls: 64,
        cache_mib: 512,
        people_per_day: 1_000_000,
        ..Plan::default()
    });
    let load = Load::usual(city.profile("portal-main"), Until::Calls(KNOWN));
    few_in_flight(&load).run(city.vault(), |channel| register(channel, 0, None));
    let ids = ids(&city);
    city.fill(people as u64, bench.size(20_000, 2_000));
    for (key, raw) in [
        ("index", Raw::index(people)),
        ("sealing", Raw::sealing(people)),
    ] {
        let name = format!("rotating the {key} key of {people} people, idle");
        let beside =
            "the slower of the raw cryptography on all cores and the store's own group commits";
        let mut row = Series::new(name, "people/s", beside, IDLE);
        row.note(raw.words());
        row.note("people filled in below the stretch");
        decide(&city, key, "100");
        let begun = Instant::now();
        end(&city);
        row.push(
            people as f64 / begun.elapsed().as_secs_f64(),
            people as f64 / raw.slower(),
        );
        assert!(ids == self::ids(&city), "an ID changed");
        bench.row(row);
    }
    let voting = Voting::open(&mut city);
    beside_an_issuance(bench, &city, &voting, people);
    amid::all_calls(&city, &voting, &ids);
    assert!(ids == self::ids(&city), "an ID changed");
}

/// Issuance alone, then beside a rotation, which goes on.
fn beside_an_issuance(bench: &mut Bench, city: &City, voting: &Voting, people: usize) {
    let time = Until::Time(Duration::from_secs(bench.size(10, 2)));
    let portal = Load::usual(city.profile("portal-main"), time);
    let issue = || portal.run(city.vault(), |channel| voting.issue(channel));
    let beside = "the same without a rotation";
    let about = format!("while the sealing key of {people} people rotates, a quarter of the time");
    let mut rate = Series::new(
        format!("IssueToken again {about}"),
        "calls/s",
        beside,
        Aim::AtLeast(0.7),
    );
    let mut tail = Series::new(
        format!("IssueToken again, p99, {about}"),
        "ms",
        beside,
        Aim::AtMost(2.0),
    );
    let quiet: Vec<Measured> = (0..bench.repetitions()).map(|_| issue()).collect();
    decide(city, "sealing", SHARE);
    for quiet in &quiet {
        let beside = issue();
        rate.push(beside.rate(), quiet.rate());
        tail.push(beside.quantile(0.99), quiet.quantile(0.99));
    }
    rate.note(match is_under_way(city) {
        true => "it was under way all the time",
        false => "it ended before the last repetition",
    });
    bench.row(rate);
    bench.row(tail);
}

/// Two officers decide to rotate a key.
fn decide(city: &City, key: &str, share: &str) {
    city.house.decide(&["rotate-key", key, "--share", share]);
}

/// Waits for the end of a rotation.
fn end(city: &City) {
    city.house.symbolon("officer-one", &["keys", "watch"]);
}

fn is_under_way(city: &City) -> bool {
    let keys = city.house.symbolon("officer-one", &["keys", "list"]);
    let keys = keys["keys"].as_array().unwrap();
    keys.iter().any(|key| key["state"] == "retiring")
}

/// The registration IDs of those who are known, as their portal is told.
fn ids(city: &City) -> Vec<Vec<u8>> {
    let profile = city.profile("portal-main");
    city.runtime.block_on(async {
        let mut client = RegistrationClient::new(connect_lazy(&profile).unwrap());
        let mut ids = Vec::new();
        for number in 0..KNOWN {
            let person = Some(person(number));
            let answer = client
                .register_person(RegisterPersonRequest { person })
                .await;
            ids.push(answer.unwrap().into_inner().registration_id);
        }
        ids
    })
}
