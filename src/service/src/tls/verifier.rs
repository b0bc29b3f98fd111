//! Verification of client certificates: webpki's, and then a name with a role.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::{peer::Peer, serial::Revoked};

/// Accepts who webpki accepts, who has a role and isn't revoked here; the rest fails in the
/// handshake.
#[derive(Debug)]
pub(super) struct PeerVerifier {
    webpki: Arc<dyn ClientCertVerifier>,
    trust_domain: String,
    revoked: Arc<Revoked>,
}

impl PeerVerifier {
    pub(super) fn new(
        webpki: Arc<dyn ClientCertVerifier>,
        trust_domain: String,
        revoked: Arc<Revoked>,
    ) -> Self {
        Self {
            webpki,
            trust_domain,
            revoked,
        }
    }

    /// Verifies a chain as it stands now and reads who it names.
    pub(super) fn peer(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<Peer, Error> {
        self.verify(leaf, intermediates, UnixTime::now())
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Peer, Error> {
        self.webpki.verify_client_cert(leaf, intermediates, now)?;
        let peer = Peer::from_certificate(leaf, &self.trust_domain).map_err(|problem| {
            tracing::debug!(%problem, "client certificate refused");
            Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
        })?;
        match self.revoked.holds(peer.serial()) {
            true => Err(Error::InvalidCertificate(CertificateError::Revoked)),
            false => Ok(peer),
        }
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify(leaf, intermediates, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
