//! Elections whose ledger is a contract, beside the same ones on a log. On anvil: `tests/ethereum/run`
//! runs them.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use symbolon_election::{Complaint, Entry, TrustFile};
use symbolon_ledger_ethereum::{Chain as Reader, Config, Settle};
use symbolon_tests::{
    anvil::{Anvil, Line},
    house::{self, Chain, Daemon, House, Plan, program},
};

use crate::first_vote::{Voter, content, now};

/// Deeper than the reorganisation of the story.
const CONFIRMATIONS: u64 = 4;
const DEEP: u64 = 3;
/// How long everything takes until Close.
const OPEN_FOR: u64 = 48;
const GRACE: u64 = 16;
const PATIENCE: Duration = Duration::from_secs(60);

/// Who votes what, in order; the last one counts.
const SCRIPT: [(usize, &str); 9] = [
    (0, "1;1,2"),
    (1, ";2"),
    (2, "2;3"),
    (3, "1;2,3"),
    (0, "2;3"),
    (4, "2;1"),
    (5, "1;1"),
    (6, ";1,3"),
    (7, "2;2"),
];

/// A city whose election is open.
struct City {
    house: House,
    election: String,
    closes: u64,
    ids: Vec<String>,
    _vault: Daemon,
    gateway: Option<Daemon>,
    receipts: Vec<String>,
}

fn refused(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success(), "not refused: {said}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// Waits until something is so.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} takes too long");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn wait_until(time: u64) {
    while now() <= time {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A ballot box that its maker has no power over.
fn deploy(folder: &Path, anvil: &Anvil) -> Value {
    let key = folder.join("maker.key");
    let new = ["--json", "ethereum", "new-account", "--out"];
    let made = house::run(program("symbolon").args(new).arg(&key));
    let made: Value = serde_json::from_str(&made).unwrap();
    let deploy = || {
        let mut command = program("symbolon");
        command.args(["--json", "ethereum", "deploy", "--rpc", &anvil.url]);
        command.arg("--account-key").arg(&key);
        command
    };
    let said = refused(&mut deploy()).to_string();
    assert!(said.contains("wei"), "{said}");
    anvil.fund(made["address"].as_str().unwrap());
    serde_json::from_str(&house::run(&mut deploy())).unwrap()
}

impl City {
    /// Opens an election for eight people. `ledger`: what the draft names it by.
    fn open(house: House, receipts: &str, ledger: [&str; 2]) -> Self {
        let vault = house.start_vault();
        let gateway = house.start_gateway();
        let header = "family_name,given_name,birth_date,document\n".to_owned();
        let rows = (0..8).map(|person| {
            let of = house::attributes(person);
            let cells = ["family_name", "given_name", "birth_date", "document"];
            cells.map(|name| of[name].clone()).join(",") + "\n"
        });
        house.write("people.csv", &rows.fold(header, |text, row| text + &row));
        let (people, ids) = (house.path("people.csv"), house.path("ids.csv"));
        house.symbolon(
            "portal-main",
            &["people", "register", &people, "--out", &ids],
        );
        let ids = fs::read_to_string(ids).unwrap();
        let ids = ids.lines().skip(1);
        let ids: Vec<_> = ids
            .map(|row| row.split(',').nth(1).unwrap().to_owned())
            .collect();
        assert_eq!(ids.len(), 8);
        content(&house);
        let closes = now() + OPEN_FOR;
        let (trust, draft) = (house.path("trust.json"), house.path("draft"));
        let (opens, ends, grace) = (
            (now() - 1).to_string(),
            closes.to_string(),
            GRACE.to_string() + "s",
        );
        let words = house.path("content.json");
        let mut args = vec![
            "election",
            "draft",
            "--content",
            &words,
            ledger[0],
            ledger[1],
        ];
        args.extend(["--opens", &opens, "--closes", &ends, "--grace", &grace]);
        args.extend([
            "--max-ballots",
            "2",
            "--ballot-batch-min",
            "1",
            "--gateway",
            receipts,
        ]);
        args.extend(["--everybody", "--trust", &trust, "--out", &draft]);
        let drafted = house.symbolon("organiser-main", &args);
        let [manifest, roll] =
            ["manifest", "roll-statement"].map(|it| format!("{draft}/{it}.json"));
        house.sign(&[&manifest, &roll]);
        house.symbolon("organiser-main", &["election", "open", &draft]);
        let election = drafted["election"].as_str().unwrap().to_owned();
        Self {
            house,
            election,
            closes,
            ids,
            _vault: vault,
            gateway: Some(gateway),
            receipts: Vec::new(),
        }
    }

    /// Everybody gets a token once the gateway offers the election.
    fn ask(&self) {
        let (url, trust, papers) = (
            self.house.gateway_url(),
            self.house.path("trust.json"),
            self.house.path("papers"),
        );
        let paper = format!("{papers}/{}.json", self.election);
        until("the election at the gateway", || {
            let args = [
                "vote",
                "elections",
                "--trust",
                &trust,
                "--gateway",
                &url,
                "--save",
                &papers,
            ];
            self.house.symbolon("portal-main", &args);
            Path::new(&paper).exists().then_some(())
        });
        (0..self.ids.len()).for_each(|voter| self.voter(voter).ask(&self.election));
    }

    fn voter(&self, number: usize) -> Voter<'_> {
        const NAMES: [&str; 8] = ["ada", "bo", "cyd", "dee", "eli", "fay", "gus", "hal"];
        Voter {
            house: &self.house,
            name: NAMES[number],
            registration_id: self.ids[number].clone(),
        }
    }

    /// Casts ballots of the script at the gateway; each one's receipt is kept.
    fn cast(&mut self, ballots: &[(usize, &str)]) {
        for (voter, choices) in ballots {
            let receipt = format!("receipt-{}", self.receipts.len());
            let cast = self.voter(*voter).cast(&self.election, choices, &receipt);
            let cast: Vec<_> = cast.iter().map(String::as_str).collect();
            self.house.symbolon("portal-main", &cast);
            let name = self.voter(*voter).name.to_owned();
            self.receipts
                .push(self.house.path(&format!("{name}-{receipt}")));
        }
    }

    /// kill -9, and a new process on what it left.
    fn kill_gateway(&mut self) {
        drop(self.gateway.take());
        self.gateway = Some(self.house.start_gateway());
    }

    /// Close and Certified; `node` says where the ledger is read, if not from its files.
    fn end(&self, node: &[&str]) -> Value {
        let (house, election) = (&self.house, &self.election);
        let (trust, log) = (
            house.path("trust.json"),
            format!("{}/log", house.gateway_url()),
        );
        let (closing, certifying) = (house.path("closing"), house.path("certifying"));
        let organiser = |args: &[&str]| house.symbolon("organiser-main", args);
        wait_until(self.closes);
        organiser(&[
            "election",
            "prepare-close",
            election,
            "--trust",
            &trust,
            "--out",
            &closing,
        ]);
        house.sign(&[&house.path("closing/close.json")]);
        organiser(&["election", "close", &closing, "--trust", &trust]);
        // The log has to have been cosigned after that.
        wait_until(self.closes + GRACE + 4);
        let mut prepare = vec!["election", "prepare-certify", election, "--source", &log];
        prepare.extend(["--trust", &trust, "--out", &certifying]);
        prepare.extend(node);
        until("a ledger to certify", || {
            let mut command = program("symbolon");
            let output = command.arg("--json").args(&prepare).output().unwrap();
            output.status.success().then_some(())
        });
        house.sign(&[&house.path("certifying/certified.json")]);
        organiser(&["election", "certify", &certifying, "--trust", &trust]);
        until("a certified election", || {
            let (code, report) = self.observe(node);
            assert_ne!(code, 1, "{report:#}");
            (report["elections"][0]["stage"] == "certified" && code == 0).then_some(report)
        })
    }

    /// What the observer says, every receipt held against the ledger.
    fn observe(&self, node: &[&str]) -> (i32, Value) {
        let mut observer = program("symbolon-observer");
        let (log, trust) = (
            format!("{}/log", self.house.gateway_url()),
            self.house.path("trust.json"),
        );
        observer
            .args(["verify", &log, "--trust", &trust, "--json"])
            .args(node);
        for receipt in &self.receipts {
            observer.args(["--complaint", receipt]);
        }
        let output = observer.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let report = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        (output.status.code().unwrap(), report)
    }

    /// The ballots that receipts were given for.
    fn promised(&self) -> Vec<Vec<u8>> {
        let complaints = self
            .receipts
            .iter()
            .map(|path| Complaint::parse(&fs::read(path).unwrap()));
        complaints
            .map(|complaint| complaint.unwrap().ballot.to_entry())
            .collect()
    }
}

/// The tally without what two ledgers can't share.
fn figures(report: &Value) -> Value {
    let tally = &report["elections"][0]["tally"];
    let shared = [
        "rollSize",
        "issued",
        "ballots",
        "counted",
        "excluded",
        "questions",
    ];
    let kept = shared.map(|name| (name.to_owned(), tally[name].clone()));
    json!(BTreeMap::from(kept))
}

/// Every entry of a contract, read from a node.
fn entries(house: &House, url: &str) -> Vec<Vec<u8>> {
    let trust = TrustFile::parse(&fs::read(house.path("trust.json")).unwrap()).unwrap();
    let config = Config::new(
        vec![url.to_owned()],
        trust.domain().clone(),
        Settle::Depth(0),
    );
    let mut chain = Reader::open(&config).unwrap();
    std::iter::from_fn(|| chain.read_on().unwrap())
        .flatten()
        .collect()
}

fn on_a_log() -> City {
    let house = House::build();
    let receipts = house.init_gateway();
    let keys = house.path("ledger-keys.json");
    City::open(house, &receipts, ["--ledger-keys", &keys])
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn an_election_on_a_chain_ends_as_on_a_log_over_a_kill_a_reorganisation_and_a_lost_node() {
    let on_log = std::thread::spawn(|| {
        let mut city = on_a_log();
        city.ask();
        city.cast(&SCRIPT);
        (city.end(&[]), city.promised())
    });
    let anvil = Anvil::start(&["--block-time", "1"]);
    let folder = tempfile::tempdir().unwrap();
    let made = deploy(folder.path(), &anvil);
    let first = Line::to(&anvil.url);
    let house = House::build_as(Plan {
        chain: Some(Chain {
            id: made["chainId"].as_u64().unwrap(),
            contract: made["contract"].as_str().unwrap().to_owned(),
            endpoints: vec![first.url.clone(), anvil.url.clone()],
            confirmations: CONFIRMATIONS,
        }),
        ..Plan::default()
    });
    let (receipts, account) = house.init_gateway_on_chain();
    anvil.fund(&account);
    let mut city = City::open(
        house,
        &receipts,
        ["--genesis", made["genesis"].as_str().unwrap()],
    );
    city.ask();
    city.cast(&SCRIPT[..3]);
    city.kill_gateway();
    city.cast(&SCRIPT[3..5]);
    let height = anvil.height();
    until("blocks to replace", || {
        (anvil.height() > height + DEEP).then_some(())
    });
    anvil.reorganise(DEEP);
    city.cast(&SCRIPT[5..6]);
    first.cut();
    city.cast(&SCRIPT[6..7]);
    direct_votes(&city, folder.path(), &anvil, &SCRIPT[7..]);

    let confirmations = CONFIRMATIONS.to_string();
    let node = ["--rpc", &anvil.url, "--confirmations", &confirmations];
    let report = city.end(&node);
    let status = city.voter(0).house.symbolon(
        "portal-main",
        &[
            "vote",
            "status",
            &city.receipts[0],
            "--trust",
            &city.house.path("trust.json"),
            "--gateway",
            &city.house.gateway_url(),
        ],
    );
    assert_eq!(status["state"], "settled", "{status}");
    let all = entries(&city.house, &anvil.url);
    for promised in city.promised() {
        let times = all.iter().filter(|entry| **entry == promised).count();
        assert_eq!(
            times, 1,
            "a ballot with a receipt is on the chain {times} times"
        );
    }
    assert!(all.iter().all(|entry| Entry::decode(entry).is_ok()));

    let (of_log, on_log) = on_log.join().unwrap();
    assert_eq!(figures(&report), figures(&of_log), "{report:#} {of_log:#}");
    assert_eq!(figures(&report)["counted"], 8);
    assert_eq!(
        (&report["verdict"], &of_log["verdict"]),
        (&json!("verified"), &json!("verified"))
    );
    // One layout: the same choices take the same bytes.
    let lengths = |ballots: &[Vec<u8>]| ballots.iter().map(Vec::len).collect::<Vec<_>>();
    let ballots: Vec<_> = all.into_iter().filter(|entry| entry[0] == 0x10).collect();
    let (mut ours, mut theirs) = (lengths(&ballots), lengths(&on_log));
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
    eprintln!("on the chain: {}", figures(&report));
}

/// Two voters reach the contract themselves; what keeps others from it is said by name.
fn direct_votes(city: &City, folder: &Path, anvil: &Anvil, ballots: &[(usize, &str)]) {
    let key = folder.join("voter.key");
    let new = ["--json", "ethereum", "new-account", "--out"];
    let made = house::run(program("symbolon").args(new).arg(&key));
    let made: Value = serde_json::from_str(&made).unwrap();
    let command = |voter: usize, choices: &str, url: &str| {
        let voter = city.voter(voter);
        let file = |what: &str| city.house.path(&format!("{}-{what}", voter.name));
        let paper = city.house.path(&format!("papers/{}.json", city.election));
        let mut command = program("symbolon");
        command.args(["--json", "vote", "cast", &city.election]);
        command.args(["--device", &file("device"), "--token", &file("token")]);
        command.args(["--trust", &city.house.path("trust.json"), "--paper", &paper]);
        command.args(["--choices", choices, "--direct", url, "--account-key"]);
        command.arg(&key);
        command
    };
    let (voter, choices) = ballots[0];
    let said = refused(&mut command(voter, choices, &anvil.url)).to_string();
    assert!(said.contains("wei"), "{said}");
    anvil.fund(made["address"].as_str().unwrap());
    let other = Anvil::start(&["--chain-id", "5"]);
    let said = refused(&mut command(voter, choices, &other.url)).to_string();
    assert!(said.contains("chain 5"), "{said}");
    let empty = Anvil::start(&[]);
    let said = refused(&mut command(voter, choices, &empty.url)).to_string();
    assert!(said.contains("no ballot box"), "{said}");
    for (voter, choices) in ballots {
        let done: Value =
            serde_json::from_str(&house::run(&mut command(*voter, choices, &anvil.url))).unwrap();
        assert_eq!(done["sequence"], 0, "{done}");
        assert!(done["gas"].as_u64().unwrap() < 100_000, "{done}");
    }
}
