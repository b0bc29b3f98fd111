use serde_json::{Value, json};
use symbolon_crypto::SecretString;
use symbolon_election::{ElectionId, TrustFile};

use super::{Papers, bytes, to_0x};
use crate::{error::Error, http::Http};

/// Contents of many elections.
const LISTS: u64 = 64 << 20;
const ANSWERS: u64 = 64 << 10;

/// The registration portal, as a device sees it.
pub struct Portal {
    http: Http,
    session: Option<SecretString>,
}

impl Portal {
    /// Nobody is signed in yet.
    pub fn new(http: Http) -> Self {
        Self {
            http,
            session: None,
        }
    }

    /// Signs in.
    pub fn sign_in(&mut self, login: &str, password: &SecretString) -> Result<(), Error> {
        let body = json!({"login": login, "password": password.expose()});
        let answer = self.http.post("/v1/session", None, &body, ANSWERS)?;
        let session = answer["session"]
            .as_str()
            .filter(|session| session.chars().all(|c| c.is_ascii_graphic()) && !session.is_empty())
            .ok_or_else(|| Error::unreadable("the portal's answer", "holds no session"))?;
        self.session = Some(SecretString::new(session.to_owned()));
        Ok(())
    }

    /// The elections it offers, held against the trust file.
    pub fn elections(&self, trust: &TrustFile) -> Result<Papers, Error> {
        let answer = self.http.get("/v1/elections", self.bearer(), LISTS)?;
        Papers::from_json(&answer, trust)
    }

    /// Passes a sealed request on; the answer is the sealed token.
    pub fn token(&self, election: ElectionId, sealed_request: &[u8]) -> Result<Vec<u8>, Error> {
        let body = json!({"request": to_0x(sealed_request)});
        let path = format!("/v1/elections/{election}/token");
        let answer = self.http.post(&path, self.bearer(), &body, ANSWERS)?;
        bytes(&answer, "token")
    }

    /// Votes through the portal, which holds the device seed; only where the manifest says so.
    pub fn simple_vote(&self, election: ElectionId, choices: &[Vec<u8>]) -> Result<Value, Error> {
        // A list of bytes would be written as a list of numbers all the same; this says so.
        let choices: Vec<Vec<u32>> = choices
            .iter()
            .map(|chosen| chosen.iter().map(|option| u32::from(*option)).collect())
            .collect();
        let path = format!("/v1/elections/{election}/simple-vote");
        self.http
            .post(&path, self.bearer(), &json!({"choices": choices}), ANSWERS)
    }

    fn bearer(&self) -> Option<&str> {
        self.session.as_ref().map(SecretString::expose)
    }
}
