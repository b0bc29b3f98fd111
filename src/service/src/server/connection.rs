//! The life of one connection: handshake, peer, calls, and one of many ends.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use rustls_pki_types::CertificateDer;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Shared,
    body::from_now,
    guard::Guard,
    io::{Counted, Stream},
    listening::Listening,
    peers::PeerPlace,
};
use crate::{
    config::Limits,
    metrics,
    peer::Peer,
    provider,
    registry::Ticket,
    tls::{TlsFiles, TlsState},
};

/// The client's part of an HTTP/2 connection's beginning.
const PREFACE_BYTES: u64 = 24;
/// At most so many bytes wait to be written, for each stream.
const SEND_BUFFER: usize = 64 << 10;
const FRAME_BYTES: u32 = 16 << 10;
const PENDING_RESETS: usize = 20;
const LOCAL_ERROR_RESETS: usize = 256;
/// hyper refuses a smaller one.
const HTTP1_BUFFER: usize = 8 << 10;

/// Serves a connection until it ends.
pub(crate) async fn serve(
    shared: &Shared,
    listening: &Listening,
    router: axum::Router,
    tcp: TcpStream,
    place: &PeerPlace,
) {
    let Some(greeted) = greet(listening, tcp, place).await else {
        return;
    };
    let Greeted {
        stream,
        protocol,
        peer,
        chain,
        tls,
    } = greeted;
    let ticket = shared
        .registry
        .register(listening.index, peer.clone(), chain.clone());
    if let (Some(files), Some(tls)) = (&listening.tls, tls)
        && !still_good(files, &tls, &chain)
    {
        return;
    }
    let guard = Guard::new(
        listening.table.clone(),
        listening.gate.clone(),
        listening.limits.clone(),
        router,
        peer,
    );
    let _open = metrics::connection_opened(listening.address);
    run(shared, listening, stream, protocol, guard, ticket).await;
}

/// The files may have been read again between the handshake and the registration.
fn still_good(files: &TlsFiles, then: &Arc<TlsState>, chain: &[CertificateDer<'_>]) -> bool {
    let now = files.state();
    Arc::ptr_eq(&now, then) || now.peer(chain).is_ok()
}

struct Greeted {
    stream: Stream,
    protocol: Protocol,
    peer: Arc<Peer>,
    chain: Arc<[CertificateDer<'static>]>,
    tls: Option<Arc<TlsState>>,
}

/// Which HTTP the handshake agreed on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http2,
    Http1,
    /// Plain text: the first bytes tell.
    Unknown,
}

async fn greet(listening: &Listening, tcp: TcpStream, place: &PeerPlace) -> Option<Greeted> {
    let Some(files) = &listening.tls else {
        return Some(Greeted {
            stream: Stream::Plain(tcp),
            protocol: Protocol::Unknown,
            peer: Arc::new(Peer::public()),
            chain: Arc::from(Vec::new()),
            tls: None,
        });
    };
    let limit = listening.limits.handshake();
    match timeout(limit, shake_hands(listening, files, tcp, place)).await {
        Ok(Ok(greeted)) => Some(greeted),
        Ok(Err(error)) => {
            metrics::handshake_failed("refused");
            tracing::debug!(%error, listener = %listening.address, "handshake failed");
            None
        }
        Err(_) => {
            metrics::handshake_failed("timeout");
            None
        }
    }
}

async fn shake_hands(
    listening: &Listening,
    files: &TlsFiles,
    tcp: TcpStream,
    place: &PeerPlace,
) -> io::Result<Greeted> {
    // Who says nothing takes no share of the handshakes.
    tcp.readable().await?;
    let crowded = || io::Error::other("too many handshakes of one address");
    let _quota = place.handshake().ok_or_else(crowded)?;
    let permit = listening.handshakes.acquire().await;
    let _permit = permit.map_err(io::Error::other)?;
    let tls = files.state();
    let stream = TlsAcceptor::from(tls.config.clone()).accept(tcp).await?;
    let (_, session) = stream.get_ref();
    let chain: Vec<_> = session.peer_certificates().unwrap_or_default().to_vec();
    let chain: Vec<_> = chain.into_iter().map(CertificateDer::into_owned).collect();
    let peer = tls.peer(&chain).map_err(io::Error::other)?;
    let protocol = match session.alpn_protocol() {
        Some(provider::ALPN_H2) => Protocol::Http2,
        _ if listening.table.has_http() => Protocol::Http1,
        _ => return Err(io::Error::other("the client doesn't offer h2")),
    };
    Ok(Greeted {
        stream: Stream::Tls(Box::new(stream)),
        protocol,
        peer: Arc::new(peer),
        chain: Arc::from(chain),
        tls: Some(tls),
    })
}

/// Polls the connection until it ends by itself, or is asked to and has, or must.
async fn run(
    shared: &Shared,
    listening: &Listening,
    stream: Stream,
    protocol: Protocol,
    guard: Guard,
    ticket: Ticket,
) {
    let limits = &listening.limits;
    let (stream, read) = Counted::new(stream);
    let builder = builder(limits, protocol);
    let connection = builder.serve_connection(TokioIo::new(stream), guard.clone());
    tokio::pin!(connection);
    let mut ends = Ends::new(limits);
    loop {
        let wake = sleep_until(ends.next);
        tokio::select! {
            // Once it is to be closed, nothing more is read.
            biased;
            () = ticket.close.cancelled() => return metrics::connection_cut("revoked"),
            () = shared.shutdown.forced() => return,
            () = shared.shutdown.triggered(), if !ends.draining => {
                ends.drain(limits.drain().min(shared.drain));
                connection.as_mut().graceful_shutdown();
            }
            () = ticket.drain.cancelled(), if !ends.draining => {
                ends.drain(limits.drain());
                connection.as_mut().graceful_shutdown();
            }
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(%error, listener = %listening.address, "connection ended");
                }
                return;
            }
            () = wake => match ends.woke(limits, spoke(&guard, &read)) {
                End::Wait => {}
                End::Drain => connection.as_mut().graceful_shutdown(),
                End::Cut(why) => return metrics::connection_cut(why),
            },
        }
    }
}

/// Whether the client has begun to speak HTTP.
fn spoke(guard: &Guard, read: &AtomicU64) -> bool {
    guard.was_used() || read.load(Ordering::Relaxed) >= PREFACE_BYTES
}

/// The times at which a connection ends: first for want of a preface, then by age,
/// then because draining took too long.
struct Ends {
    next: Instant,
    age: Instant,
    heard: bool,
    draining: bool,
}

enum End {
    Wait,
    Drain,
    Cut(&'static str),
}

impl Ends {
    fn new(limits: &Limits) -> Self {
        Self {
            next: from_now(limits.handshake()),
            age: from_now(jittered(Duration::from_secs(limits.connection_seconds))),
            heard: false,
            draining: false,
        }
    }

    fn drain(&mut self, most: Duration) {
        self.draining = true;
        self.next = from_now(most);
    }

    fn woke(&mut self, limits: &Limits, spoke: bool) -> End {
        if self.draining {
            return End::Cut("drained");
        }
        if !self.heard {
            self.heard = true;
            self.next = self.age;
            return if spoke { End::Wait } else { End::Cut("silent") };
        }
        self.drain(limits.drain());
        End::Drain
    }
}

/// Give or take a tenth, so that connections made together don't end together.
fn jittered(age: Duration) -> Duration {
    use std::hash::{BuildHasher, Hasher, RandomState};

    let random = RandomState::new().build_hasher().finish();
    let fraction = 0.9 + 0.2 * (random % 1000) as f64 / 1000.0;
    age.mul_f64(fraction)
}

fn builder(limits: &Limits, protocol: Protocol) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.keepalive_seconds))
        .max_buf_size(HTTP1_BUFFER.max(limits.header_bytes as usize));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(LOCAL_ERROR_RESETS)
        .max_header_list_size(limits.header_bytes)
        .max_frame_size(FRAME_BYTES)
        .max_send_buf_size(SEND_BUFFER)
        .initial_stream_window_size(limits.stream_window)
        .initial_connection_window_size(limits.connection_window)
        .keep_alive_interval(Duration::from_secs(limits.keepalive_seconds))
        .keep_alive_timeout(Duration::from_secs(limits.keepalive_timeout_seconds));
    match protocol {
        Protocol::Http2 => builder.http2_only(),
        Protocol::Http1 => builder.http1_only(),
        Protocol::Unknown => builder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_differ_by_a_tenth_at_most() {
        let age = Duration::from_secs(900);
        for _ in 0..100 {
            let jittered = jittered(age);
            assert!(jittered >= age.mul_f64(0.9) && jittered <= age.mul_f64(1.1));
        }
    }

    #[tokio::test]
    async fn a_connection_ends_in_order() {
        let limits = Limits::default();
        let mut ends = Ends::new(&limits);
        assert!(matches!(ends.woke(&limits, true), End::Wait));
        assert_eq!(ends.next, ends.age);
        assert!(matches!(ends.woke(&limits, true), End::Drain));
        assert!(matches!(ends.woke(&limits, true), End::Cut("drained")));
        let mut silent = Ends::new(&limits);
        assert!(matches!(silent.woke(&limits, false), End::Cut("silent")));
    }
}
