//! TCP and TLS for client channels.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::Service;

use super::{CONNECT_TIMEOUT, Profile, Target};
use crate::{Error, files, provider};

/// Makes connections for a channel: TCP without delay, TLS 1.3 with ring, and our
/// certificate where the profile names one.
#[derive(Clone)]
pub struct Connector {
    profile: Arc<Profile>,
    target: Arc<Target>,
}

impl Connector {
    /// A connector to the profile's endpoint.
    pub fn new(profile: &Profile) -> Result<Self, Error> {
        Ok(Self {
            target: Arc::new(profile.target()?),
            profile: Arc::new(profile.clone()),
        })
    }

    /// Reads the profile's files once, so that a wrong one is named at the start.
    pub fn check_files(&self) -> Result<(), Error> {
        if self.target.tls {
            self.tls_config()?;
        }
        Ok(())
    }

    /// Connects, waits until the server speaks HTTP/2, and drops the connection: with
    /// TLS 1.3 a server refuses a certificate only after the client's handshake.
    pub(crate) async fn probe(&self) -> Result<(), Error> {
        let mut stream = self.open().await?;
        let handshake = |problem: String| Error::Handshake {
            endpoint: self.target.authority(),
            problem,
        };
        match timeout(CONNECT_TIMEOUT, first_frame(&mut stream)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(handshake(error.to_string())),
            Err(_) => Err(handshake("no HTTP/2 answer in time".to_owned())),
        }
    }

    async fn open(&self) -> Result<Stream, Error> {
        let endpoint = self.target.authority();
        match timeout(CONNECT_TIMEOUT, self.open_unlimited(&endpoint)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Unreachable {
                endpoint,
                source: io::Error::new(io::ErrorKind::TimedOut, "no answer in time"),
            }),
        }
    }

    async fn open_unlimited(&self, endpoint: &str) -> Result<Stream, Error> {
        let unreachable = |source| Error::Unreachable {
            endpoint: endpoint.to_owned(),
            source,
        };
        let address = (self.target.host.as_str(), self.target.port);
        let tcp = TcpStream::connect(address).await.map_err(unreachable)?;
        prepare(&tcp).map_err(unreachable)?;
        if !self.target.tls {
            return Ok(Stream::Plain(tcp));
        }
        let connector = TlsConnector::from(Arc::new(self.tls_config()?));
        let stream = connector
            .connect(self.server_name()?, tcp)
            .await
            .map_err(|error| Error::Handshake {
                endpoint: endpoint.to_owned(),
                problem: error.to_string(),
            })?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    fn server_name(&self) -> Result<ServerName<'static>, Error> {
        let name = self.profile.server_name.as_ref();
        let name = name.unwrap_or(&self.target.host).clone();
        ServerName::try_from(name)
            .map_err(|_| crate::config::value("server_name", "must be a host name or an address"))
    }

    fn tls_config(&self) -> Result<ClientConfig, Error> {
        self.server_name()?;
        let tls = |error: rustls::Error| Error::Tls(error.to_string());
        let mut roots = RootCertStore::empty();
        if let Some(ca) = &self.profile.ca {
            for certificate in files::certificates(ca)? {
                roots
                    .add(certificate)
                    .map_err(|error| Error::Tls(format!("{}: {error}", ca.display())))?;
            }
        }
        let builder = ClientConfig::builder_with_provider(provider::provider())
            .with_protocol_versions(provider::VERSIONS)
            .map_err(tls)?
            .with_root_certificates(roots);
        let mut config = match (&self.profile.certificate, &self.profile.key) {
            (Some(certificate), Some(key)) => builder
                .with_client_auth_cert(files::certificates(certificate)?, files::private_key(key)?)
                .map_err(|error| {
                    let (certificate, key) = (certificate.display(), key.display());
                    Error::Tls(format!("{certificate} with {key}: {error}"))
                })?,
            _ => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![provider::ALPN_H2.to_vec()];
        Ok(config)
    }
}

/// Sends what begins an HTTP/2 connection and waits for the server's first frame.
async fn first_frame(stream: &mut Stream) -> io::Result<()> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const EMPTY_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    let wrote = async {
        stream.write_all(PREFACE).await?;
        stream.write_all(EMPTY_SETTINGS).await?;
        stream.flush().await
    };
    // Who refused us may have closed already; what it said is still to be read.
    let wrote = wrote.await;
    let mut header = [0; 9];
    let read = stream.read_exact(&mut header).await;
    read.map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::other("the server closed the connection"),
        _ => error,
    })?;
    wrote
}

/// No delay for small frames; TCP keepalive for connections whose other end vanished.
fn prepare(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60));
    socket2::SockRef::from(tcp).set_tcp_keepalive(&keepalive)
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.open().await.map(TokioIo::new) })
    }
}

/// A connection to a service.
pub enum Stream {
    /// Plain text, to a loopback address.
    Plain(TcpStream),
    /// TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
