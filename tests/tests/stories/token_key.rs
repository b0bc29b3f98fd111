//! A stolen token key: the thief votes beside the owners while officers let another key sign, nobody's
//! request fails, and in the end the owners' ballots count and the thief's are named.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use symbolon_api_closed::{
    issuance::{IssueTokenRequest, issuance_client::IssuanceClient},
    registration::{Person, RegisterPersonRequest, registration_client::RegistrationClient},
};
use symbolon_api_public::validation::{
    GetRollRequest, ValidateTokenRequest, validation_client::ValidationClient,
};
use symbolon_cli::{
    device::{Gateway, Paper},
    http::Http,
};
use symbolon_crypto::{SecretString, ecdsa::SigningKey, random};
use symbolon_election::{
    Address, ElectionId, RollIndex, Selections, TrustFile, Typed, UnverifiedBallot, VoterId,
    VotingToken,
};
use symbolon_keyring::{RingFiles, keys::ElectionKeys};
use symbolon_service::{
    Refusal,
    client::{Profile, connect_lazy},
    clock::unix_now,
};
use symbolon_tests::house::{House, PASSPHRASE, PATIENCE, attributes, program};
use symbolon_voter::{DeviceSeed, Token, cast, check_receipt, open_token, request};
use tokio::runtime::Runtime;
use tonic::transport::Channel;

/// People of the city.
const PEOPLE: u64 = 24;
/// Those of them who never ask for a token.
const SILENT: usize = 3;
/// How long the poll is open.
const OPEN: u64 = 30;

struct City {
    house: House,
    runtime: Runtime,
    trust: TrustFile,
    election: ElectionId,
    /// The roll's leaves.
    roll: Vec<VoterId>,
    /// How many ballots the gateway took.
    cast: AtomicUsize,
}

/// One of the city's people, with a device of their own.
struct Voter {
    registration_id: Vec<u8>,
    keys: symbolon_voter::ElectionKeys,
}

impl City {
    fn open(house: House, receipts: &str, ends: u64) -> (Self, Vec<Voter>) {
        let runtime = Runtime::new().unwrap();
        let ids = runtime.block_on(register(&house));
        draft(&house, receipts, ends);
        house.sign(&[
            &house.path("draft/manifest.json"),
            &house.path("draft/roll-statement.json"),
        ]);
        let opened = ["election", "open", &house.path("draft")];
        let opened = house.symbolon("organiser-main", &opened);
        let election: ElectionId = opened["election"]
            .as_str()
            .unwrap()
            .trim_start_matches("0x")
            .parse()
            .unwrap();
        let trust = TrustFile::parse(&fs::read(house.path("trust.json")).unwrap()).unwrap();
        let roll = runtime.block_on(roll(&house, &election));
        assert_eq!(roll.len() as u64, PEOPLE);
        let voters = ids.into_iter().map(|registration_id| Voter {
            registration_id,
            keys: DeviceSeed::random(&mut random::os())
                .keys(&election)
                .unwrap(),
        });
        let voters = voters.collect();
        let city = Self {
            house,
            runtime,
            trust,
            election,
            roll,
            cast: AtomicUsize::new(0),
        };
        (city, voters)
    }

    fn gateway(&self) -> Gateway {
        Gateway::new(Http::new(&self.house.gateway_url(), None).unwrap())
    }

    /// The election as the gateway lists it.
    fn paper(&self) -> Paper {
        let papers = self.gateway().elections(&self.trust).unwrap();
        papers.find(self.election).unwrap()
    }

    /// Waits until the gateway takes ballots: it lists an election a moment before it has the roll.
    fn listed(&self) {
        let listed = || self.gateway().elections(&self.trust).unwrap();
        while listed().ours.is_empty() {
            thread::sleep(Duration::from_millis(100));
        }
        thread::sleep(Duration::from_secs(1));
    }

    /// Asks for a token as the portal passes it on; the device reads the election anew where it
    /// doesn't know the issuer.
    fn ask(&self, voter: &Voter) -> Token {
        let mut paper = self.paper();
        let sealed = request(&voter.keys, paper.manifest(), unix_now(), &mut random::os());
        let sealed_request = sealed.unwrap();
        let request = IssueTokenRequest {
            registration_id: voter.registration_id.clone(),
            election: self.election.as_bytes().to_vec(),
            sealed_request,
        };
        let answer = self.runtime.block_on(async {
            let mut portal = IssuanceClient::new(channel(&self.house, "portal-main"));
            portal.issue_token(request).await
        });
        let sealed = answer.expect("a token").into_inner().sealed_token;
        for _ in 0..50 {
            match open_token(&voter.keys, paper.manifest(), paper.issuers(), &sealed) {
                Err(symbolon_voter::Error::Issuer) => {
                    thread::sleep(Duration::from_millis(100));
                    paper = self.paper();
                }
                token => return token.unwrap(),
            }
        }
        panic!("the gateway doesn't list the rotation");
    }

    /// Casts at once, whatever the gateway has read until then.
    fn vote(&self, voter: &Voter, token: &Token, option: u8, sequence: u8) {
        let paper = self.paper();
        let manifest = paper.manifest();
        let selections = Selections::new(vec![vec![option]], manifest.shape()).unwrap();
        let ballot = cast(
            &voter.keys,
            manifest,
            token,
            &selections,
            sequence,
            unix_now(),
        );
        let ballot = ballot.unwrap();
        let receipt = self.gateway().cast(&ballot.fields().to_entry());
        check_receipt(manifest, &ballot, receipt.unwrap()).unwrap();
        self.cast.fetch_add(1, Ordering::SeqCst);
    }

    /// How many ballots the gateway took.
    fn ballots(&self) -> usize {
        self.cast.load(Ordering::SeqCst)
    }

    fn validate(&self, token: &VotingToken, signature: &[u8]) -> Result<(), &'static str> {
        let request = ValidateTokenRequest {
            election: self.election.as_bytes().to_vec(),
            voter_id: token.voter_id.as_bytes().to_vec(),
            roll_index: token.roll_index.0,
            ballot_key: token.ballot_key.as_bytes().to_vec(),
            signature: signature.to_vec(),
        };
        let answer = self.runtime.block_on(async {
            let mut gateway = ValidationClient::new(channel(&self.house, "gateway-main"));
            gateway.validate_token(request).await
        });
        let refused = |status| Refusal::from_status(&status).reason().name();
        answer.map(drop).map_err(refused)
    }

    /// What an observer says of the election, once that is so.
    fn observed_when(&self, so: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let report = self.observed();
            assert_ne!(report["verdict"], "violated", "{report:#}");
            let election = &report["elections"][0];
            if so(election) {
                return election.clone();
            }
            assert!(started.elapsed() < PATIENCE, "{report:#}");
            thread::sleep(Duration::from_millis(500));
        }
    }

    fn observed(&self) -> Value {
        let mut observer = program("symbolon-observer");
        let (log, trust) = (
            self.house.path("gateway/log"),
            self.house.path("trust.json"),
        );
        observer.args(["verify", &log, "--trust", &trust, "--json"]);
        serde_json::from_slice(&observer.output().unwrap().stdout).unwrap()
    }
}

/// Whoever has the ring, its secret and the passphrase has the token key.
struct Thief {
    stolen: ElectionKeys,
    own: SigningKey,
}

impl Thief {
    fn new(house: &House, city: &City) -> Self {
        let files = RingFiles::new(house.path("vault/ring"), house.path("vault/ring-secret"));
        let ring = files
            .unseal(&SecretString::from(PASSPHRASE.to_owned()))
            .unwrap();
        let paper = city.paper();
        let stolen = ring.election(&paper.manifest().manifest().nonce).unwrap();
        assert_eq!(
            stolen.issuer().address(),
            paper.manifest().manifest().issuer
        );
        Self {
            stolen,
            own: SigningKey::random(&mut random::os()),
        }
    }

    /// A ballot with a token that the vault never made.
    fn ballot(&self, city: &City, place: usize, option: u8) -> UnverifiedBallot {
        let unsigned = symbolon_election::Signature::from_slice(&[1; 64]).unwrap();
        let mut ballot = UnverifiedBallot {
            election: city.election,
            voter_id: city.roll[place],
            roll_index: RollIndex(u32::try_from(place).unwrap()),
            ballot_key: self.own.address(),
            sequence: 0,
            choice: vec![1, option],
            token_signature: unsigned,
            ballot_signature: unsigned,
        };
        let domain = city.trust.domain();
        let token = ballot.token().digest(domain);
        ballot.token_signature = self.stolen.issuer().sign(token.as_bytes());
        ballot.ballot_signature = self.own.sign(ballot.ballot().digest(domain).as_bytes());
        ballot
    }

    fn votes(&self, city: &City, place: usize) {
        let ballot = self.ballot(city, place, 2);
        city.gateway().cast(&ballot.to_entry()).unwrap();
        city.cast.fetch_add(1, Ordering::SeqCst);
    }
}

fn channel(house: &House, profile: &str) -> Channel {
    let path = house.path(&format!("pki/{profile}.toml"));
    connect_lazy(&Profile::load(Path::new(&path)).unwrap()).unwrap()
}

async fn register(house: &House) -> Vec<Vec<u8>> {
    let mut portal = RegistrationClient::new(channel(house, "portal-main"));
    let mut ids = Vec::new();
    for number in 0..PEOPLE {
        let person = Some(Person {
            attributes: attributes(number),
        });
        let answer = portal
            .register_person(RegisterPersonRequest { person })
            .await;
        ids.push(answer.unwrap().into_inner().registration_id);
    }
    ids
}

async fn roll(house: &House, election: &ElectionId) -> Vec<VoterId> {
    let mut gateway = ValidationClient::new(channel(house, "gateway-main"));
    let request = GetRollRequest {
        election: election.as_bytes().to_vec(),
        start: 0,
    };
    let mut pages = gateway.get_roll(request).await.unwrap().into_inner();
    let mut leaves = Vec::new();
    while let Some(page) = pages.message().await.unwrap() {
        leaves.extend(page.leaves);
    }
    let leaves = leaves.as_chunks::<32>().0.iter();
    leaves.map(|leaf| VoterId::new(*leaf)).collect()
}

fn draft(house: &House, receipts: &str, closes: u64) {
    let text = |text: &str| json!({ "en": text });
    let content = json!({
        "version": "symbolon/v1",
        "title": text("A poll"),
        "text": text("One question."),
        "questions": [{ "title": text("A bench?"), "text": text("A bench in the park?"),
            "options": [text("yes"), text("no")], "least": 0, "most": 1 }],
    });
    house.write("content.json", &content.to_string());
    let (opens, closes) = ((unix_now() - 1).to_string(), closes.to_string());
    let path = |name: &str| house.path(name);
    let (content, keys, trust, out) = (
        path("content.json"),
        path("ledger-keys.json"),
        path("trust.json"),
        path("draft"),
    );
    let options = [
        ("--content", content.as_str()),
        ("--ledger-keys", &keys),
        ("--opens", &opens),
        ("--closes", &closes),
        ("--grace", "6s"),
        ("--max-ballots", "2"),
        ("--ballot-batch-min", "1"),
        ("--gateway", receipts),
        ("--trust", &trust),
        ("--out", &out),
    ];
    let mut args = vec!["election", "draft", "--everybody"];
    args.extend(options.iter().flat_map(|(name, value)| [*name, *value]));
    house.symbolon("organiser-main", &args);
}

/// Whether the gateway asks the vault about tokens.
fn asks_the_vault(house: &House, asks: bool) {
    let config = fs::read_to_string(house.path("gateway.toml")).unwrap();
    let (yes, no) = ("validate = true", "validate = false");
    let config = match asks {
        true => config.replace(no, yes),
        false => config.replace(yes, no),
    };
    house.write("gateway.toml", &config);
}

fn places(list: &Value) -> BTreeSet<usize> {
    let list = list.as_array().unwrap().iter();
    list.map(|place| usize::try_from(place.as_u64().unwrap()).unwrap())
        .collect()
}

/// Has a statement drafted for the officers; the folder that it is in.
fn prepared(city: &City, command: &str, folder: &str) -> String {
    let (trust, out) = (city.house.path("trust.json"), city.house.path(folder));
    let election = city.election.to_string();
    let prepare = ["election", command, &election, "--trust", &trust, "--out"];
    city.house
        .symbolon("organiser-main", &[&prepare[..], &[&out]].concat());
    out
}

fn close(city: &City) {
    let house = &city.house;
    let (trust, out) = (
        house.path("trust.json"),
        prepared(city, "prepare-close", "closing"),
    );
    house.sign(&[&format!("{out}/close.json")]);
    house.symbolon(
        "organiser-main",
        &["election", "close", &out, "--trust", &trust],
    );
}

/// Officers let another key sign: first too few of them, then enough. The issuers before and after.
fn rotate(city: &City) -> (Address, Address) {
    let house = &city.house;
    let (trust, out) = (
        house.path("trust.json"),
        prepared(city, "prepare-rotation", "rotating"),
    );
    let rotate = ["election", "rotate", &out, "--trust", &trust];
    let told = house.symbolon_refuses("organiser-main", &rotate);
    assert!(told.contains("0 officers signed, 2 are needed"), "{told}");
    house.sign(&[&format!("{out}/issuer-rotation.json")]);
    house.symbolon("organiser-main", &rotate);
    // A lost answer.
    house.symbolon("organiser-main", &rotate);
    let statement = fs::read(format!("{out}/issuer-rotation.json")).unwrap();
    match symbolon_election::Statement::from_typed_data(&statement).unwrap() {
        (symbolon_election::Statement::IssuerRotation(rotation), _) => {
            (rotation.current, rotation.next)
        }
        _ => panic!("another statement"),
    }
}

#[test]
fn a_thief_of_the_token_key_votes_beside_and_only_the_owners_count() {
    let house = House::build();
    let vault = house.start_vault();
    let receipts = house.init_gateway();
    asks_the_vault(&house, false);
    let gateway = house.start_gateway();
    let closes = unix_now() + OPEN;
    let (city, voters) = City::open(house, &receipts, closes);
    let house = &city.house;
    city.listed();
    let [ann, ben, cem, dan, ..] = voters.as_slice() else {
        unreachable!()
    };

    // Ann votes, then the thief in her place; the thief in Ben's place, who votes later.
    let token_of_ann = city.ask(ann);
    city.vote(ann, &token_of_ann, 1, 0);
    let thief = Thief::new(house, &city);
    let place = |token: &Token| token.roll_index().0 as usize;
    thief.votes(&city, place(&token_of_ann));
    let token_of_ben = city.ask(ben);
    thief.votes(&city, place(&token_of_ben));
    // At places that were issued to somebody and at places that never were, the vault knows better.
    for stolen in 0..city.roll.len() {
        let ballot = thief.ballot(&city, stolen, 2);
        let refused = city.validate(&ballot.token(), ballot.token_signature.as_bytes());
        assert_eq!(refused, Err("NOT_THE_ISSUED_KEY"), "{stolen}");
    }

    // People ask and vote all the while that the officers let another key sign.
    let rotated = AtomicBool::new(false);
    let (others, silent) = voters[4..].split_at(voters.len() - 4 - SILENT);
    let (first, of_others, (before, next)) = thread::scope(|scope| {
        let everybody = scope.spawn(|| {
            let ask = |(number, voter)| {
                // The last ones come after it.
                while number + 4 > others.len() && !rotated.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(20));
                }
                let token = city.ask(voter);
                city.vote(voter, &token, 1, 0);
                token
            };
            others.iter().enumerate().map(ask).collect::<Vec<_>>()
        });
        let token_of_cem = city.ask(cem);
        city.vote(cem, &token_of_cem, 2, 0);
        let keys = rotate(&city);
        rotated.store(true, Ordering::SeqCst);
        (token_of_cem, everybody.join().unwrap(), keys)
    });
    assert_eq!(*of_others[0].issuer(), before);
    assert_eq!(*of_others[others.len() - 1].issuer(), next);

    // Tokens of before go on counting. The same device asks again: the same issuance, by the next key.
    city.vote(ben, &token_of_ben, 1, 0);
    let again = city.ask(cem);
    assert_eq!((again.token(), *again.issuer()), (first.token(), next));
    city.vote(cem, &again, 1, 1);
    let token_of_dan = city.ask(dan);
    let mut tokens = vec![token_of_ann, token_of_ben, first, again, token_of_dan];
    tokens.extend(of_others);
    for token in &tokens {
        let good = city.validate(token.token(), token.signature().as_bytes());
        assert_eq!(good, Ok(()));
    }
    // The thief at the places of people who never ask, and before Dan at his.
    let owned: BTreeSet<usize> = tokens.iter().map(place).collect();
    let never_issued = (0..city.roll.len()).filter(|place| !owned.contains(place));
    let never_issued: Vec<usize> = never_issued.collect();
    assert_eq!(never_issued.len(), silent.len());
    let at_dan = place(&tokens[4]);
    never_issued
        .iter()
        .chain([&at_dan])
        .for_each(|place| thief.votes(&city, *place));
    city.vote(dan, &tokens[4], 1, 0);
    let contested = BTreeSet::from([place(&tokens[0]), place(&tokens[1]), at_dan]);
    let stolen: BTreeSet<usize> = contested.iter().chain(&never_issued).copied().collect();

    // Until Close nobody but the vault can tell who is who.
    let verdict = city.observed_when(|election| election["tally"]["ballots"] == city.ballots());
    assert_eq!(
        places(&verdict["contestedPlaces"]),
        contested,
        "{verdict:#}"
    );

    // A gateway that asks the vault turns the thief away at once, and nobody else.
    gateway.stop();
    asks_the_vault(house, true);
    let gateway = house.start_gateway();
    city.listed();
    let ballot = thief.ballot(&city, 0, 1);
    let refused = city.gateway().cast(&ballot.to_entry()).err().unwrap();
    assert_eq!(refused.reason(), "NOT_THE_ISSUED_KEY");
    city.vote(ben, &tokens[1], 1, 1);

    while unix_now() <= closes {
        thread::sleep(Duration::from_millis(200));
    }
    close(&city);
    let verdict = city.observed_when(|election| election["stage"] == "closed");
    let tally = &verdict["tally"];
    assert_eq!(tally["counted"], owned.len(), "{verdict:#}");
    assert_eq!(tally["questions"][0]["options"], json!([owned.len(), 0]));
    assert_eq!(tally["excluded"]["otherKey"], stolen.len(), "{verdict:#}");
    assert_eq!(places(&verdict["otherKeyPlaces"]), stolen, "{verdict:#}");
    assert_eq!(verdict["rotations"], 1);
    gateway.stop();
    vault.stop();
}
