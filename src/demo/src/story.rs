//! The story from an empty folder to a verified tally.

use std::{fs, path::PathBuf, process::Stdio};

use anyhow::{Context, bail};
use symbolon_service::{Shutdown, clock::unix_now};

use crate::{
    args::Arguments,
    children::{self, symbolon_in_bulk},
    city::{City, STRETCH},
    devices::{Job, Told},
    figures::Figures,
    ledger::{Kind, Node},
    people,
    polls::{self, GRACE, Poll},
    role::Role,
    show::Show,
};

/// The demo's own people.
const PEOPLE: &str = include_str!("../people/people.csv");

/// Tells it; the figures.
pub fn tell(arguments: &Arguments, show: &mut Show) -> anyhow::Result<Figures> {
    let temporary = tempfile::tempdir()?;
    let root = match &arguments.dir {
        Some(dir) if dir.exists() => bail!("{} is there already: name a new folder", dir.display()),
        Some(dir) => std::path::absolute(dir)?,
        None => temporary.path().join("city"),
    };
    let node = match arguments.ledger {
        Kind::Log => None,
        Kind::Ethereum => Some(Node::start(arguments.anvil.as_deref())?),
    };
    let mut city = City::found(root)?;
    let people = people_of(arguments, &city)?;

    show.step("A city is founded");
    let officers = city.equip()?;
    if let Some(node) = node {
        show.say(&format!("a chain of one node answers at {}", node.url()));
        city.publish_on(node)?;
    }
    if let Some(contract) = city.contract() {
        show.say(&format!(
            "the ledger is the contract {}: nobody owns it",
            contract.address()
        ));
    }
    city.settle(&officers)?;
    let vault = city.start_vault()?;
    let (gateway, receipts) = city.start_gateway()?;
    show.say("a certificate authority, six roles, three officers of whom two sign");
    show.say("the vault is unsealed; the gateway waits for statements");

    show.step("Its people are registered over one stream");
    show.say(&format!(
        "stretched with Argon2id, {STRETCH}: far weaker than a city would"
    ));
    let mut figures = register(&city, &people)?;
    tell_registration(show, &figures);
    let portal = city.start_portal()?;

    show.step("Two of three officers open two polls");
    let voters = people::voters(&people, &city.path("ids.csv"))?;
    let first = voters
        .first()
        .context("nobody was registered: there is nobody to vote")?;
    let district = first.district.clone();
    fill_electorate(&city, &district)?;
    // A chain takes its time until a statement is settled.
    let settling = if city.contract().is_some() { 25 } else { 0 };
    let closes = unix_now() + 20 + voters.len() as u64 / 20 + settling;
    let everybody = polls::open(
        &city,
        "everybody",
        &polls::for_everybody(),
        None,
        (&receipts, "3", closes),
    )?;
    let own = polls::for_district(&district);
    let local = polls::open(
        &city,
        "district",
        &own,
        Some("district"),
        (&receipts, "1", closes),
    )?;
    polls::wait_for_gateway(&city, &[&everybody, &local])?;
    show.say(&format!("everybody: {}", everybody.election));
    show.say(&format!("district {district}: {}", local.election));

    show.step("Every voter's device asks through the portal and votes through the gateway");
    let told = devices(&city, &people, [&everybody, &local], closes)?;
    show.say("some vote twice, blank, too late, or with somebody else's token");

    show.step("The polls are closed and the results certified");
    polls::close(&city, &everybody)?;
    polls::close(&city, &local)?;
    polls::wait_past(closes + GRACE + 2 + settling / 5);
    let [of_all, of_district] = told.polls;
    for (poll, outcome) in [(&everybody, of_all), (&local, of_district)] {
        let tally = polls::certify(&city, poll)?;
        figures.add_poll(poll.name, &poll.election, outcome, &tally);
    }
    wait_for_log(&city)?;

    show.step("Anybody verifies, from the public files alone");
    let (words, observed) = polls::observe(&city, &city.text("log"))?;
    show.text(&words);
    figures.judge(&observed)?;

    if arguments.stay {
        stay(&city, show, &[&everybody, &local])?;
    }
    portal.stop()?;
    gateway.stop()?;
    vault.stop()?;
    farewell(arguments, &city, show);
    Ok(figures)
}

fn people_of(arguments: &Arguments, city: &City) -> anyhow::Result<PathBuf> {
    let path = city.path("people.csv");
    match &arguments.people {
        Some(own) => drop(fs::copy(own, &path).with_context(|| own.display().to_string())?),
        None => fs::write(&path, PEOPLE)?,
    }
    // Said before anything is started.
    people::count(&path)?;
    Ok(path)
}

fn register(city: &City, people: &std::path::Path) -> anyhow::Result<Figures> {
    let (file, ids) = (people.display().to_string(), city.text("ids.csv"));
    let register = [
        "people", "register", &file, "--ignore", "district", "--out", &ids, "--copy", "district",
    ];
    let told = symbolon_in_bulk(&city.profile("portal-main"), &register)?;
    if told["complete"] != true {
        bail!("registering did not come to its end: {told}");
    }
    let errors = city.path("people.csv.errors.csv");
    Figures::of_registration(people::count(people)?, &city.path("ids.csv"), &errors)
}

fn tell_registration(show: &mut Show, figures: &Figures) {
    show.say(&format!(
        "{} rows, {} people",
        figures.people, figures.records
    ));
    show.say(&format!(
        "{} rows were somebody known already, in another spelling",
        figures.joined
    ));
    show.say(&format!(
        "{} conflicts wait for registrars",
        figures.conflicts.len()
    ));
    for row in figures.refused_rows.iter().take(10) {
        show.say(&format!("refused: line {}, {}", row.line, row.field));
    }
}

fn fill_electorate(city: &City, district: &str) -> anyhow::Result<()> {
    city.symbolon("portal-main", &["electorate", "create", "district"])?;
    let (ids, only) = (city.text("ids.csv"), format!("district={district}"));
    city.symbolon(
        "portal-main",
        &["electorate", "add", "district", &ids, "--where", &only],
    )?;
    Ok(())
}

fn devices(
    city: &City,
    people: &std::path::Path,
    polls: [&Poll; 2],
    closes: u64,
) -> anyhow::Result<Told> {
    let job = Job {
        portal: city.portal(),
        gateway: city.gateway(),
        trust: city.path("trust.json"),
        people: people.to_owned(),
        ids: city.path("ids.csv"),
        codes: city.path("codes.csv"),
        polls: polls.map(|poll| poll.election.clone()),
        closes,
    };
    let path = city.path("devices.json");
    fs::write(&path, serde_json::to_vec(&job)?)?;
    let mut command = children::command(Role::Devices)?;
    let output = command
        .arg(&path)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the devices did not come to their end");
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The certifications reach the log with the gateway's next look and publication.
fn wait_for_log(city: &City) -> anyhow::Result<()> {
    for _ in 0..100 {
        let (_, observed) = polls::observe(city, &city.text("log"))?;
        if observed
            .to_string()
            .matches("\"stage\":\"certified\"")
            .count()
            >= 2
        {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    Ok(())
}

fn stay(city: &City, show: &mut Show, polls: &[&Poll]) -> anyhow::Result<()> {
    show.step("Everything stays up; Ctrl-C ends it");
    show.say(&format!("portal   {}", city.portal()));
    show.say(&format!("gateway  {}", city.gateway()));
    show.say(&format!("log      {}/log", city.gateway()));
    for role in ["portal", "organiser", "officer", "registrar", "auditor"] {
        show.say(&format!(
            "{role:9} {}",
            city.profile(&format!("{role}-main")).display()
        ));
    }
    for poll in polls {
        show.say(&format!("{:9} {}", poll.name, poll.election));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        shutdown.triggered().await;
        Ok(())
    })
}

fn farewell(arguments: &Arguments, city: &City, show: &mut Show) {
    show.step("What next?");
    match &arguments.dir {
        Some(_) => {
            let root = city.root().display();
            let files = format!("symbolon-observer verify {root}/log --trust {root}/trust.json");
            if city.contract().is_some() {
                show.say("the chain ended with this demo: --stay leaves it running");
                show.say(&format!(
                    "then verify again: {files} {}",
                    city.for_readers().join(" ")
                ));
                return;
            }
            show.say(&format!("verify again:   {files}"));
            show.say("flip one byte of any file under log/ and verify once more");
        }
        None if city.contract().is_some() => {
            show.say("keep everything: symbolon-demo --ledger ethereum --stay --dir town");
        }
        None => {
            show.say("keep everything: symbolon-demo --dir town, then flip a byte under town/log")
        }
    }
    show.say("your own people: symbolon-demo --people FILE.csv");
    show.say("look around:     symbolon-demo --stay --dir town2");
}
