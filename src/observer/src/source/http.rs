//! A public log over HTTP.

use std::path::Path;
use std::thread;
use std::time::Duration;

use symbolon_ledger::Unread;
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::{Source, missing, unreadable};
use crate::Error;

/// How long one file may take.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a file is asked for when the server is busy or the connection breaks.
const ATTEMPTS: u32 = 4;

/// An address below which the log's files are served.
pub struct Http {
    base: String,
    agent: Agent,
}

impl Http {
    /// The log below an address, such as `https://vote.example.org/log/`. `ca` names a PEM file
    /// of certificate authorities to believe instead of the usual ones.
    pub fn new(address: &str, ca: Option<&Path>) -> Result<Self, Error> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(3)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT));
        if let Some(ca) = ca {
            config = config.tls_config(TlsConfig::builder().root_certs(roots(ca)?).build());
        }
        let base = format!("{}/", address.trim_end_matches('/'));
        Ok(Self {
            base,
            agent: config.build().into(),
        })
    }

    fn attempt(&self, path: &str, limit: u64) -> Result<Vec<u8>, Attempt> {
        let later = |error: ureq::Error| Attempt::Later(error.to_string());
        let mut response = self
            .agent
            .get(format!("{}{path}", self.base))
            .call()
            .map_err(later)?;
        match response.status().as_u16() {
            200 => {}
            404 | 410 => return Err(Attempt::Never(missing(path))),
            status @ (429 | 500..=599) => return Err(Attempt::Later(format!("status {status}"))),
            status => return Err(Attempt::Never(unreadable(path, format!("status {status}")))),
        }
        let body = response
            .body_mut()
            .with_config()
            .limit(limit.saturating_add(1))
            .read_to_vec();
        match body {
            Ok(bytes) if bytes.len() as u64 <= limit => Ok(bytes),
            Ok(_) | Err(ureq::Error::BodyExceedsLimit(_)) => {
                let reason = format!("longer than {limit} bytes");
                Err(Attempt::Never(unreadable(path, reason)))
            }
            Err(error) => Err(later(error)),
        }
    }
}

/// How an attempt failed: for good, or perhaps not the next time.
enum Attempt {
    Never(Unread),
    Later(String),
}

impl Source for Http {
    fn read(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, Unread> {
        let mut wait = Duration::from_millis(200);
        for attempt in 1.. {
            match self.attempt(path, limit) {
                Ok(bytes) => return Ok(bytes),
                Err(Attempt::Never(unread)) => return Err(unread),
                Err(Attempt::Later(reason)) if attempt == ATTEMPTS => {
                    return Err(unreadable(path, reason));
                }
                Err(Attempt::Later(_)) => thread::sleep(wait),
            }
            wait *= 3;
        }
        Err(unreadable(path, "no attempt"))
    }

    fn list(&mut self, _: &str) -> Result<Option<Vec<String>>, Unread> {
        Ok(None)
    }

    fn name(&self) -> String {
        self.base.clone()
    }
}

fn roots(ca: &Path) -> Result<RootCerts, Error> {
    let unusable = |reason: String| Error::Ca(ca.to_owned(), reason);
    let pem = std::fs::read(ca).map_err(|error| unusable(error.to_string()))?;
    let mut roots = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(root) = item.map_err(|error| unusable(error.to_string()))? {
            roots.push(root);
        }
    }
    match roots.is_empty() {
        true => Err(unusable("holds no certificate".to_owned())),
        false => Ok(RootCerts::new_with_certs(&roots)),
    }
}
