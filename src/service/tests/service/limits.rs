//! What one caller can take: time, connections, calls, bytes.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use symbolon_service::{Reason, Refusal, config::Limits};
use tokio::{
    io::AsyncReadExt,
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

use crate::house::{House, SLOWLY, check, code, soon};

/// Waits until the other end closes.
async fn closed(tcp: &mut TcpStream) -> bool {
    let mut byte = [0];
    let read = timeout(Duration::from_secs(5), tcp.read(&mut byte)).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn silent_sockets_are_closed_and_others_served_meanwhile() {
    let house = House::limited(Limits {
        handshake_seconds: 1,
        handshakes: 4,
        ..Limits::default()
    });
    let mut sockets = Vec::new();
    for _ in 0..50 {
        sockets.push(TcpStream::connect(house.address).await.unwrap());
    }
    let started = Instant::now();
    check(&house.north().await, "").await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(800));
    for tcp in &mut sockets {
        assert!(closed(tcp).await);
    }
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn an_address_has_only_so_many_connections() {
    let house = House::limited(Limits {
        connections_per_peer: 2,
        ..Limits::default()
    });
    let _first = TcpStream::connect(house.address).await.unwrap();
    let second = TcpStream::connect(house.address).await.unwrap();
    let mut third = TcpStream::connect(house.address).await.unwrap();
    assert!(closed(&mut third).await);
    let other = TcpSocket::new_v4().unwrap();
    other
        .bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), 0))
        .unwrap();
    let mut other = other.connect(house.address).await.unwrap();
    let open = timeout(Duration::from_millis(300), other.read_u8()).await;
    assert!(open.is_err(), "another address is refused");
    drop(second);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut again = TcpStream::connect(house.address).await.unwrap();
    let open = timeout(Duration::from_millis(300), again.read_u8()).await;
    assert!(open.is_err(), "a place that was left is not free");
}

#[tokio::test]
async fn beyond_all_connections_callers_wait_for_a_place() {
    let house = House::limited(Limits {
        connections: 1,
        handshake_seconds: 1,
        ..Limits::default()
    });
    let _silent = TcpStream::connect(house.address).await.unwrap();
    // The silent one is closed after a second; then there is a place.
    let channel = symbolon_service::client::connect_lazy(
        &house.profile(Some(&house.authority.caller("portal/north", 2))),
    );
    check(&channel.unwrap(), "").await.unwrap();
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_answered_deadline_exceeded() {
    let house = House::limited(Limits {
        call_seconds: 1,
        ..Limits::default()
    });
    let channel = house.north().await;
    let status = check(&channel, "sleep:5000").await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(Refusal::from(status).reason(), Reason::DeadlineExceeded);
    check(&channel, "sleep:10").await.unwrap();
}

#[tokio::test]
async fn a_caller_may_ask_for_less_time_but_not_for_more() {
    let house = House::limited(Limits {
        call_seconds: 1,
        ..Limits::default()
    });
    let mut client = HealthClient::new(house.north().await);
    for (asked, least, most) in [(200, 150, 900), (60_000, 900, 4000)] {
        let mut request = Request::new(HealthCheckRequest {
            service: "sleep:5000".into(),
        });
        request
            .metadata_mut()
            .insert("grpc-timeout", format!("{asked}m").parse().unwrap());
        let started = Instant::now();
        let answer = client.check(request).await;
        // tonic's own timer may be first: it says CANCELLED.
        let code = code(&answer);
        assert!(
            matches!(code, Code::DeadlineExceeded | Code::Cancelled),
            "{answer:?}"
        );
        let took = started.elapsed().as_millis();
        assert!((least..most).contains(&took), "{took} ms");
    }
}

#[tokio::test]
async fn a_stream_outlives_the_time_of_a_call_but_not_its_caller_s_silence() {
    let house = House::limited(Limits {
        call_seconds: 1,
        stream_idle_seconds: 2,
        ..Limits::default()
    });
    let mut client = tonic::client::Grpc::new(house.north().await);
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let silence = futures_util::stream::pending::<HealthCheckRequest>();
    let started = Instant::now();
    let path = SLOWLY.parse().unwrap();
    let answer = client.streaming(Request::new(silence), path, codec).await;
    assert_eq!(code(&answer), Code::DeadlineExceeded, "{answer:?}");
    let took = started.elapsed();
    assert!(
        (Duration::from_millis(1900)..Duration::from_secs(4)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test]
async fn too_many_calls_on_a_connection_are_shed() {
    let house = House::limited(Limits {
        concurrent_calls: 2,
        ..Limits::default()
    });
    let channel = house.north().await;
    let calls = (0..6).map(|_| check(&channel, "sleep:500"));
    let answers = futures_util::future::join_all(calls).await;
    let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 4);
    for status in refused {
        let refusal = Refusal::from(status);
        assert_eq!(refusal.code(), Code::ResourceExhausted);
        assert_eq!(refusal.reason(), Reason::Busy);
        assert!(refusal.retry_after().is_some());
    }
    check(&channel, "").await.unwrap();
}

#[tokio::test]
async fn calls_given_up_end_no_other_call_of_their_connection() {
    let house = House::new();
    let officer = house.authority.caller("officer/anna", 3);
    let channel = house.channel(&officer).await;
    for _ in 0..400 {
        let given_up = (0..30).map(|_| async {
            let request = HealthCheckRequest {
                service: "once".into(),
            };
            let mut client = HealthClient::new(channel.clone());
            let mut told = client.watch(request).await?.into_inner();
            let answer = told.message().await;
            // The end of the answer is under way when it is given up.
            tokio::time::sleep(Duration::from_millis(1)).await;
            answer
        });
        for told in futures_util::future::join_all(given_up).await {
            assert!(told.unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn a_request_too_large_is_refused_and_names_no_content() {
    let house = House::limited(Limits {
        request_bytes: 1000,
        ..Limits::default()
    });
    let channel = house.north().await;
    check(&channel, &"x".repeat(900)).await.unwrap();
    let status = check(&channel, &"hunter2".repeat(1000)).await.unwrap_err();
    assert!(!format!("{status:?}").contains("hunter2"));
    assert_eq!(Refusal::from(status).reason(), Reason::MessageTooLarge);
}

#[tokio::test]
async fn headers_too_large_are_refused() {
    let house = House::new();
    let channel = house.north().await;
    let mut request = Request::new(HealthCheckRequest::default());
    request
        .metadata_mut()
        .insert("x-large", "x".repeat(20_000).parse().unwrap());
    HealthClient::new(channel.clone())
        .check(request)
        .await
        .unwrap_err();
    check(&channel, "").await.unwrap();
}

#[tokio::test]
async fn a_panic_ends_its_call_only() {
    let house = House::new();
    let channel = house.north().await;
    let status = check(&channel, "panic").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(!format!("{status:?}").contains("hunter2"));
    check(&channel, "").await.unwrap();
    assert!(soon(|| house.connections() == 1).await);
}
