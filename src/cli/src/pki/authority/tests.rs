use std::time::Duration;

use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::*;

use super::*;

const NOW: u64 = 1_795_300_000;

struct Trial {
    authority: Authority,
    dir: tempfile::TempDir,
}

fn trial() -> Trial {
    let dir = tempfile::tempdir().unwrap();
    let domain = "city.example".parse().unwrap();
    let authority = Authority::create(dir.path(), domain, NOW, &mut rand::rng()).unwrap();
    Trial { authority, dir }
}

fn order(role: &str, name: &str, hosts: Vec<SanType>) -> Order {
    Order {
        role: role.parse().unwrap(),
        name: name.parse().unwrap(),
        hosts,
        days: 30,
        renew: false,
    }
}

fn der(path: &Path) -> Vec<u8> {
    let pem = std::fs::read(path).unwrap();
    parse_x509_pem(&pem).unwrap().1.contents
}

fn verifies(ca: &Path, leaf: &Path, usage: KeyUsage) -> bool {
    let (ca, leaf) = (der(ca).into(), der(leaf).into());
    let anchor = anchor_from_trusted_cert(&ca).unwrap();
    let cert = EndEntityCert::try_from(&leaf).unwrap();
    let time = rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    cert.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &[anchor],
        &[],
        time,
        usage,
        None,
        None,
    )
    .is_ok()
}

#[test]
fn a_client_certificate_names_its_role_in_one_uri_and_serves_clients_only() {
    let mut t = trial();
    let files = t
        .authority
        .issue(&order("portal", "main", vec![]), NOW, &mut rand::rng())
        .unwrap();
    let der = der(&files.certificate);
    let (_, cert) = X509Certificate::from_der(&der).unwrap();
    let names = &cert
        .subject_alternative_name()
        .unwrap()
        .unwrap()
        .value
        .general_names;
    assert_eq!(
        names,
        &[GeneralName::URI("spiffe://city.example/portal/main")]
    );
    assert!(!cert.is_ca());
    let ca = t.authority.certificate_file();
    assert!(verifies(&ca, &files.certificate, KeyUsage::client_auth()));
    assert!(!verifies(&ca, &files.certificate, KeyUsage::server_auth()));
}

#[test]
fn a_server_certificate_serves_servers_only() {
    let mut t = trial();
    let hosts = vec![SanType::DnsName("localhost".try_into().unwrap())];
    let files = t
        .authority
        .issue(&order("vault", "main", hosts), NOW, &mut rand::rng())
        .unwrap();
    let ca = t.authority.certificate_file();
    assert!(verifies(&ca, &files.certificate, KeyUsage::server_auth()));
    assert!(!verifies(&ca, &files.certificate, KeyUsage::client_auth()));
}

#[test]
fn a_leaf_of_another_authority_does_not_verify() {
    let (ours, mut theirs) = (trial(), trial());
    let files = theirs
        .authority
        .issue(&order("portal", "main", vec![]), NOW, &mut rand::rng())
        .unwrap();
    assert!(!verifies(
        &ours.authority.certificate_file(),
        &files.certificate,
        KeyUsage::client_auth()
    ));
}

#[test]
fn revoked_serials_stand_in_a_list_signed_by_the_authority() {
    let mut t = trial();
    let mut rng = rand::rng();
    let first = t
        .authority
        .issue(&order("portal", "a", vec![]), NOW, &mut rng)
        .unwrap();
    t.authority
        .issue(&order("portal", "b", vec![]), NOW, &mut rng)
        .unwrap();
    t.authority.revoke("portal-a", NOW).unwrap();
    let pem = std::fs::read(t.authority.list_file()).unwrap();
    let list_der = parse_x509_pem(&pem).unwrap().1.contents;
    let (_, list) = CertificateRevocationList::from_der(&list_der).unwrap();
    let serials: Vec<_> = list
        .iter_revoked_certificates()
        .map(|c| hex::encode(c.raw_serial()))
        .collect();
    assert_eq!(serials, [first.issued.serial]);
    let ca_der = der(&t.authority.certificate_file());
    let (_, ca) = X509Certificate::from_der(&ca_der).unwrap();
    list.verify_signature(ca.public_key()).unwrap();
}

#[test]
fn what_was_revoked_before_stays_revoked_and_serials_differ() {
    let mut t = trial();
    let mut rng = rand::rng();
    t.authority
        .issue(&order("portal", "a", vec![]), NOW, &mut rng)
        .unwrap();
    t.authority.revoke("portal-a", NOW).unwrap();
    let dir = t.dir.path().to_owned();
    drop(t.authority);
    let mut again = Authority::open(&dir).unwrap();
    let renewed = Order {
        renew: true,
        ..order("portal", "a", vec![])
    };
    again.issue(&renewed, NOW, &mut rng).unwrap();
    let register = again.register();
    assert_ne!(
        register.certificates[0].serial,
        register.certificates[1].serial
    );
    assert!(register.certificates[0].revoked.is_some());
    assert!(register.certificates[1].revoked.is_none());
}

#[test]
fn a_second_authority_does_not_overwrite_the_first() {
    let t = trial();
    let domain = "city.example".parse().unwrap();
    assert!(Authority::create(t.dir.path(), domain, NOW, &mut rand::rng()).is_err());
}

#[test]
fn a_vault_gets_no_client_certificate() {
    let mut t = trial();
    assert!(
        t.authority
            .issue(&order("vault", "main", vec![]), NOW, &mut rand::rng())
            .is_err()
    );
}

#[cfg(unix)]
#[test]
fn keys_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mut t = trial();
    let files = t
        .authority
        .issue(&order("officer", "one", vec![]), NOW, &mut rand::rng())
        .unwrap();
    for key in [files.key, t.dir.path().join("ca.key")] {
        assert_eq!(
            std::fs::metadata(key).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
