//! A city with one election; vault, portal and gateway are one little server.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use symbolon_crypto::{
    Secret,
    ecdsa::SigningKey,
    hpke::{HpkePublicKey, HpkeSecretKey},
    labels, random,
};
use symbolon_election::{
    Content, Domain, ElectionId, Entry, LedgerKeys, LocalizedText, Manifest, Nonce, Question,
    Receipt, RequestKey, RequestPlaintext, RollIndex, SignedReceipt, Statement, TallyKey,
    TokenPlaintext, TrustFile, Typed, VoterId, VotingToken, content, entry::entry_hash,
    ledger_keys::NoteKey,
};
use symbolon_tlog::{Checkpoint, Hash, KeyKind, LogKey};

pub(crate) const ORIGIN: &str = "log.example/1";

pub(crate) struct City {
    pub(crate) trust: TrustFile,
    pub(crate) manifest: Manifest,
    pub(crate) entry: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) ledger_keys: Vec<u8>,
    pub(crate) log: LogKey,
    pub(crate) issuer: SigningKey,
    officer: SigningKey,
    request_key: HpkeSecretKey,
    gateway: SigningKey,
    pub(crate) ballots: Mutex<Vec<Vec<u8>>>,
}

fn text(text: &str) -> LocalizedText {
    LocalizedText::new("en", text)
}

fn key() -> SigningKey {
    SigningKey::random(&mut random::os())
}

impl City {
    /// Opens and closes at these times.
    pub(crate) fn new(opens: u64, closes: u64) -> Self {
        let officer = key();
        let (issuer, gateway) = (key(), key());
        let request_key = HpkeSecretKey::new(Secret::random(&mut random::os()));
        let log = LogKey::new(ORIGIN, &[5; 32]).unwrap();
        let verifier = |kind| *log.verifier(kind).public();
        let ledger_keys = LedgerKeys::new(
            ORIGIN,
            NoteKey::log(ORIGIN, verifier(KeyKind::Ed25519)).unwrap(),
            vec![NoteKey::cosigner(ORIGIN, verifier(KeyKind::CosignatureV1)).unwrap()],
            1,
        )
        .unwrap()
        .to_json();
        let question = Question {
            title: text("Tram"),
            text: text("Shall there be a tram?"),
            options: vec![text("Yes"), text("No")],
            least: 0,
            most: 1,
        };
        let content = Content::new(text("Poll"), text(""), vec![question]).unwrap();
        let trust = TrustFile::for_log("City", ORIGIN, vec![officer.address()], 1).unwrap();
        let manifest = Manifest {
            nonce: Nonce::new([1; 32]),
            content_hash: content::content_hash(&content.to_json()),
            shape: content.shape().encode(),
            opens,
            closes,
            grace: 60,
            forget_after: closes + 7200,
            max_ballots: 3,
            roll_batch_min: 0,
            ballot_batch_min: 1,
            custody: 0,
            anonymity: 0,
            results: 0,
            tally_key: TallyKey::new([0; 32]),
            officers: vec![officer.address()],
            threshold: 1,
            issuer: issuer.address(),
            request_key: RequestKey::new(*request_key.public_key().as_bytes()),
            gateways: vec![gateway.address()],
            ledger_keys: content::content_hash(&ledger_keys),
            payload: 0,
        };
        let signature = officer.sign(manifest.digest(trust.domain()).as_bytes());
        let entry =
            Entry::from_statement(Statement::Manifest(manifest.clone()), vec![signature]).unwrap();
        Self {
            trust,
            manifest,
            entry: entry.encode(),
            content: content.to_json(),
            ledger_keys,
            log,
            issuer,
            officer,
            request_key,
            gateway,
            ballots: Mutex::default(),
        }
    }

    /// A statement of this election with the officer's signature.
    pub(crate) fn signed(&self, statement: Statement) -> Vec<u8> {
        let signature = self
            .officer
            .sign(statement.digest(self.domain()).as_bytes());
        Entry::from_statement(statement, vec![signature])
            .unwrap()
            .encode()
    }

    pub(crate) fn domain(&self) -> &Domain {
        self.trust.domain()
    }

    pub(crate) fn election(&self) -> ElectionId {
        self.manifest.election(self.domain())
    }

    fn offer(&self) -> Value {
        json!({
            "election": format!("0x{}", self.election()), "manifest": to_0x(&self.entry),
            "content": to_0x(&self.content), "state": "open",
        })
    }

    /// What vault and portal do together.
    pub(crate) fn token(&self, sealed: &[u8]) -> Vec<u8> {
        let election = self.election();
        let opened = self
            .request_key
            .open(labels::ISSUE_REQUEST, election.as_bytes(), sealed)
            .unwrap();
        let request = RequestPlaintext::parse(opened.expose()).unwrap();
        let ballot_key = request.ballot_key(election, self.domain()).unwrap();
        let token = VotingToken {
            election,
            voter_id: VoterId::new([3; 32]),
            roll_index: RollIndex(0),
            ballot_key,
        };
        let plaintext = TokenPlaintext {
            voter_id: token.voter_id,
            roll_index: token.roll_index,
            signature: self.issuer.sign(token.digest(self.domain()).as_bytes()),
        };
        HpkePublicKey::from_bytes(*request.delivery_key.as_bytes())
            .seal(
                labels::VOTING_TOKEN,
                election.as_bytes(),
                &plaintext.encode(),
                &mut random::os(),
            )
            .unwrap()
    }

    fn cast(&self, entry: Vec<u8>) -> Result<Value, (u16, Value)> {
        let Ok(Entry::Ballot(ballot)) = Entry::decode(&entry) else {
            return Err((400, json!({"reason": "INVALID_BALLOT", "message": "no"})));
        };
        let mut ballots = self.ballots.lock().unwrap();
        let taken = ballots.iter().any(|other| {
            let Ok(Entry::Ballot(other_ballot)) = Entry::decode(other) else {
                return false;
            };
            other_ballot.sequence == ballot.sequence && *other != entry
        });
        if taken {
            return Err((409, json!({"reason": "SEQUENCE_TAKEN", "message": "no"})));
        }
        let receipt = Receipt {
            election: ballot.election,
            ballot_digest: ballot.ballot().digest(self.domain()),
            include_by: self.manifest.closes,
        };
        let signature = self.gateway.sign(receipt.digest(self.domain()).as_bytes());
        let receipt = SignedReceipt::new(&receipt, signature);
        let hash = entry_hash(&entry);
        ballots.push(entry);
        Ok(json!({
            "entryHash": format!("0x{hash}"),
            "receipt": serde_json::from_slice::<Value>(&receipt.to_json()).unwrap(),
        }))
    }

    /// A log of this one entry.
    fn status(&self, hash: &str) -> Value {
        let leaf: Hash = hash.parse().unwrap();
        let checkpoint = Checkpoint::new(ORIGIN, 1, leaf).unwrap();
        let signed = checkpoint.sign(&self.log, self.manifest.opens + 1).unwrap();
        json!({"state": "INCLUDED", "index": 0, "proof": [], "checkpoint": signed.to_text()})
    }

    fn answer(&self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
        let fine = |value: Value| (200, value.to_string().into_bytes());
        match (method, parts.as_slice()) {
            ("GET", ["v1", "elections"]) => fine(json!([self.offer()])),
            ("POST", ["v1", "session"]) if body["password"] == "secret" => {
                fine(json!({"session": "s"}))
            }
            ("POST", ["v1", "session"]) => (
                401,
                json!({"reason": "UNAUTHENTICATED", "message": "no"})
                    .to_string()
                    .into_bytes(),
            ),
            ("POST", ["v1", "elections", _, "token"]) => {
                fine(json!({"token": to_0x(&self.token(&from_0x(&body["request"])))}))
            }
            ("POST", ["v1", "ballots"]) => match self.cast(from_0x(&body["entry"])) {
                Ok(value) => fine(value),
                Err((status, value)) => (status, value.to_string().into_bytes()),
            },
            ("GET", ["v1", "ballots", hash]) => fine(self.status(hash)),
            ("GET", ["log", "content", _]) => (200, self.ledger_keys.clone()),
            _ => (404, b"{}".to_vec()),
        }
    }

    pub(crate) fn serve(self) -> (Arc<Self>, String) {
        let city = Arc::new(self);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = Arc::clone(&city);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serving.exchange(stream.unwrap());
            }
        });
        (city, url)
    }

    fn exchange(&self, stream: TcpStream) {
        let mut reader = BufReader::new(&stream);
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut words = first.split_whitespace();
        let (method, path) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let (status, answer) = self.answer(method, path, &body);
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            answer.len()
        );
        let mut writer = &stream;
        let _ = writer.write_all(&[head.as_bytes(), &answer].concat());
    }
}

pub(crate) fn to_0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn from_0x(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}
