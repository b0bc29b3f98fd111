//! A browser's way to the gateway: HTTP/1.1 and JSON over a connection that is kept.

use std::{cell::RefCell, fs::File, io::BufReader, sync::Arc};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::HOST,
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use symbolon_service::client::Profile;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// One kept connection; one call at a time.
pub(crate) struct Browser {
    port: u16,
    tls: TlsConnector,
    header: Option<(&'static str, &'static str)>,
    connection: RefCell<Option<SendRequest<Full<Bytes>>>>,
}

impl Browser {
    /// A browser that trusts the profile's authority, and connects when it is first used.
    pub(crate) fn new(profile: &Profile, port: u16) -> Self {
        let mut roots = RootCertStore::empty();
        let ca = File::open(profile.ca.as_ref().unwrap()).unwrap();
        for certificate in CertificateDer::pem_reader_iter(BufReader::new(ca)) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            port,
            tls: TlsConnector::from(Arc::new(config)),
            header: None,
            connection: RefCell::new(None),
        }
    }

    /// Sends a header with every call.
    pub(crate) fn with_header(self, name: &'static str, value: &'static str) -> Self {
        let header = Some((name, value));
        Self { header, ..self }
    }

    /// Posts JSON; what came back.
    pub(crate) async fn post(&self, path: &str, body: String) -> (StatusCode, Bytes) {
        let kept = self.connection.borrow_mut().take();
        let mut connection = match kept {
            Some(connection) if !connection.is_closed() => connection,
            _ => self.connect().await,
        };
        let request = Request::post(path).header(HOST, "localhost");
        let request = match self.header {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        connection.ready().await.unwrap();
        let answer = connection.send_request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        self.connection.replace(Some(connection));
        (status, body)
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = self.tls.connect(name, tcp).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::task::spawn_local(connection);
        sender
    }
}
