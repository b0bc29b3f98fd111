//! Metrics in Prometheus' text format, on a loopback port of their own. Labels are
//! methods, roles and outcomes: nothing that grows, nothing that names anybody.

use std::{net::SocketAddr, time::Duration};

use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::{Error, config::MetricsConfig, roles::Role};

const CALLS: &str = "symbolon_calls_total";
const CALL_SECONDS: &str = "symbolon_call_seconds";
const CONNECTIONS: &str = "symbolon_connections";
const ACCEPTED: &str = "symbolon_connections_accepted_total";
const REFUSED: &str = "symbolon_connections_refused_total";
const CUT: &str = "symbolon_connections_cut_total";
const HANDSHAKES_FAILED: &str = "symbolon_handshakes_failed_total";
const TLS_RELOADS: &str = "symbolon_tls_reloads_total";
/// Seconds: from a validation to an Argon2 queue.
const BUCKETS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// Starts the port, once a process. Must be called within a tokio runtime.
pub fn serve(config: &MetricsConfig) -> Result<(), Error> {
    config.validate()?;
    let failed = |error: metrics_exporter_prometheus::BuildError| Error::System {
        what: "starting the metrics port",
        source: std::io::Error::other(error.to_string()),
    };
    PrometheusBuilder::new()
        .with_http_listener(config.address)
        .set_buckets(BUCKETS)
        .and_then(PrometheusBuilder::install)
        .map_err(failed)
}

pub(crate) fn call(method: &'static str, role: Role, outcome: &'static str, time: Duration) {
    let role = role.as_str();
    counter!(CALLS, "method" => method, "role" => role, "outcome" => outcome).increment(1);
    histogram!(CALL_SECONDS, "method" => method).record(time.as_secs_f64());
}

/// Counts a connection until it is dropped.
pub(crate) fn connection_opened(listener: SocketAddr) -> Open {
    let listener = listener.to_string();
    counter!(ACCEPTED, "listener" => listener.clone()).increment(1);
    let gauge = gauge!(CONNECTIONS, "listener" => listener);
    gauge.increment(1.0);
    Open(gauge)
}

/// One live connection.
pub(crate) struct Open(metrics::Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

pub(crate) fn connection_refused(why: &'static str) {
    counter!(REFUSED, "why" => why).increment(1);
}

pub(crate) fn connection_cut(why: &'static str) {
    counter!(CUT, "why" => why).increment(1);
}

pub(crate) fn handshake_failed(why: &'static str) {
    counter!(HANDSHAKES_FAILED, "why" => why).increment(1);
}

pub(crate) fn tls_reloaded(outcome: &'static str) {
    counter!(TLS_RELOADS, "outcome" => outcome).increment(1);
}
