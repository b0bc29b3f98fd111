//! Client channels: a profile names endpoint, authority and certificate; a channel
//! connects when it is first used and again whenever the connection is lost.

mod connector;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use serde::{Deserialize, Serialize};
use tonic::transport::{Channel, Endpoint};

pub use connector::Connector;

use crate::{Error, config};

/// How long a connection and its handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Windows for bulk streams; a unary call needs a fraction.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Headers of an answer, refusal details included.
const HEADER_BYTES: u32 = 16 << 10;

/// Where a service is and who we are: a TOML file, written by `symbolon pki`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// `https://host:port`, or `http://` on a loopback address.
    pub endpoint: String,
    /// The name in the server's certificate, where it isn't the endpoint's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The authority of the server's certificate, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Our certificate chain, PEM, leaf first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// Our private key, PEM, readable by us only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

impl Profile {
    /// Loads a profile; its relative paths start at its folder.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let mut profile: Self = config::load(path)?;
        profile.resolve(path);
        profile.target()?;
        Ok(profile)
    }

    /// The profile as a TOML file.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|error| Error::Channel(error.to_string()))
    }

    /// Makes relative paths start at the folder of the file that holds the profile.
    pub fn resolve(&mut self, file: &Path) {
        let paths = [&mut self.ca, &mut self.certificate, &mut self.key];
        for path in paths.into_iter().flatten() {
            *path = config::beside(file, path);
        }
    }

    /// Checks the profile and takes the endpoint apart.
    pub(crate) fn target(&self) -> Result<Target, Error> {
        let target = Target::parse(&self.endpoint)?;
        if self.certificate.is_some() != self.key.is_some() {
            return Err(config::value("key", "goes together with certificate"));
        }
        if target.tls && self.ca.is_none() {
            return Err(config::value("ca", "an https:// endpoint needs it"));
        }
        let names_tls = self.ca.is_some() || self.certificate.is_some();
        if !target.tls && (names_tls || self.server_name.is_some()) {
            return Err(Error::Endpoint("certificates need https://".into()));
        }
        Ok(target)
    }
}

/// An endpoint, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    fn parse(endpoint: &str) -> Result<Self, Error> {
        let wrong = |problem: &str| Error::Endpoint(problem.to_owned());
        let uri: Uri = endpoint
            .parse()
            .map_err(|_| wrong("must be https://host:port"))?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(wrong("must start with https://")),
        };
        if uri.path() != "/" || uri.query().is_some() || endpoint.contains('@') {
            return Err(wrong("takes no path, query or user"));
        }
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().ok_or_else(|| wrong("names no port"))?;
        if !tls && !is_loopback(host) {
            return Err(wrong("http:// is for loopback addresses only"));
        }
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
        })
    }

    /// Host and port, as people write them.
    pub(crate) fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
}

/// Connects at once, and says clearly why it can't: nobody there, a server of another
/// authority, a certificate of ours that the server refuses.
pub async fn connect(profile: &Profile) -> Result<Channel, Error> {
    let connector = Connector::new(profile)?;
    // One connection of our own first: tonic hides why a connection failed.
    connector.probe().await?;
    endpoint(profile)?
        .connect_with_connector(connector)
        .await
        .map_err(|error| Error::Channel(with_causes(&error)))
}

/// A channel that connects at its first call, for daemons that start in any order.
///
/// Files are read again at each new connection, so renewed certificates are taken up.
pub fn connect_lazy(profile: &Profile) -> Result<Channel, Error> {
    let connector = Connector::new(profile)?;
    connector.check_files()?;
    Ok(endpoint(profile)?.connect_with_connector_lazy(connector))
}

fn endpoint(profile: &Profile) -> Result<Endpoint, Error> {
    let target = profile.target()?;
    let wrong = |problem: String| Error::Endpoint(problem);
    let authority = target.authority();
    let scheme = if target.tls { "https" } else { "http" };
    let origin: Uri = format!("{scheme}://{authority}")
        .parse()
        .map_err(|_| wrong("must be https://host:port".into()))?;
    // The connector does TLS; tonic must not want to.
    let endpoint = Endpoint::from_shared(format!("http://{authority}"))
        .map_err(|error| wrong(with_causes(&error)))?;
    Ok(endpoint
        .origin(origin)
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(HEADER_BYTES)
        // What is still under way of a call that was given up is no attack of the server's: counted as
        // one, it would end the connection and all its calls after a thousand.
        .http2_max_local_error_reset_streams(None)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW))
}

/// An error with all its causes: tonic's own text is only "transport error".
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(endpoint: &str) -> Profile {
        Profile {
            endpoint: endpoint.into(),
            server_name: None,
            ca: None,
            certificate: None,
            key: None,
        }
    }

    #[test]
    fn endpoints_are_taken_apart() {
        let target = Target::parse("https://vault.example:7443").unwrap();
        assert_eq!(target.authority(), "vault.example:7443");
        assert!(target.tls);
        assert_eq!(Target::parse("https://[::1]:1").unwrap().host, "::1");
        assert_eq!(
            Target::parse("https://[::1]:1").unwrap().authority(),
            "[::1]:1"
        );
    }

    #[test]
    fn other_endpoints_are_refused() {
        for endpoint in [
            "",
            "vault:7443",
            "https://vault",
            "ftp://vault:1",
            "https://vault:1/path",
            "https://vault:1/?q",
            "https://user@vault:1",
            "http://vault.example:1",
            "http://192.0.2.1:1",
        ] {
            assert!(Target::parse(endpoint).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn plain_text_is_for_loopback_only() {
        profile("http://127.0.0.1:1").target().unwrap();
        profile("http://[::1]:1").target().unwrap();
        profile("http://localhost:1").target().unwrap();
    }

    #[test]
    fn https_needs_an_authority_and_certificates_come_with_keys() {
        profile("https://vault:1").target().unwrap_err();
        let mut half = profile("https://vault:1");
        half.ca = Some("ca.pem".into());
        half.target().unwrap();
        half.certificate = Some("me.pem".into());
        half.target().unwrap_err();
    }

    #[test]
    fn a_profile_reads_back_what_it_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portal.toml");
        let mut written = profile("https://vault:1");
        written.ca = Some("ca.pem".into());
        std::fs::write(&path, written.to_toml().unwrap()).unwrap();
        let read = Profile::load(&path).unwrap();
        assert_eq!(read.ca, Some(folder.path().join("ca.pem")));
        assert_eq!(read.endpoint, written.endpoint);
    }

    #[tokio::test]
    async fn an_endpoint_where_nobody_listens_is_named() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        let error = connect(&profile(&format!("http://{address}")))
            .await
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("cannot reach {address}")),
            "{error}"
        );
    }
}
