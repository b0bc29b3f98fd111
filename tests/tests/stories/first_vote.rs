//! Person → voter ID → token → ballot → public log → verified tally, by hand.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::house::{House, program};

const PEOPLE: &str = "family_name,given_name,birth_date,document,district\n\
    Müller,Anna,1980-02-29,AB1234567,north\n\
    Ёлкина,Зоя,1975-05-06,CD7654321,north\n\
    Nguyễn,Ánh,1990-10-11,EF1112223,south\n\
    MÜLLER,anna,1980-02-29,ab 123 4567,north\n\
    Weiß,Uwe,1959-02-30,GH5556667,south\n\
    Ёлкина,Зоя,1975-05-06,XX0000001,north\n";

pub(crate) fn now() -> u64 {
    #[allow(clippy::disallowed_methods)]
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn wait_until(time: u64) {
    while now() <= time {
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub(crate) fn content(house: &House) {
    let text = |text: &str| json!({ "en": text });
    let content = json!({
        "version": "symbolon/v1",
        "title": text("A poll"),
        "text": text("Two questions."),
        "questions": [
            { "title": text("A bench?"), "text": text("A bench in the park?"),
              "options": [text("yes"), text("no")], "least": 0, "most": 1 },
            { "title": text("Which trees?"), "text": text("Up to two."),
              "options": [text("oak"), text("lime"), text("birch")], "least": 1, "most": 2 },
        ],
    });
    house.write("content.json", &content.to_string());
}

/// A voter: a device and the registration ID that the portal got for its owner.
pub(crate) struct Voter<'a> {
    pub(crate) house: &'a House,
    pub(crate) name: &'a str,
    pub(crate) registration_id: String,
}

impl Voter<'_> {
    fn path(&self, what: &str) -> String {
        self.house.path(&format!("{}-{what}", self.name))
    }

    fn symbolon(&self, args: &[&str]) -> Value {
        self.house.symbolon("portal-main", args)
    }

    /// Asks with a new device.
    pub(crate) fn ask(&self, election: &str) {
        self.new_device();
        self.ask_again(election);
    }

    /// Makes a device.
    pub(crate) fn new_device(&self) {
        self.symbolon(&["vote", "new-device", "--out", &self.path("device")]);
    }

    /// Asks with the device that there is.
    pub(crate) fn ask_again(&self, election: &str) {
        let (device, trust) = (self.path("device"), self.house.path("trust.json"));
        let (sealed, token) = (self.path("sealed"), self.path("token"));
        let paper = self.house.path(&format!("papers/{election}.json"));
        let relay = self.request(election);
        self.symbolon(&relay.iter().map(String::as_str).collect::<Vec<_>>());
        let _ = fs::remove_file(&token);
        self.symbolon(&[
            "vote", "open", election, "--device", &device, "--trust", &trust, "--paper", &paper,
            "--sealed", &sealed, "--out", &token,
        ]);
    }

    /// Writes a request of the device; the words by which a portal passes it on.
    pub(crate) fn request(&self, election: &str) -> Vec<String> {
        let (request, sealed) = (self.path("request"), self.path("sealed"));
        for file in [&request, &sealed] {
            let _ = fs::remove_file(file);
        }
        let (device, trust) = (self.path("device"), self.house.path("trust.json"));
        let paper = self.house.path(&format!("papers/{election}.json"));
        self.symbolon(&[
            "vote", "request", election, "--device", &device, "--trust", &trust, "--paper", &paper,
            "--out", &request,
        ]);
        let id = &self.registration_id;
        let words = ["token", "relay", election, "--registration-id", id];
        let files = ["--request", &request, "--out", &sealed];
        words
            .iter()
            .chain(&files)
            .map(|word| (*word).to_owned())
            .collect()
    }

    /// The words of a cast at the gateway.
    pub(crate) fn cast(&self, election: &str, choices: &str, receipt: &str) -> Vec<String> {
        let url = self.house.gateway_url();
        [
            "vote",
            "cast",
            election,
            "--device",
            &self.path("device"),
            "--trust",
            &self.house.path("trust.json"),
            "--token",
            &self.path("token"),
            "--gateway",
            &url,
            "--choices",
            choices,
            "--out",
            &self.path(receipt),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    pub(crate) fn vote(&self, election: &str, choices: &str, receipt: &str) {
        let args = self.cast(election, choices, receipt);
        self.symbolon(&args.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

fn verify(house: &House, source: &str) -> (i32, Value) {
    let mut observer = program("symbolon-observer");
    observer.args([
        "verify",
        source,
        "--trust",
        &house.path("trust.json"),
        "--json",
    ]);
    let output = observer.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdict = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    (output.status.code().unwrap(), verdict)
}

#[test]
fn a_vote_travels_end_to_end() {
    let house = House::build();
    let vault = house.start_vault();
    let receipts = house.init_gateway();
    let gateway = house.start_gateway();

    house.write("people.csv", PEOPLE);
    let ids = house.path("ids.csv");
    let (code, told) = house.symbolon_code(
        "portal-main",
        &[
            "people",
            "register",
            &house.path("people.csv"),
            "--ignore",
            "district",
            "--out",
            &ids,
            "--copy",
            "district",
        ],
    );
    assert_eq!(
        (code, &told["registered"], &told["refused"]),
        (1, &4.into(), &2.into())
    );
    let ids = fs::read_to_string(ids).unwrap();
    let id_of = |line: &str| {
        let row = ids.lines().find(|row| row.starts_with(&format!("{line},")));
        row.map(|row| row.split(',').nth(1).unwrap().to_owned())
    };
    assert_eq!(
        id_of("2"),
        id_of("5"),
        "another spelling is the same person: {ids}"
    );
    assert!(id_of("6").is_none() && id_of("7").is_none(), "{ids}");
    let errors = fs::read_to_string(house.path("people.csv.errors.csv")).unwrap();
    assert!(
        errors.contains("birth_date") && errors.contains("IDENTITY_CONFLICT"),
        "{errors}"
    );

    content(&house);
    let closes = now() + 25;
    house.symbolon(
        "organiser-main",
        &[
            "election",
            "draft",
            "--content",
            &house.path("content.json"),
            "--ledger-keys",
            &house.path("ledger-keys.json"),
            "--opens",
            &(now() - 1).to_string(),
            "--closes",
            &closes.to_string(),
            "--grace",
            "6s",
            "--max-ballots",
            "2",
            "--ballot-batch-min",
            "1",
            "--gateway",
            &receipts,
            "--everybody",
            "--trust",
            &house.path("trust.json"),
            "--out",
            &house.path("draft"),
        ],
    );
    house.sign(&[
        &house.path("draft/manifest.json"),
        &house.path("draft/roll-statement.json"),
    ]);
    house.symbolon(
        "organiser-main",
        &["election", "open", &house.path("draft")],
    );
    std::thread::sleep(Duration::from_secs(2));
    house.symbolon(
        "portal-main",
        &[
            "vote",
            "elections",
            "--trust",
            &house.path("trust.json"),
            "--gateway",
            &house.gateway_url(),
            "--save",
            &house.path("papers"),
        ],
    );
    let paper = fs::read_dir(house.path("papers"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name();
    let election = paper.to_str().unwrap().trim_end_matches(".json").to_owned();

    let voter = |name, line| Voter {
        house: &house,
        name,
        registration_id: id_of(line).unwrap(),
    };
    let (anna, zoya, anh) = (voter("anna", "2"), voter("zoya", "3"), voter("anh", "4"));
    anna.ask(&election);
    zoya.ask(&election);
    anh.ask(&election);
    anna.vote(&election, "1;1,2", "first");
    anna.vote(&election, "2;3", "second");
    zoya.vote(&election, ";2", "first");
    let (code, verdict) = verify(&house, &house.path("gateway/log"));
    assert_eq!(code, 0, "{verdict:#}");

    wait_until(closes);
    let late = anh.cast(&election, "1;1", "late");
    let said = house.symbolon_refuses(
        "portal-main",
        &late.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    assert!(said.contains("clos"), "{said}");
    let trust = house.path("trust.json");
    let closing = house.path("closing");
    house.symbolon(
        "organiser-main",
        &[
            "election",
            "prepare-close",
            &election,
            "--trust",
            &trust,
            "--out",
            &closing,
        ],
    );
    house.sign(&[&house.path("closing/close.json")]);
    house.symbolon(
        "organiser-main",
        &["election", "close", &closing, "--trust", &trust],
    );
    wait_until(closes + 10);
    let (certifying, log) = (
        house.path("certifying"),
        format!("{}/log", house.gateway_url()),
    );
    house.symbolon(
        "organiser-main",
        &[
            "election",
            "prepare-certify",
            &election,
            "--source",
            &log,
            "--trust",
            &trust,
            "--out",
            &certifying,
        ],
    );
    house.sign(&[&house.path("certifying/certified.json")]);
    house.symbolon(
        "organiser-main",
        &["election", "certify", &certifying, "--trust", &trust],
    );
    std::thread::sleep(Duration::from_secs(4));
    house.symbolon(
        "portal-main",
        &[
            "vote",
            "status",
            &anna.path("second"),
            "--trust",
            &trust,
            "--gateway",
            &house.gateway_url(),
        ],
    );
    let (code, verdict) = verify(&house, &log);
    assert_eq!(code, 0, "{verdict:#}");
    let tally = fs::read_to_string(house.path("certifying/tally.json")).unwrap();
    let tally: Value = serde_json::from_str(&tally).unwrap();
    assert_eq!(tally["counted"], 2, "{tally:#}");
    house.symbolon(
        "auditor-main",
        &["audit", "verify", "--remember", &house.path("audit.json")],
    );

    gateway.stop();
    vault.stop();
    let (code, _) = verify(&house, &house.path("gateway/log"));
    assert_eq!(code, 0);
}
