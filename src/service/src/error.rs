//! The crate's error.

use std::{io, net::SocketAddr, path::PathBuf};

/// What can go wrong while a daemon is set up or a client connects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file can't be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A configuration file doesn't parse, or has an unknown or a missing key.
    #[error("{}", config_problem(path, *line, key, problem))]
    Config {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// The key at fault.
        key: Option<String>,
        /// What is wrong; never a value.
        problem: String,
    },
    /// A value of the configuration isn't allowed.
    #[error("{key}: {problem}")]
    Value {
        /// The key at fault.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// Others may read a file that holds a secret.
    #[error("{path}: mode {mode:04o} lets others read this secret; make it 0600")]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A PEM file doesn't hold what it should.
    #[error("{path}: {problem}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// TLS can't be set up from these files.
    #[error("TLS: {0}")]
    Tls(String),
    /// An address can't be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// An endpoint isn't of the form `https://host:port`.
    #[error("endpoint: {0}")]
    Endpoint(String),
    /// Nobody answers at an endpoint.
    #[error("cannot reach {endpoint}: {source}")]
    Unreachable {
        /// Host and port.
        endpoint: String,
        /// What the system said.
        source: io::Error,
    },
    /// The TLS handshake with an endpoint failed.
    #[error("no TLS connection to {endpoint}: {problem}")]
    Handshake {
        /// Host and port.
        endpoint: String,
        /// What is wrong.
        problem: String,
    },
    /// A channel can't be made.
    #[error("{0}")]
    Channel(String),
    /// A thread, a log, a metric endpoint or a limit can't be set up.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

fn config_problem(
    path: &std::path::Path,
    line: Option<usize>,
    key: &Option<String>,
    problem: &str,
) -> String {
    let mut text = path.display().to_string();
    if let Some(line) = line {
        text.push_str(&format!(":{line}"));
    }
    if let Some(key) = key {
        text.push_str(&format!(": {key}"));
    }
    format!("{text}: {problem}")
}
