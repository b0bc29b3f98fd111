//! Who gets in, and as whom.

use std::{sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};
use rustls::{ClientConfig, RootCertStore, version};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use symbolon_service::{client, config::ClientAuth};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_rustls::TlsConnector;
use tonic::Request;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    authority::{Authority, Identity, caller, uri},
    house::{House, Plan, check},
};

#[tokio::test]
async fn a_caller_gets_role_and_name_of_its_certificate() {
    let house = House::new();
    let channel = house.north().await;
    let status = check(&channel, "portal/north").await.unwrap();
    assert_eq!(status, ServingStatus::Serving);
    let status = check(&channel, "officer/north").await.unwrap();
    assert_eq!(status, ServingStatus::ServiceUnknown);
}

async fn is_refused(house: &House, identity: Option<&Identity>, what: &str) {
    let profile = house.profile(identity);
    let error = client::connect(&profile).await.expect_err(what);
    let text = error.to_string();
    assert!(text.contains("fatal alert"), "{what}: {text}");
    let answer = check(&client::connect_lazy(&profile).unwrap(), "").await;
    assert!(answer.is_err(), "{what}");
    assert_eq!(house.connections(), 0, "{what}");
}

#[tokio::test]
async fn callers_without_a_good_certificate_are_refused_in_the_handshake() {
    let house = House::new();
    let ours = |params: CertificateParams| house.authority.issue(&params);
    let with = |change: fn(&mut CertificateParams)| {
        let mut params = caller(&[&uri("portal/north")], 3);
        change(&mut params);
        ours(params)
    };
    is_refused(&house, None, "no certificate").await;
    let other = Authority::new("city").caller("portal/north", 3);
    is_refused(&house, Some(&other), "another authority of the same name").await;
    let trusted = house.authority.caller("portal/north", 2);
    let mut borrowed = house.authority.imitation("portal/north", 2);
    borrowed.chain.push_str(&trusted.chain);
    for (what, identity) in [
        (
            "serial and names of a good one, another key",
            house.authority.imitation("portal/north", 2),
        ),
        (
            "the same, from an authority of the same name",
            Authority::new("city").caller("portal/north", 2),
        ),
        ("the same, with the good one in its chain", borrowed),
        (
            "expired",
            with(|p| p.not_after = rcgen::date_time_ymd(2020, 1, 1)),
        ),
        (
            "not yet valid",
            with(|p| p.not_before = rcgen::date_time_ymd(4000, 1, 1)),
        ),
        ("revoked", house.authority.caller("portal/north", 99)),
        (
            "server usage only",
            with(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
        ),
        ("no usage", with(|p| p.extended_key_usages.clear())),
        (
            "an authority",
            with(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        ),
        (
            "role in the common name only",
            with(|p| p.subject_alt_names.clear()),
        ),
        (
            "two roles",
            ours(caller(&[&uri("portal/north"), &uri("officer/anna")], 3)),
        ),
        (
            "one role twice",
            ours(caller(&[&uri("portal/north"), &uri("portal/north")], 3)),
        ),
        ("issued by a caller", house.authority.caller_of_a_caller()),
        (
            "another trust domain",
            ours(caller(&["spiffe://other.example/portal/north"], 3)),
        ),
        ("wildcard", house.authority.caller("portal/*", 3)),
        ("role public", house.authority.caller("public/north", 3)),
        (
            "role in upper case",
            house.authority.caller("Portal/north", 3),
        ),
        (
            "role with a space",
            house.authority.caller("portal%20/north", 3),
        ),
    ] {
        is_refused(&house, Some(&identity), what).await;
    }
    check(&house.north().await, "").await.unwrap();
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused() {
    let house = House::new();
    let mut mixed = house.authority.caller("portal/north", 3);
    mixed.key = house.authority.caller("portal/north", 3).key;
    let error = client::connect(&house.profile(Some(&mixed)))
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("TLS"), "{error}");
}

#[tokio::test]
async fn a_server_of_another_authority_is_named() {
    let house = House::new();
    let mut profile = house.profile(Some(&house.authority.caller("portal/north", 2)));
    let ca = house.path("other.pem");
    std::fs::write(&ca, Authority::new("other").pem()).unwrap();
    profile.ca = Some(ca);
    let error = client::connect(&profile).await.unwrap_err();
    assert!(
        error.to_string().contains("no TLS connection to"),
        "{error}"
    );
}

#[tokio::test]
async fn a_role_in_metadata_is_ignored() {
    let house = House::new();
    let mut request = Request::new(HealthCheckRequest {
        service: "portal/north".into(),
    });
    for name in [
        "role",
        "x-role",
        "x-forwarded-client-cert",
        "x-symbolon-role",
    ] {
        let claim = "URI=spiffe://city.example/officer/anna".parse().unwrap();
        request.metadata_mut().insert(name, claim);
    }
    let mut client = HealthClient::new(house.north().await);
    let answer = client.check(request).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
}

#[tokio::test]
async fn without_client_certificates_everybody_is_public() {
    for tls in [true, false] {
        let house = House::with(Plan {
            tls,
            client_auth: ClientAuth::None,
            ..Plan::default()
        });
        let mut profile = house.profile(None);
        if !tls {
            profile.ca = None;
            profile.endpoint = format!("http://{}", house.address);
        }
        let channel = client::connect(&profile).await.unwrap();
        let status = check(&channel, "public/public").await.unwrap();
        assert_eq!(status, ServingStatus::Serving);
    }
}

fn rustls_client(
    house: &House,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    let identity = house.authority.caller("portal/north", 2);
    let mut roots = RootCertStore::empty();
    let ca = house.authority.pem();
    roots
        .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
        .unwrap();
    let chain = CertificateDer::pem_slice_iter(identity.chain.as_bytes());
    let chain: Result<Vec<_>, _> = chain.collect();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain.unwrap(), key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

async fn shake_hands(
    house: &House,
    connector: &TlsConnector,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(house.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, tcp).await
}

#[tokio::test]
async fn older_tls_is_refused() {
    let house = House::new();
    let old = rustls_client(&house, &[&version::TLS12]);
    shake_hands(&house, &old).await.unwrap_err();
    let new = rustls_client(&house, &[&version::TLS13]);
    shake_hands(&house, &new).await.unwrap();
}

#[tokio::test]
async fn no_session_is_resumed_past_the_certificate() {
    let house = House::new();
    let connector = rustls_client(&house, &[&version::TLS13]);
    for _ in 0..2 {
        let mut stream = shake_hands(&house, &connector).await.unwrap();
        // Tickets would come with the server's first bytes.
        let mut first = [0; 9];
        let read = stream.read_exact(&mut first);
        tokio::time::timeout(Duration::from_secs(5), read)
            .await
            .unwrap()
            .unwrap();
        let kind = stream.get_ref().1.handshake_kind();
        assert_eq!(kind, Some(rustls::HandshakeKind::Full));
    }
}
