//! HTTP/JSON: one agent with an explicit TLS provider, bounded answers, and refusals as this crate's errors.

use std::{io::Read, path::Path, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::Value;
use ureq::{
    Agent, Body,
    http::Response,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem},
};

use crate::{error::Error, files};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A service's HTTP side.
#[derive(Clone)]
pub struct Http {
    agent: Agent,
    base: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Refusal {
    reason: String,
    field: String,
    message: String,
    retry_after: Option<u64>,
}

impl Http {
    /// The service at a URL; `ca` names the authority of its certificate where the public ones don't vouch for it.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, Error> {
        check_url(url)?;
        Self::public(url, ca)
    }

    /// Public files at a URL: what is read is verified, so plain `http://` does as well.
    pub fn public(url: &str, ca: Option<&Path>) -> Result<Self, Error> {
        let base = url.trim_end_matches('/').to_owned();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(roots(ca)?)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // A session's token goes to nobody else.
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .build();
        Ok(Self {
            agent: config.into(),
            base,
        })
    }

    /// Fetches JSON of at most `limit` bytes.
    pub fn get(&self, path: &str, bearer: Option<&str>, limit: u64) -> Result<Value, Error> {
        let mut request = self.agent.get(self.url(path));
        if let Some(token) = bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.call().map_err(|e| self.unreachable(&e))?;
        self.json(answer, limit)
    }

    /// Sends JSON, and reads JSON of at most `limit` bytes.
    pub fn post(
        &self,
        path: &str,
        bearer: Option<&str>,
        body: &Value,
        limit: u64,
    ) -> Result<Value, Error> {
        let mut request = self.agent.post(self.url(path));
        if let Some(token) = bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send_json(body).map_err(|e| self.unreachable(&e))?;
        self.json(answer, limit)
    }

    /// Fetches a file of at most `limit` bytes.
    pub fn file(&self, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let answer = self
            .agent
            .get(self.url(path))
            .call()
            .map_err(|e| self.unreachable(&e))?;
        let status = answer.status();
        let bytes = self.body(answer, limit)?;
        match status.is_success() {
            true => Ok(bytes),
            false => Err(refusal(status.as_u16(), &bytes)),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn json(&self, answer: Response<Body>, limit: u64) -> Result<Value, Error> {
        let status = answer.status();
        let bytes = self.body(answer, limit)?;
        if !status.is_success() {
            return Err(refusal(status.as_u16(), &bytes));
        }
        serde_json::from_slice(&bytes)
            .map_err(|_| Error::unreadable(format!("the answer of {}", self.base), "not JSON"))
    }

    fn body(&self, mut answer: Response<Body>, limit: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        answer
            .body_mut()
            .as_reader()
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| self.unreachable(&e))?;
        match bytes.len() as u64 > limit {
            true => Err(Error::unreadable(
                format!("the answer of {}", self.base),
                "too long",
            )),
            false => Ok(bytes),
        }
    }

    fn unreachable(&self, problem: &dyn std::fmt::Display) -> Error {
        Error::Unreachable {
            endpoint: self.base.clone(),
            problem: problem.to_string(),
        }
    }
}

fn refusal(status: u16, bytes: &[u8]) -> Error {
    let refusal: Refusal = serde_json::from_slice(bytes).unwrap_or_default();
    let known = !refusal.reason.is_empty();
    Error::Refused {
        reason: if known {
            crate::output::printable(&refusal.reason)
        } else {
            format!("HTTP_{status}")
        },
        field: crate::output::printable(&refusal.field),
        message: crate::output::printable(&refusal.message),
        retry_after: refusal.retry_after,
    }
}

/// Ballots and sessions travel over TLS, or stay on this machine.
fn check_url(url: &str) -> Result<(), Error> {
    let refuse = |problem: &str| {
        Err(Error::usage(
            format!("{url}: {problem}"),
            "Write https://host:port, or http:// with a loopback address.",
        ))
    };
    let Ok(uri) = url.parse::<ureq::http::Uri>() else {
        return refuse("not a URL");
    };
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let loopback = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(()),
        Some("http") if loopback => Ok(()),
        Some("http") => refuse("http:// is for loopback addresses only"),
        _ => refuse("not an https:// URL"),
    }
}

fn roots(ca: Option<&Path>) -> Result<RootCerts, Error> {
    let Some(path) = ca else {
        return Ok(RootCerts::WebPki);
    };
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&files::read(path)?) {
        match item.map_err(|e| Error::unreadable_file(path, e))? {
            PemItem::Certificate(certificate) => found.push(certificate),
            _ => {
                return Err(Error::unreadable_file(
                    path,
                    "holds something else than certificates",
                ));
            }
        }
    }
    if found.is_empty() {
        return Err(Error::unreadable_file(path, "holds no certificate in PEM"));
    }
    Ok(RootCerts::new_with_certs(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for fine in [
            "https://city.example",
            "http://127.0.0.1:80",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(check_url(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "http://city.example",
            "ftp://city.example",
            "city",
            "",
            "https://",
        ] {
            assert!(check_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_over_http_keeps_its_reason() {
        let error = refusal(
            409,
            br#"{"reason":"PLACE_TAKEN","field":"request","message":"no"}"#,
        );
        assert_eq!(error.reason(), "PLACE_TAKEN");
        assert_eq!(refusal(502, b"<html>").reason(), "HTTP_502");
    }
}
