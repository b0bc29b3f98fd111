//! What a call costs as the vault grows.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use symbolon_api_closed::registration::{
    RegisterPersonRequest, registration_client::RegistrationClient,
};
use symbolon_tests::house::Plan;
use tonic::{Status, transport::Channel};

use super::{
    bare_writes,
    tokens::{issue_token, validate_token},
};
use crate::{
    city::{City, person},
    load::{Load, Until},
    process,
    row::{Aim, Bench, Series},
};

const BOUND: f64 = 1.2;
/// People who are registered through the front door and asked for again.
const KNOWN: u64 = 4_000;
/// New people, registered one after the other.
const WRITES: u64 = 300;

/// What is measured at a size: by measure, its repetitions.
type Figures = BTreeMap<Measure, Vec<f64>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Measure {
    Validate,
    Issue,
    Register,
    Bytes,
    Syncs,
}

impl Measure {
    fn name(self) -> &'static str {
        match self {
            Self::Validate => "ValidateToken",
            Self::Issue => "IssueToken again",
            Self::Register => "RegisterPerson, known",
            Self::Bytes => "bytes written for a write",
            Self::Syncs => "syncs of a write",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Validate | Self::Issue | Self::Register => "µs CPU",
            Self::Bytes => "B",
            Self::Syncs => "",
        }
    }
}

pub(crate) fn run(bench: &mut Bench) {
    let sizes: &[u64] = bench.size(&[10_000, 100_000, 1_000_000, 4_000_000], &[2_000, 20_000]);
    let mut city = City::found(Plan {
        concurrent_calls: 64,
        cache_mib: 512,
        people_per_day: 1_000_000,
        ..Plan::default()
    });
    register_known(&city);
    let mut next_person = KNOWN;
    let mut smallest: Option<Figures> = None;
    for size in sizes {
        let asking = bench.size(40_000, 2_000).min(*size as usize);
        city.fill(*size, asking);
        let figures = measure(bench, &mut city, &mut next_person);
        let Some(smallest) = &smallest else {
            smallest = Some(figures);
            continue;
        };
        for (measure, values) in &figures {
            let name = format!("{}, {size} people", measure.name());
            let beside = format!("the same among {} people", sizes[0]);
            let mut series = Series::new(name, measure.unit(), beside, Aim::AtMost(BOUND));
            series.note("people filled in below the stretch; they ask in random order");
            if *measure == Measure::Bytes {
                series.note(bare(sizes[0], *size));
            }
            for (value, reference) in values.iter().zip(&smallest[measure]) {
                series.push(*value, *reference);
            }
            bench.row(series);
        }
    }
    if syncs(city.vault(), || {}).is_none() {
        bench.cannot_run("syncs of a write", "strace can't be started here");
    }
}

/// Repetitions of every measure at the size that the city has now.
fn measure(bench: &Bench, city: &mut City, next_person: &mut u64) -> Figures {
    let manifest = city.open_election();
    let asking = Arc::new(city.voters(manifest, &city.some));
    let tokens: Arc<[OnceLock<Vec<u8>>]> =
        asking.requests.iter().map(|_| OnceLock::new()).collect();
    let (portal, gateway) = (city.profile("portal-main"), city.profile("gateway-main"));
    let first = Until::Calls(asking.requests.len() as u64);
    Load::usual(portal.clone(), first).run(city.vault(), |channel| {
        issue_token(channel, Arc::clone(&asking), Some(Arc::clone(&tokens)))
    });
    let asked = (0..asking.requests.len())
        .map(|voter| asking.validation(voter, tokens[voter].get().unwrap()))
        .collect();
    let time = Until::Time(Duration::from_secs(bench.size(6, 2)));
    let (portal, gateway) = (Load::usual(portal, time), Load::usual(gateway, time));
    let asked: Arc<[_]> = asked;
    let mut figures = Figures::new();
    for _ in 0..bench.size(3, 2) {
        let mut note = |measure, value| figures.entry(measure).or_default().push(value);
        let validated = gateway.run(city.vault(), |channel| {
            validate_token(channel, Arc::clone(&asked))
        });
        note(Measure::Validate, validated.server_micros);
        let issued = portal.run(city.vault(), |channel| {
            issue_token(channel, Arc::clone(&asking), None)
        });
        note(Measure::Issue, issued.server_micros);
        let registered =
            few_in_flight(&portal).run(city.vault(), |channel| register(channel, 0, Some(KNOWN)));
        note(Measure::Register, registered.server_micros);
        let before = process::written(city.vault());
        write(city, next_person);
        let bytes = process::written(city.vault()) - before;
        note(Measure::Bytes, bytes as f64 / WRITES as f64);
        if let Some(syncs) = syncs(city.vault(), || write(city, next_person)) {
            note(Measure::Syncs, syncs as f64 / WRITES as f64);
        }
    }
    figures
}

/// The same rows in a store that knows nothing of people: how much of the growth is the store's.
fn bare(smallest: u64, size: u64) -> String {
    let [first, then] = [smallest, size].map(|people| bare_writes::bytes(people, WRITES));
    format!(
        "the store alone, rows of these sizes: {first:.0} B, then {then:.0} B, {:.2}",
        then / first
    )
}

fn register_known(city: &City) {
    let load = Load::usual(city.profile("portal-main"), Until::Calls(KNOWN));
    few_in_flight(&load).run(city.vault(), |channel| register(channel, 0, None));
}

/// No more calls than the queue before Argon2id takes.
pub(crate) fn few_in_flight(load: &Load) -> Load {
    Load {
        in_flight: 8,
        ..load.clone()
    }
}

/// Registers new people, each after the other.
fn write(city: &City, next_person: &mut u64) {
    let first = *next_person;
    let load = Load {
        profile: city.profile("portal-main"),
        connections: 1,
        in_flight: 1,
        threads: 1,
        until: Until::Calls(WRITES),
    };
    load.run(city.vault(), |channel| register(channel, first, None));
    *next_person += WRITES;
}

/// Registers people from `first` on; around again after `many`.
pub(crate) fn register(
    channel: Channel,
    first: u64,
    many: Option<u64>,
) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
    let client = RegistrationClient::new(channel);
    async move |number| {
        let number = many.map_or(number, |many| number % many);
        let person = Some(person(first + number));
        client
            .clone()
            .register_person(RegisterPersonRequest { person })
            .await
            .map(drop)
    }
}

/// How often a process syncs a file while something is done, as strace counts.
fn syncs(id: u32, work: impl FnOnce()) -> Option<u64> {
    let told = tempfile::NamedTempFile::new().unwrap();
    let mut strace = Command::new("strace")
        .args([
            "-f",
            "-c",
            "-e",
            "trace=fsync,fdatasync",
            "-p",
            &id.to_string(),
            "-o",
        ])
        .arg(told.path())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    thread::sleep(Duration::from_millis(500));
    if strace.try_wait().unwrap().is_some() {
        return None;
    }
    work();
    let stop = Command::new("kill")
        .args(["-INT", &strace.id().to_string()])
        .status();
    assert!(stop.unwrap().success() && strace.wait().is_ok());
    let told = fs::read_to_string(told.path()).unwrap();
    let counts = told.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let sync = matches!(words.last(), Some(&"fsync" | &"fdatasync"));
        sync.then(|| words[3].parse::<u64>().unwrap())
    });
    Some(counts.sum())
}
