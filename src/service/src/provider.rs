//! The one provider of cryptography for TLS, named explicitly everywhere: a default
//! of the process would depend on what else is linked in.

use std::sync::Arc;

use rustls::{SupportedProtocolVersion, crypto::CryptoProvider, version::TLS13};

/// TLS 1.3 only.
pub(crate) const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13];
/// The protocol of gRPC.
pub(crate) const ALPN_H2: &[u8] = b"h2";
/// The protocol of browsers and tools, where HTTP/JSON is served.
pub(crate) const ALPN_HTTP1: &[u8] = b"http/1.1";

/// ring.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
