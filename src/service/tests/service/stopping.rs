//! The end of a connection and of a server.

use std::time::{Duration, Instant};

use symbolon_service::{Error, client, config::Limits};
use tokio::net::TcpStream;

use crate::house::{House, Plan, check, soon};

#[tokio::test]
async fn a_shutdown_lets_calls_end_and_takes_no_new_ones() {
    let mut house = House::new();
    let channel = house.north().await;
    let call = tokio::spawn(async move { check(&channel, "sleep:1000").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    house.shutdown.trigger();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(house.address).await.is_err());
    call.await.unwrap().unwrap();
    house.running.take().unwrap().finished().await;
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_shutdown_waits_only_so_long() {
    let mut house = House::with(Plan {
        drain: Duration::from_millis(500),
        ..Plan::default()
    });
    let channel = house.north().await;
    let call = tokio::spawn(async move { check(&channel, "sleep:9000").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    house.shutdown.trigger();
    house.running.take().unwrap().finished().await;
    let took = started.elapsed();
    assert!(
        (Duration::from_millis(400)..Duration::from_secs(3)).contains(&took),
        "{took:?}"
    );
    call.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_forced_shutdown_waits_for_nobody() {
    let mut house = House::new();
    let channel = house.north().await;
    let call = tokio::spawn(async move { check(&channel, "sleep:9000").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    house.shutdown.force();
    house.running.take().unwrap().finished().await;
    assert!(started.elapsed() < Duration::from_secs(1));
    call.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn an_old_connection_goes_and_no_call_fails() {
    let house = House::limited(Limits {
        connection_seconds: 1,
        handshake_seconds: 1,
        ..Limits::default()
    });
    let identity = house.authority.caller("portal/north", 2);
    let channel = client::connect_lazy(&house.profile(Some(&identity))).unwrap();
    let registry = house.running.as_ref().unwrap().registry().clone();
    let mut seen = std::collections::BTreeSet::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(4) {
        check(&channel, "sleep:50").await.unwrap();
        seen.extend(
            registry
                .connections()
                .iter()
                .map(|connection| connection.id),
        );
    }
    assert!(seen.len() >= 2, "{seen:?}");
    assert!(soon(|| registry.len() <= 1).await);
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let house = House::new();
    let error = house.bind_again().map(drop).unwrap_err();
    assert!(matches!(error, Error::Bind { .. }));
    let text = error.to_string();
    assert!(text.contains(&house.address.to_string()), "{text}");
}
