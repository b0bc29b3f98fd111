//! Registering people beside raw Argon2id: by stream, and known people one by one.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use symbolon_api_closed::registration::{
    Person, RegisterPeopleRequest, register_people_response::Outcome,
    registration_client::RegistrationClient,
};
use symbolon_crypto::password::Costs;
use symbolon_service::client::connect_lazy;
use symbolon_tests::house::Plan;
use symbolon_vault::kdf;

use super::growth::{few_in_flight, register};
use crate::{
    city::{City, person},
    load::{Load, Measured, Until},
    process::cores,
    profile,
    row::{Aim, Bench, Series},
};

/// KiB of memory and passes, and what a stream is to reach of raw Argon2id.
const PROFILES: [((u32, u32), f64); 3] = [((19_456, 2), 0.9), ((4_096, 1), 0.9), ((1_024, 1), 0.8)];
/// The same for known people, one by one.
const ONE_BY_ONE: f64 = 0.85;

pub(crate) fn run(bench: &mut Bench) {
    for tax_number in [false, true] {
        for (profile, aim) in PROFILES {
            enrol(bench, profile, tax_number, aim);
        }
    }
}

fn enrol(bench: &mut Bench, profile: (u32, u32), tax_number: bool, aim: f64) {
    let rules = if tax_number { 3 } else { 2 };
    let city = City::found(Plan {
        argon2: profile,
        tax_number,
        cache_mib: 256,
        people_per_day: 100_000_000,
        ..Plan::default()
    });
    let (memory, passes) = profile;
    let shape = format!("({memory}, {passes}), {rules} rules");
    let beside = format!("Argon2id on every core ÷ {rules}");
    let row = |name: &str, aim| {
        let name = format!("{name} {shape}");
        Series::new(name, "people/s", &beside, Aim::AtLeast(aim))
    };
    let mut stream = row("enrolment by stream,", aim);
    let mut known = row("RegisterPerson, known,", ONE_BY_ONE);
    stream.note("the sender of the stream is on the same cores");
    let time = Duration::from_secs(bench.size(8, 2));
    let raw = || hashes_a_second(profile, time / 2) / f64::from(rules);
    let mut enrolled = 0;
    for _ in 0..bench.repetitions() {
        // Before and after each: the machine's own mood shows in both.
        let before = raw();
        let count = (before * time.as_secs_f64()) as u64;
        let people =
            (enrolled..enrolled + count).map(|number| with(person(number), number, tax_number));
        let people: Vec<_> = people.collect();
        let streaming = || by_stream(&city, people);
        let streamed = profile::during(&format!("enrolment {shape}"), streaming, |rate| *rate);
        let after = raw();
        stream.push(streamed, (before + after) / 2.0);
        enrolled += count;
        if !tax_number {
            let load = Load::usual(city.profile("portal-main"), Until::Time(time));
            let load = few_in_flight(&load);
            let caller = |channel| register(channel, 0, Some(enrolled));
            let registering = || load.run(city.vault(), caller);
            let name = format!("RegisterPerson {shape}");
            let measured = profile::during(&name, registering, Measured::rate);
            known.push(measured.rate(), (after + raw()) / 2.0);
        }
    }
    bench.row(stream);
    if !tax_number {
        bench.row(known);
    }
}

/// A person who has a tax number too, where there is a rule for it.
fn with(mut person: Person, number: u64, tax_number: bool) -> Person {
    if tax_number {
        let attribute = ("tax_number".to_owned(), format!("{number:011}"));
        person.attributes.extend([attribute]);
    }
    person
}

/// Registers new people by one stream; people a second.
fn by_stream(city: &City, people: Vec<Person>) -> f64 {
    let (count, profile) = (people.len(), city.profile("portal-main"));
    city.runtime.block_on(async {
        let mut client = RegistrationClient::new(connect_lazy(&profile).unwrap());
        let rows = (0..).zip(people).map(|(correlation, person)| {
            let person = Some(person);
            RegisterPeopleRequest {
                correlation,
                person,
            }
        });
        let begun = Instant::now();
        let answers = client.register_people(tokio_stream::iter(rows)).await;
        let mut answers = answers.unwrap().into_inner();
        let mut registered = 0;
        while let Some(answer) = answers.message().await.unwrap() {
            assert!(matches!(answer.outcome, Some(Outcome::RegistrationId(_))));
            registered += 1;
        }
        assert_eq!(registered, count);
        count as f64 / begun.elapsed().as_secs_f64()
    })
}

/// What Argon2id alone does on as many threads as there are cores.
fn hashes_a_second((memory, passes): (u32, u32), time: Duration) -> f64 {
    let costs = Costs::new(memory, passes, 1).unwrap();
    let threads = NonZeroUsize::new(cores()).unwrap();
    let measured = kdf::Measured::measure(costs, threads, time).unwrap();
    measured.hashes_a_second
}
