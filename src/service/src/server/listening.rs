//! A listener as it runs: socket, table, limits, TLS.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::sync::Semaphore;

use super::{Listener, peers::Peers};
use crate::{Error, Refusal, config::Limits, roles::RoleTable, serial::Revoked, tls::TlsFiles};

/// How many finished TCP handshakes may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Makes a worker's routes.
pub(crate) type Routes = Arc<dyn Fn() -> Router + Send + Sync>;

/// Asked about the path of every call that the table admits.
pub(crate) type Gate = Arc<dyn Fn(&str) -> Result<(), Refusal> + Send + Sync>;

/// What acceptor and workers share of one listener.
pub(crate) struct Listening {
    pub(crate) index: usize,
    pub(crate) address: SocketAddr,
    pub(crate) limits: Arc<Limits>,
    pub(crate) table: Arc<RoleTable>,
    pub(crate) gate: Gate,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) routes: Routes,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) handshakes: Semaphore,
    pub(crate) peers: Arc<Peers>,
}

impl Listening {
    /// Loads the files and takes the address.
    pub(crate) fn new(
        index: usize,
        listener: Listener,
        revoked: &Arc<Revoked>,
    ) -> Result<(Self, TcpListener), Error> {
        let Listener {
            config,
            table,
            gate,
            routes,
        } = listener;
        config.validate()?;
        let tls = match &config.tls {
            Some(files) => {
                let (auth, http1) = (config.client_auth, table.has_http());
                Some(TlsFiles::load(files, auth, http1, Arc::clone(revoked))?)
            }
            None => None,
        };
        let bind = |source| Error::Bind {
            address: config.address,
            source,
        };
        let socket = listen(config.address).map_err(bind)?;
        let limits = config.limits;
        let listening = Self {
            index,
            address: socket.local_addr().map_err(bind)?,
            table: Arc::new(table),
            gate,
            tls,
            routes,
            connections: Arc::new(Semaphore::new(limits.connections as usize)),
            handshakes: Semaphore::new(limits.handshakes as usize),
            peers: Arc::new(Peers::new(limits.connections_per_peer, limits.handshakes)),
            limits: Arc::new(limits),
        };
        Ok((listening, socket))
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// No delay for small frames; TCP keepalive for callers that vanished.
pub(crate) fn prepare(tcp: &tokio::net::TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60));
    socket2::SockRef::from(tcp).set_tcp_keepalive(&keepalive)
}
