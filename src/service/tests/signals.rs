//! SIGTERM, alone in its process.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use symbolon_service::Shutdown;
use tokio::time::timeout;

#[tokio::test]
async fn one_signal_asks_and_two_insist() {
    let shutdown = Shutdown::new();
    shutdown.on_signals().unwrap();
    kill_process(getpid(), Signal::TERM).unwrap();
    let limit = Duration::from_secs(5);
    timeout(limit, shutdown.triggered()).await.unwrap();
    let forced = timeout(Duration::from_millis(200), shutdown.forced()).await;
    assert!(forced.is_err(), "one signal was enough to force");
    kill_process(getpid(), Signal::INT).unwrap();
    timeout(limit, shutdown.forced()).await.unwrap();
}
