//! The metrics port: what it counts, and what it never shows.

use std::time::Duration;

use symbolon_service::{config::MetricsConfig, metrics};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::house::{House, check};

async fn scrape(address: std::net::SocketAddr) -> String {
    for _ in 0..50 {
        let Ok(mut tcp) = TcpStream::connect(address).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        tcp.write_all(request).await.unwrap();
        let mut text = String::new();
        tcp.read_to_string(&mut text).await.unwrap();
        return text;
    }
    panic!("no metrics at {address}");
}

#[tokio::test]
async fn calls_are_counted_by_method_role_and_outcome_only() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    metrics::serve(&MetricsConfig { address }).unwrap();
    let house = House::new();
    let channel = house.north().await;
    check(&channel, "hunter2").await.unwrap();
    let auditor = house
        .channel(&house.authority.caller("auditor/hunter2", 4))
        .await;
    check(&auditor, "").await.unwrap_err();
    let text = scrape(address).await;
    for line in [
        r#"symbolon_calls_total{method="/grpc.health.v1.Health/Check",role="portal",outcome="OK"}"#,
        r#"symbolon_calls_total{method="unknown",role="auditor",outcome="PERMISSION_DENIED"} "#,
        r#"symbolon_call_seconds_bucket{method="/grpc.health.v1.Health/Check",le="0.001"}"#,
        "symbolon_connections{listener=",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(
        !text.contains("hunter2") && !text.contains("north"),
        "{text}"
    );
}
