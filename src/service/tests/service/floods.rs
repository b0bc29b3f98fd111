//! HTTP/2 misused by a caller with a good certificate: the others are served.

use std::time::{Duration, Instant};

use symbolon_service::{
    client,
    config::{ClientAuth, Limits},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::house::{CHECK, House, Plan, check, soon};

#[tokio::test]
async fn a_caller_who_opens_more_streams_than_announced_has_them_refused() {
    let house = House::with(Plan {
        tls: false,
        client_auth: ClientAuth::None,
        limits: Limits {
            streams: 8,
            ..Limits::default()
        },
        ..Plan::default()
    });
    let mut tcp = TcpStream::connect(house.address).await.unwrap();
    let mut begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    begin.extend(frame(4, 0, 0, &[]));
    tcp.write_all(&begin).await.unwrap();
    // POST, http, our path, authority "x", gRPC; the body never comes.
    let mut headers = vec![0x83, 0x86, 0x44, CHECK.len() as u8];
    headers.extend(CHECK.as_bytes());
    headers.extend([0x41, 1, b'x', 0x5f, 16]);
    headers.extend(b"application/grpc");
    for stream in (1..=23).step_by(2) {
        tcp.write_all(&frame(1, 4, stream, &headers)).await.unwrap();
    }
    let mut answer = Vec::new();
    let reading = tcp.read_to_end(&mut answer);
    assert!(timeout(Duration::from_millis(500), reading).await.is_err());
    // RST_STREAM with REFUSED_STREAM, for each of the last four.
    for stream in 1..=23u32 {
        let refused = frame(3, 0, stream, &7u32.to_be_bytes());
        let found = answer.windows(refused.len()).any(|bytes| bytes == refused);
        assert_eq!(found, stream > 16 && stream % 2 == 1, "stream {stream}");
    }
}

/// One HTTP/2 frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Sends a preface and then the same frames until the server has had enough.
async fn flood(house: &House, first: &[u8], again: &[u8], most: usize) -> bool {
    let mut tcp = TcpStream::connect(house.address).await.unwrap();
    let mut begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    begin.extend(frame(4, 0, 0, &[]));
    begin.extend(first);
    tcp.write_all(&begin).await.unwrap();
    let (mut read, mut write) = tcp.split();
    let mut answer = Vec::new();
    let sending = async {
        for _ in 0..most {
            if write.write_all(again).await.is_err() {
                return;
            }
        }
        let _ = write.shutdown().await;
    };
    let reading = read.read_to_end(&mut answer);
    let (ended, ()) = tokio::join!(timeout(Duration::from_secs(5), reading), sending);
    ended.is_ok()
}

fn plain() -> House {
    House::with(Plan {
        tls: false,
        client_auth: ClientAuth::None,
        ..Plan::default()
    })
}

#[tokio::test]
async fn rapid_resets_end_their_connection_and_no_other() {
    let house = plain();
    let mut profile = house.profile(None);
    profile.ca = None;
    profile.endpoint = format!("http://{}", house.address);
    let other = client::connect(&profile).await.unwrap();
    check(&other, "").await.unwrap();
    let registry = house.running.as_ref().unwrap().registry();
    let known = registry.connections()[0].id;
    // POST, http, path "/", authority "x"; then CANCEL.
    let headers = [0x83, 0x86, 0x84, 0x41, 1, b'x'];
    let pairs = (0..500u32).map(|n| 2 * n + 1).flat_map(|stream| {
        let mut pair = frame(1, 4, stream, &headers);
        pair.extend(frame(3, 0, stream, &8u32.to_be_bytes()));
        pair
    });
    let pairs: Vec<u8> = pairs.collect();
    assert!(flood(&house, &pairs, &[], 0).await);
    let started = Instant::now();
    check(&other, "").await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(soon(|| house.connections() == 1).await);
    assert_eq!(registry.connections()[0].id, known);
}

#[tokio::test]
async fn endless_continuations_end_their_connection() {
    let house = plain();
    // HEADERS without END_HEADERS, then CONTINUATION without end: ":method POST" again and again.
    let headers = frame(1, 0, 1, &[0x83]);
    let continuation = frame(9, 0, 1, &[0x83; 8000]);
    assert!(flood(&house, &headers, &continuation, 2000).await);
    assert!(soon(|| house.connections() == 0).await);
}

#[tokio::test]
async fn bytes_that_are_no_http_end_their_connection() {
    let house = plain();
    for garbage in [&[0u8; 64][..], b"GET\r\n\r\n\r\n", &[0xff; 4000]] {
        let mut tcp = TcpStream::connect(house.address).await.unwrap();
        tcp.write_all(garbage).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(3), tcp.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "still open after {} bytes", garbage.len());
    }
    assert!(soon(|| house.connections() == 0).await);
}

#[tokio::test]
async fn a_preface_that_never_ends_is_given_up() {
    let house = House::with(Plan {
        tls: false,
        client_auth: ClientAuth::None,
        limits: Limits {
            handshake_seconds: 1,
            ..Limits::default()
        },
        ..Plan::default()
    });
    let mut tcp = TcpStream::connect(house.address).await.unwrap();
    tcp.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    let mut byte = [0];
    let read = timeout(Duration::from_secs(4), tcp.read(&mut byte)).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))));
}
