//! One acceptor per listener: takes connections as far as the limits allow and hands
//! each to the least busy worker.

use std::{io, net::TcpListener as StdListener, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::OwnedSemaphorePermit,
};

use super::{
    listening::{Listening, prepare},
    peers::PeerPlace,
    worker::Workers,
};
use crate::{Shutdown, metrics};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A connection on its way to a worker. Its places are free again when it is dropped.
pub(crate) struct Accepted {
    pub(crate) listener: usize,
    pub(crate) tcp: std::net::TcpStream,
    pub(crate) place: PeerPlace,
    _permit: OwnedSemaphorePermit,
}

/// Accepts until the shutdown.
pub(crate) async fn accept(
    listening: Arc<Listening>,
    socket: StdListener,
    workers: Arc<Workers>,
    shutdown: Shutdown,
) {
    let address = listening.address;
    let accepting = async {
        match TcpListener::from_std(socket) {
            Ok(socket) => accept_all(&listening, &socket, &workers).await,
            Err(error) => tracing::error!(%error, %address, "cannot accept connections"),
        }
    };
    tokio::select! {
        () = shutdown.triggered() => {}
        () = accepting => {}
    }
}

async fn accept_all(listening: &Listening, socket: &TcpListener, workers: &Workers) {
    let mut pause = FIRST_PAUSE;
    // Without a free place the queue of the system holds further callers.
    while let Ok(permit) = listening.connections.clone().acquire_owned().await {
        match socket.accept().await {
            Ok((tcp, from)) => {
                pause = FIRST_PAUSE;
                match listening.peers.enter(from.ip()) {
                    Some(place) => hand_over(listening, workers, tcp, place, permit),
                    None => metrics::connection_refused("peer"),
                }
            }
            Err(error) if is_the_connection_s(&error) => {}
            Err(error) => {
                metrics::connection_refused("system");
                tracing::warn!(%error, listener = %listening.address, "cannot accept; waiting");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn hand_over(
    listening: &Listening,
    workers: &Workers,
    tcp: TcpStream,
    place: PeerPlace,
    permit: OwnedSemaphorePermit,
) {
    let prepared = prepare(&tcp).and_then(|()| tcp.into_std());
    match prepared {
        Ok(tcp) => workers.dispatch(Accepted {
            listener: listening.index,
            tcp,
            place,
            _permit: permit,
        }),
        Err(error) => tracing::debug!(%error, "connection lost before it began"),
    }
}

/// Errors of the one connection that was being accepted, not of the listener.
fn is_the_connection_s(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(
        error.kind(),
        E::ConnectionAborted | E::ConnectionReset | E::ConnectionRefused | E::Interrupted
    )
}
