//! The ledger keys file: who keeps the log, who cosigns its checkpoints, and how
//! many cosignatures give an entry its time.
//!
//! Keys are verifier keys of C2SP signed notes: `name+hash+key`, the hash being the
//! first four bytes of SHA-256 of name, newline, type and key. The log's own key
//! signs checkpoints (type 1) and, as a cosigner of its own (type 4), their times.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Error, VERSION, json};

const WHAT: &str = "ledger keys";
const LIMIT: usize = 64 * 1024;
const MAX_COSIGNERS: usize = 255;
const ED25519: u8 = 1;
const COSIGNATURE: u8 = 4;

/// A verifier key of a signed note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    kind: u8,
    key: [u8; 32],
}

impl NoteKey {
    /// A log's key: plain Ed25519 signatures.
    pub fn log(name: &str, key: [u8; 32]) -> Result<Self, Error> {
        Self::new(name, ED25519, key)
    }

    /// A cosigner's key: timestamped Ed25519 cosignatures.
    pub fn cosigner(name: &str, key: [u8; 32]) -> Result<Self, Error> {
        Self::new(name, COSIGNATURE, key)
    }

    fn new(name: &str, kind: u8, key: [u8; 32]) -> Result<Self, Error> {
        let unfit = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.len() > 255 || name.contains(unfit) {
            return Err(Error::member(
                WHAT,
                "name",
                "no spaces, no plus, 1 to 255 bytes",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            key,
        })
    }

    /// Reads `name+hash+key`.
    pub fn parse(member: &'static str, text: &str) -> Result<Self, Error> {
        let malformed = || Error::member(WHAT, member, "a verifier key of a signed note");
        let mut parts = text.splitn(3, '+');
        let (name, _, key) = match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(hash), Some(key)) => (name, hash, key),
            _ => return Err(malformed()),
        };
        let bytes = STANDARD.decode(key).map_err(|_| malformed())?;
        let (&kind, key) = bytes.split_first().ok_or_else(malformed)?;
        let key = key.try_into().map_err(|_| malformed())?;
        let parsed = Self::new(name, kind, key)?;
        match parsed.to_vkey() == text {
            true => Ok(parsed),
            false => Err(malformed()),
        }
    }

    /// Writes `name+hash+key`.
    pub fn to_vkey(&self) -> String {
        let mut typed = vec![self.kind];
        typed.extend_from_slice(&self.key);
        format!(
            "{}+{}+{}",
            self.name,
            hex::encode(self.id()),
            STANDARD.encode(typed)
        )
    }

    /// The four bytes by which signatures name the key.
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', self.kind])
            .chain_update(self.key)
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Whose key it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Ed25519 public key.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

/// What the ledger keys file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerKeys {
    origin: String,
    log: NoteKey,
    cosigners: Vec<NoteKey>,
    quorum: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    origin: String,
    log: String,
    cosigners: Vec<String>,
    quorum: u8,
}

impl LedgerKeys {
    /// A log of this origin. The log's own key must be among the cosigners.
    pub fn new(
        origin: &str,
        log: NoteKey,
        cosigners: Vec<NoteKey>,
        quorum: u8,
    ) -> Result<Self, Error> {
        if log.kind != ED25519 || log.name != origin {
            return Err(Error::member(
                WHAT,
                "log",
                "an Ed25519 key of the origin's name",
            ));
        }
        check_cosigners(&log, &cosigners)?;
        if quorum == 0 || usize::from(quorum) > cosigners.len() {
            return Err(Error::member(
                WHAT,
                "quorum",
                "between 1 and the number of cosigners",
            ));
        }
        Ok(Self {
            origin: origin.to_owned(),
            log,
            cosigners,
            quorum,
        })
    }

    /// Reads the JSON file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let file: File = json::parse(WHAT, LIMIT, bytes)?;
        json::check_version(WHAT, &file.version)?;
        let log = NoteKey::parse("log", &file.log)?;
        let cosigners = file
            .cosigners
            .iter()
            .map(|text| NoteKey::parse("cosigners", text));
        let cosigners = cosigners.collect::<Result<_, _>>()?;
        Self::new(&file.origin, log, cosigners, file.quorum)
    }

    /// Writes the JSON file.
    pub fn to_json(&self) -> Vec<u8> {
        json::canonical(&File {
            version: VERSION.to_owned(),
            origin: self.origin.clone(),
            log: self.log.to_vkey(),
            cosigners: self.cosigners.iter().map(NoteKey::to_vkey).collect(),
            quorum: self.quorum,
        })
    }

    /// The log's origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The log's key.
    pub fn log(&self) -> &NoteKey {
        &self.log
    }

    /// Whose cosignatures give entries their time; the log's own key is among them.
    pub fn cosigners(&self) -> &[NoteKey] {
        &self.cosigners
    }

    /// How many of them must have cosigned.
    pub fn quorum(&self) -> u8 {
        self.quorum
    }
}

fn check_cosigners(log: &NoteKey, cosigners: &[NoteKey]) -> Result<(), Error> {
    let refuse = |rule| Err(Error::member(WHAT, "cosigners", rule));
    if cosigners.len() > MAX_COSIGNERS {
        return refuse("at most 255");
    }
    if cosigners
        .iter()
        .any(|cosigner| cosigner.kind != COSIGNATURE)
    {
        return refuse("keys of timestamped Ed25519 cosignatures");
    }
    let twice = |(at, one): (usize, &NoteKey)| {
        cosigners[..at]
            .iter()
            .any(|other| other.key == one.key || other.name == one.name)
    };
    if cosigners.iter().enumerate().any(twice) {
        return refuse("no name and no key twice");
    }
    match cosigners
        .iter()
        .any(|one| one.key == log.key && one.name == log.name)
    {
        true => Ok(()),
        false => refuse("the log's own key among them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> LedgerKeys {
        let log = NoteKey::log("log.example", [1; 32]).unwrap();
        let own = NoteKey::cosigner("log.example", [1; 32]).unwrap();
        let witness = NoteKey::cosigner("witness.example", [2; 32]).unwrap();
        LedgerKeys::new("log.example", log, vec![own, witness], 2).unwrap()
    }

    #[test]
    fn ledger_keys_read_back() {
        assert_eq!(LedgerKeys::parse(&keys().to_json()).unwrap(), keys());
    }

    /// The example of the Go project's note package.
    #[test]
    fn a_go_verifier_key_reads_back() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = NoteKey::parse("log", text).unwrap();
        assert_eq!(key.name(), "PeterNeumann");
        assert_eq!(key.to_vkey(), text);
    }

    #[test]
    fn the_logs_own_key_must_cosign() {
        let log = NoteKey::log("log.example", [1; 32]).unwrap();
        let witness = NoteKey::cosigner("witness.example", [2; 32]).unwrap();
        assert!(LedgerKeys::new("log.example", log, vec![witness], 1).is_err());
    }

    #[test]
    fn wrong_quorums_are_refused() {
        let keys = keys();
        for quorum in [0, 3] {
            let cosigners = keys.cosigners.clone();
            assert!(LedgerKeys::new("log.example", keys.log.clone(), cosigners, quorum).is_err());
        }
    }

    #[test]
    fn a_cosigner_twice_is_refused() {
        let keys = keys();
        let mut cosigners = keys.cosigners.clone();
        cosigners.push(NoteKey::cosigner("other.example", [2; 32]).unwrap());
        assert!(LedgerKeys::new("log.example", keys.log, cosigners, 1).is_err());
    }

    #[test]
    fn a_wrong_key_hash_is_refused() {
        let text = "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert!(NoteKey::parse("log", text).is_err());
    }
}
