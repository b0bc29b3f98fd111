//! Who is at the other end of a connection, read once from its certificate.

use std::{fmt, str::FromStr, sync::Arc};

use http::Extensions;
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::{Reason, Refusal, Serial, roles::Role};

/// The last part of `spiffe://domain/role/name`: 1 to 64 lower-case letters, digits,
/// `.`, `-` and `_`, beginning with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerName(String);

impl PeerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PeerName {
    type Err = PeerProblem;

    fn from_str(text: &str) -> Result<Self, PeerProblem> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let allowed = |b: u8| plain(b) || matches!(b, b'.' | b'-' | b'_');
        let starts = text.bytes().next().is_some_and(plain);
        match starts && text.len() <= 64 && text.bytes().all(allowed) {
            true => Ok(Self(text.to_owned())),
            false => Err(PeerProblem::Name),
        }
    }
}

/// Why a certificate, though of the right authority, names no caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerProblem {
    /// It doesn't parse.
    #[error("the certificate is malformed")]
    Malformed,
    /// It may issue others.
    #[error("the certificate is an authority's")]
    Authority,
    /// Its extended key usage isn't there or has no client authentication.
    #[error("the certificate isn't for client authentication")]
    Usage,
    /// It has no URI name, or several.
    #[error("the certificate must have exactly one URI name")]
    OneUri,
    /// The URI is of another form or another trust domain.
    #[error("the URI name isn't spiffe://<trust domain>/<role>/<name>")]
    Uri,
    /// No such role.
    #[error("the URI name has an unknown role")]
    Role,
    /// The name has other characters, or is too long.
    #[error("the URI name ends with an unusable name")]
    Name,
}

/// The caller of a request. Handlers find it among the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    role: Role,
    name: PeerName,
    serial: Serial,
    fingerprint: [u8; 32],
}

impl Peer {
    /// Anybody, on a listener that asks for no certificate.
    pub fn public() -> Self {
        Self {
            role: Role::Public,
            name: PeerName(Role::Public.as_str().to_owned()),
            serial: Serial::new(&[]),
            fingerprint: [0; 32],
        }
    }

    /// Reads a verified leaf certificate.
    pub fn from_certificate(
        leaf: &CertificateDer<'_>,
        trust_domain: &str,
    ) -> Result<Self, PeerProblem> {
        let (rest, certificate) =
            X509Certificate::from_der(leaf).map_err(|_| PeerProblem::Malformed)?;
        if !rest.is_empty() {
            return Err(PeerProblem::Malformed);
        }
        check_usage(&certificate)?;
        let (role, name) = parse_uri(only_uri(&certificate)?, trust_domain)?;
        Ok(Self {
            role,
            name,
            serial: Serial::new(certificate.raw_serial()),
            fingerprint: Sha256::digest(leaf.as_ref()).into(),
        })
    }

    /// The role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The name.
    pub fn name(&self) -> &PeerName {
        &self.name
    }

    /// The certificate's serial number; zero for the public.
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// SHA-256 of the certificate; zeros for the public.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// The caller of a request that came through a [`crate::server::Server`].
    pub fn of(extensions: &Extensions) -> Result<&Self, Refusal> {
        let peer = extensions.get::<Arc<Peer>>();
        peer.map(Arc::as_ref)
            .ok_or_else(|| Refusal::new(Reason::Unauthenticated))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.role, self.name)
    }
}

fn check_usage(certificate: &X509Certificate<'_>) -> Result<(), PeerProblem> {
    let constraints = certificate.basic_constraints();
    let constraints = constraints.map_err(|_| PeerProblem::Malformed)?;
    if constraints.is_some_and(|extension| extension.value.ca) {
        return Err(PeerProblem::Authority);
    }
    let usage = certificate.extended_key_usage();
    let usage = usage.map_err(|_| PeerProblem::Malformed)?;
    match usage.is_some_and(|extension| extension.value.client_auth) {
        true => Ok(()),
        false => Err(PeerProblem::Usage),
    }
}

fn only_uri<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, PeerProblem> {
    let names = certificate.subject_alternative_name();
    let names = names.map_err(|_| PeerProblem::Malformed)?;
    let names = names.ok_or(PeerProblem::OneUri)?;
    let mut uris = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
    match (uris.next(), uris.next()) {
        (Some(uri), None) => Ok(uri),
        _ => Err(PeerProblem::OneUri),
    }
}

/// Byte by byte: no case folding, no escapes, no empty segment.
fn parse_uri(uri: &str, trust_domain: &str) -> Result<(Role, PeerName), PeerProblem> {
    let path = uri
        .strip_prefix("spiffe://")
        .and_then(|rest| rest.strip_prefix(trust_domain))
        .and_then(|rest| rest.strip_prefix('/'))
        .ok_or(PeerProblem::Uri)?;
    let (role, name) = path.split_once('/').ok_or(PeerProblem::Uri)?;
    let role: Role = role.parse().map_err(|_| PeerProblem::Role)?;
    if role == Role::Public {
        return Err(PeerProblem::Role);
    }
    Ok((role, name.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(uri: &str) -> Result<(Role, String), PeerProblem> {
        parse_uri(uri, "city.example").map(|(role, name)| (role, name.to_string()))
    }

    #[test]
    fn a_role_and_a_name_are_read() {
        let read = parse("spiffe://city.example/portal/north-1");
        assert_eq!(read, Ok((Role::Portal, "north-1".into())));
    }

    #[test]
    fn variants_of_the_uri_are_refused() {
        use PeerProblem::{Name, Role, Uri};
        for (uri, problem) in [
            ("spiffe://city.example/Portal/a", Role),
            ("spiffe://city.example/portal /a", Role),
            ("spiffe://city.example/ portal/a", Role),
            ("spiffe://city.example/public/a", Role),
            ("spiffe://city.example/*/a", Role),
            ("spiffe://city.example//portal/a", Role),
            ("spiffe://city.example/%70ortal/a", Role),
            ("spiffe://city.example/portal/", Name),
            ("spiffe://city.example/portal/*", Name),
            ("spiffe://city.example/portal/A", Name),
            ("spiffe://city.example/portal/a b", Name),
            ("spiffe://city.example/portal/a/b", Name),
            ("spiffe://city.example/portal/..", Name),
            ("spiffe://city.example/portal/a?x", Name),
            ("spiffe://city.example/portal/a#x", Name),
            ("spiffe://city.example/portal/а", Name),
            ("spiffe://city.example/portal", Uri),
            ("spiffe://city.example", Uri),
            ("spiffe://City.example/portal/a", Uri),
            ("SPIFFE://city.example/portal/a", Uri),
            ("spiffe://city.example.org/portal/a", Uri),
            ("spiffe://other.example/portal/a", Uri),
            ("spiffe://city.example:1/portal/a", Uri),
            ("https://city.example/portal/a", Uri),
            ("", Uri),
        ] {
            assert_eq!(parse(uri), Err(problem), "{uri}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_parses_is_spelled_exactly_so(uri in "(spiffe://)?(city.example)?/?[a-z]{0,9}/?\\PC{0,9}") {
            if let Ok((role, name)) = parse(&uri) {
                assert_eq!(uri, format!("spiffe://city.example/{role}/{name}"));
            }
        }

        #[test]
        fn every_good_name_parses(name in "[a-z0-9][a-z0-9._-]{0,63}") {
            let read = parse(&format!("spiffe://city.example/officer/{name}"));
            assert_eq!(read, Ok((Role::Officer, name)));
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(0u8.., 0..300)) {
            let leaf = CertificateDer::from(bytes);
            assert!(Peer::from_certificate(&leaf, "city.example").is_err());
        }
    }

    #[test]
    fn bytes_that_are_no_certificate_are_refused() {
        let leaf = CertificateDer::from(vec![0x30, 0x03, 0x02, 0x01, 0x00]);
        let read = Peer::from_certificate(&leaf, "city.example");
        assert_eq!(read, Err(PeerProblem::Malformed));
    }
}
