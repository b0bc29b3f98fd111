//! TLS of a listener: certificates, client verification, revocation, reloading.

mod lists;
mod verifier;

use std::sync::{Arc, PoisonError, RwLock};

use rustls::{
    RootCertStore, ServerConfig,
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use crate::{
    Error,
    config::{ClientAuth, TlsConfig},
    files,
    peer::Peer,
    provider,
    serial::Revoked,
};
use verifier::PeerVerifier;

/// TLS as the files say it now.
pub(crate) struct TlsState {
    /// For handshakes.
    pub(crate) config: Arc<ServerConfig>,
    /// For certificates of live connections; none where nobody shows one.
    clients: Option<Arc<PeerVerifier>>,
}

impl TlsState {
    /// Who a client's chain names, if it is still good.
    pub(crate) fn peer(&self, chain: &[CertificateDer<'_>]) -> Result<Peer, rustls::Error> {
        match (&self.clients, chain.split_first()) {
            (Some(verifier), Some((leaf, rest))) => verifier.peer(leaf, rest),
            (Some(_), None) => Err(rustls::Error::NoCertificatesPresented),
            (None, _) => Ok(Peer::public()),
        }
    }
}

/// The files of a listener's TLS and what was made from them.
pub(crate) struct TlsFiles {
    files: TlsConfig,
    auth: ClientAuth,
    alpn: Vec<Vec<u8>>,
    revoked: Arc<Revoked>,
    current: RwLock<(Arc<TlsState>, [u8; 32])>,
}

impl TlsFiles {
    /// Loads the files; a wrong one is an error.
    pub(crate) fn load(
        files: &TlsConfig,
        auth: ClientAuth,
        http1: bool,
        revoked: Arc<Revoked>,
    ) -> Result<Self, Error> {
        let mut alpn = vec![provider::ALPN_H2.to_vec()];
        if http1 {
            alpn.push(provider::ALPN_HTTP1.to_vec());
        }
        let digest = digest(files)?;
        let state = Arc::new(build(files, auth, &alpn, &revoked)?);
        Ok(Self {
            files: files.clone(),
            auth,
            alpn,
            revoked,
            current: RwLock::new((state, digest)),
        })
    }

    /// What holds now.
    pub(crate) fn state(&self) -> Arc<TlsState> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.0.clone()
    }

    /// Reads the files again; `true` when they changed. After an error, and as long as
    /// the files are wrong, what held before goes on holding.
    pub(crate) fn reload(&self) -> Result<bool, Error> {
        let digest = digest(&self.files)?;
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if current.1 == digest {
            return Ok(false);
        }
        drop(current);
        let state = Arc::new(build(&self.files, self.auth, &self.alpn, &self.revoked)?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = (state, digest);
        Ok(true)
    }

    pub(crate) fn reload_seconds(&self) -> u64 {
        self.files.reload_seconds
    }
}

/// SHA-256 over all files, to see whether one changed.
fn digest(tls: &TlsConfig) -> Result<[u8; 32], Error> {
    let mut hash = Sha256::new();
    let own = [&tls.certificate, &tls.key].into_iter();
    for path in own.chain(&tls.client_ca).chain(&tls.revocation_lists) {
        let bytes = files::read_list(path)?;
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(&bytes);
    }
    Ok(hash.finalize().into())
}

fn build(
    tls: &TlsConfig,
    auth: ClientAuth,
    alpn: &[Vec<u8>],
    revoked: &Arc<Revoked>,
) -> Result<TlsState, Error> {
    let wrong = |error: rustls::Error| Error::Tls(error.to_string());
    let unfit = |error: rustls::Error| {
        let (certificate, key) = (tls.certificate.display(), tls.key.display());
        Error::Tls(format!("{certificate} with {key}: {error}"))
    };
    let clients = match auth {
        ClientAuth::Required => Some(Arc::new(client_verifier(tls, revoked)?)),
        ClientAuth::None => None,
    };
    let verifier: Arc<dyn ClientCertVerifier> = match &clients {
        Some(verifier) => verifier.clone(),
        None => WebPkiClientVerifier::no_client_auth(),
    };
    let mut config = ServerConfig::builder_with_provider(provider::provider())
        .with_protocol_versions(provider::VERSIONS)
        .map_err(wrong)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            files::certificates(&tls.certificate)?,
            files::private_key(&tls.key)?,
        )
        .map_err(unfit)?;
    config.alpn_protocols = alpn.to_vec();
    // A resumed session would skip the client's certificate, revoked or not.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    let config = Arc::new(config);
    Ok(TlsState { config, clients })
}

fn client_verifier(tls: &TlsConfig, revoked: &Arc<Revoked>) -> Result<PeerVerifier, Error> {
    let missing = |key| crate::config::value(key, "client_auth = \"required\" needs it");
    let ca = tls.client_ca.as_ref();
    let ca = ca.ok_or_else(|| missing("listener.tls.client_ca"))?;
    let trust_domain = tls.trust_domain.as_ref();
    let trust_domain = trust_domain.ok_or_else(|| missing("listener.tls.trust_domain"))?;
    let authorities = files::certificates(ca)?;
    let mut roots = RootCertStore::empty();
    for authority in &authorities {
        roots
            .add(authority.clone())
            .map_err(|error| Error::Tls(format!("{}: {error}", ca.display())))?;
    }
    let mut crls = Vec::new();
    for path in &tls.revocation_lists {
        crls.extend(lists::load(path, &authorities)?);
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider::provider())
            .with_crls(crls)
            .build()
            .map_err(|error| Error::Tls(error.to_string()))?;
    Ok(PeerVerifier::new(
        verifier,
        trust_domain.clone(),
        Arc::clone(revoked),
    ))
}
