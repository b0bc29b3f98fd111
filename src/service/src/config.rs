//! Configuration files: TOML, unknown keys refused, errors that name line and key.
//!
//! Secrets are named by their files and never stand in a configuration. An error
//! shows keys and what was expected, never a value.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::{Error, files};

/// Loads a TOML file into a type that denies unknown fields.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = files::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::Config {
        path: path.to_owned(),
        line: None,
        key: None,
        problem: "not UTF-8".into(),
    })?;
    parse(path, text)
}

/// Parses TOML text; `path` is only named in errors.
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        Error::Config {
            path: path.to_owned(),
            line,
            key: line.and_then(|line| key_of(text, line)),
            problem: without_values(error.message()),
        }
    })
}

/// A path of a configuration: relative ones start at the configuration's folder.
pub fn beside(configuration: &Path, path: &Path) -> PathBuf {
    match configuration.parent() {
        Some(folder) => folder.join(path),
        None => path.to_owned(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The bare key that a line assigns, or the table that it opens.
fn key_of(text: &str, line: usize) -> Option<String> {
    let line = text.lines().nth(line - 1)?.trim();
    let name = match line.strip_prefix('[') {
        Some(table) => table.trim_start_matches('[').split(']').next()?,
        None => line.split_once('=')?.0,
    };
    let name = name.trim();
    let bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (!name.is_empty() && name.bytes().all(bare)).then(|| name.to_owned())
}

/// Cuts the value out of serde's messages, which quote what they found.
fn without_values(message: &str) -> String {
    let quoting = ["invalid type: ", "invalid value: ", "unknown variant "];
    if !quoting.iter().any(|start| message.starts_with(start)) {
        return message.lines().next().unwrap_or_default().to_owned();
    }
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => "not a value of this key".to_owned(),
    }
}

/// Whether a listener asks its callers for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// Every caller shows a certificate that names its role.
    Required,
    /// Nobody does: the role is `public`.
    None,
}

/// One `[[listener]]`: an address and the services behind it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerConfig {
    /// Where to listen.
    pub address: SocketAddr,
    /// Names of the services to offer; the daemon says which there are.
    pub services: Vec<String>,
    /// Whether callers show a certificate.
    pub client_auth: ClientAuth,
    /// Certificates; without them only on loopback, and only without client certificates.
    pub tls: Option<TlsConfig>,
    /// Limits that differ from the defaults.
    #[serde(default)]
    pub limits: Limits,
}

/// The `[listener.tls]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The server's certificate chain, PEM, leaf first.
    pub certificate: PathBuf,
    /// Its private key, PEM, readable by its owner only.
    pub key: PathBuf,
    /// The authority of client certificates, PEM.
    pub client_ca: Option<PathBuf>,
    /// Its revocation lists, PEM.
    #[serde(default)]
    pub revocation_lists: Vec<PathBuf>,
    /// The trust domain of the callers' names, `spiffe://<trust domain>/<role>/<name>`.
    pub trust_domain: Option<String>,
    /// How often the files are read again, 1 to 60 seconds.
    #[serde(default = "reload_seconds")]
    pub reload_seconds: u64,
}

fn reload_seconds() -> u64 {
    30
}

impl ListenerConfig {
    /// Makes relative paths start at the folder of the configuration file.
    pub fn resolve(&mut self, configuration: &Path) {
        let Some(tls) = &mut self.tls else { return };
        let lists = tls.revocation_lists.iter_mut();
        let paths = [&mut tls.certificate, &mut tls.key].into_iter();
        for path in paths.chain(&mut tls.client_ca).chain(lists) {
            *path = beside(configuration, path);
        }
    }

    /// Checks what the types don't: which values may stand together.
    pub fn validate(&self) -> Result<(), Error> {
        self.limits.validate()?;
        match (&self.tls, self.client_auth) {
            (Some(tls), auth) => tls.validate(auth),
            (None, ClientAuth::Required) => {
                Err(value("listener.tls", "client_auth = \"required\" needs it"))
            }
            (None, ClientAuth::None) if self.address.ip().is_loopback() => Ok(()),
            (None, ClientAuth::None) => Err(value(
                "listener.tls",
                "may be left out on a loopback address only",
            )),
        }
    }
}

impl TlsConfig {
    fn validate(&self, auth: ClientAuth) -> Result<(), Error> {
        if !(1..=60).contains(&self.reload_seconds) {
            return Err(value("listener.tls.reload_seconds", "must be 1 to 60"));
        }
        match auth {
            ClientAuth::Required if self.client_ca.is_none() => Err(value(
                "listener.tls.client_ca",
                "client_auth = \"required\" needs it",
            )),
            ClientAuth::Required => match &self.trust_domain {
                Some(domain) if is_trust_domain(domain) => Ok(()),
                Some(_) => Err(value(
                    "listener.tls.trust_domain",
                    "must be a lower-case domain name",
                )),
                None => Err(value(
                    "listener.tls.trust_domain",
                    "client_auth = \"required\" needs it",
                )),
            },
            ClientAuth::None => self.refuse_client_files(),
        }
    }

    fn refuse_client_files(&self) -> Result<(), Error> {
        let unused = self.client_ca.is_some()
            || self.trust_domain.is_some()
            || !self.revocation_lists.is_empty();
        if unused {
            return Err(value(
                "listener.client_auth",
                "\"none\" uses no client_ca, trust_domain or revocation_lists: \
                 take them out, or say \"required\"",
            ));
        }
        Ok(())
    }
}

/// Lower-case letters, digits, `.`, `-` and `_`, as SPIFFE has it.
pub(crate) fn is_trust_domain(domain: &str) -> bool {
    let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    (1..=255).contains(&domain.len()) && domain.bytes().all(allowed)
}

/// Limits of one listener. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once.
    pub connections: u32,
    /// Connections at once from one address.
    pub connections_per_peer: u32,
    /// TLS handshakes at once.
    pub handshakes: u32,
    /// How long a handshake, and the HTTP preface after it, may take.
    pub handshake_seconds: u64,
    /// HTTP/2 streams at once on one connection.
    pub streams: u32,
    /// Calls at work at once on one connection; more are refused as `BUSY`.
    pub concurrent_calls: u32,
    /// How long a call that isn't a stream may take.
    pub call_seconds: u64,
    /// How long a stream's caller may stay silent before it is done.
    pub stream_idle_seconds: u64,
    /// Largest body of a request that isn't a stream; methods that are made for more take more.
    pub request_bytes: u32,
    /// Largest header list of a request.
    pub header_bytes: u32,
    /// HTTP/2 window of one stream; larger for bulk streams over long distances.
    pub stream_window: u32,
    /// HTTP/2 window of one connection.
    pub connection_window: u32,
    /// Age at which a connection is asked to go, give or take a tenth.
    pub connection_seconds: u64,
    /// How long calls may go on after that.
    pub drain_seconds: u64,
    /// Silence after which a connection is pinged.
    pub keepalive_seconds: u64,
    /// How long an answer to the ping may take.
    pub keepalive_timeout_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_peer: 256,
            handshakes: 128,
            handshake_seconds: 5,
            streams: 64,
            concurrent_calls: 32,
            call_seconds: 10,
            stream_idle_seconds: 60,
            request_bytes: 64 << 10,
            header_bytes: 8 << 10,
            stream_window: 64 << 10,
            connection_window: 256 << 10,
            connection_seconds: 15 * 60,
            drain_seconds: 15 * 60,
            keepalive_seconds: 30,
            keepalive_timeout_seconds: 10,
        }
    }
}

impl Limits {
    fn validate(&self) -> Result<(), Error> {
        let counts = [
            ("connections", u64::from(self.connections)),
            ("connections_per_peer", u64::from(self.connections_per_peer)),
            ("handshakes", u64::from(self.handshakes)),
            ("handshake_seconds", self.handshake_seconds),
            ("streams", u64::from(self.streams)),
            ("concurrent_calls", u64::from(self.concurrent_calls)),
            ("call_seconds", self.call_seconds),
            ("stream_idle_seconds", self.stream_idle_seconds),
            ("request_bytes", u64::from(self.request_bytes)),
            ("connection_seconds", self.connection_seconds),
            ("keepalive_seconds", self.keepalive_seconds),
            ("keepalive_timeout_seconds", self.keepalive_timeout_seconds),
        ];
        for (key, count) in counts {
            if count == 0 {
                return Err(value(&format!("listener.limits.{key}"), "must not be 0"));
            }
        }
        self.validate_http2()
    }

    fn validate_http2(&self) -> Result<(), Error> {
        let windows = 65_535..=(1 << 30);
        for (key, window) in [
            ("stream_window", self.stream_window),
            ("connection_window", self.connection_window),
        ] {
            if !windows.contains(&window) {
                let key = format!("listener.limits.{key}");
                return Err(value(&key, "must be 65535 to 1073741824"));
            }
        }
        if !(1024..=65_536).contains(&self.header_bytes) {
            return Err(value(
                "listener.limits.header_bytes",
                "must be 1024 to 65536",
            ));
        }
        Ok(())
    }

    pub(crate) fn handshake(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds)
    }

    pub(crate) fn call(&self) -> Duration {
        Duration::from_secs(self.call_seconds)
    }

    pub(crate) fn stream_idle(&self) -> Duration {
        Duration::from_secs(self.stream_idle_seconds)
    }

    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

/// The `[metrics]` table: a port of its own that only this machine reaches.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// A loopback address.
    pub address: SocketAddr,
}

impl MetricsConfig {
    /// Refuses an address that others could reach.
    pub fn validate(&self) -> Result<(), Error> {
        match self.address.ip().is_loopback() {
            true => Ok(()),
            false => Err(value("metrics.address", "must be a loopback address")),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text an event.
    #[default]
    Plain,
    /// One JSON object an event.
    Json,
}

/// The `[log]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// How lines are written.
    pub format: LogFormat,
    /// A filter such as `info` or `symbolon_vault=debug,info`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Plain,
            filter: "info".to_owned(),
        }
    }
}

/// A value of the configuration that isn't allowed.
pub fn value(key: &str, problem: &str) -> Error {
    Error::Value {
        key: key.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests;
