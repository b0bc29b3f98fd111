//! The trial authority, as a whole.

use symbolon_service::client::Profile;
use x509_parser::prelude::*;

use crate::world::{World, mode};

#[test]
fn an_authority_issues_profiles_that_services_accept_and_revokes() {
    let world = World::new();
    world
        .line("pki init ca --trust-domain city.example")
        .fine()
        .says("trials");
    let issued = world
        .line("--json pki issue ca --role portal --name main --endpoint https://localhost:7443")
        .fine()
        .json();
    assert!(issued["serial"].as_str().unwrap().len() == 32);
    assert_eq!(mode(&world.path("ca/ca.key")), 0o600);
    assert_eq!(mode(&world.path("ca/portal-main.key")), 0o600);
    let profile = Profile::load(&world.path("ca/portal-main.toml")).unwrap();
    assert_eq!(
        profile.certificate.unwrap(),
        world.path("ca/portal-main.pem")
    );
    world
        .line("pki issue ca --role vault --name main --server --dns localhost --ip 127.0.0.1")
        .fine();
    world.line("pki revoke ca portal-main").fine();
    world
        .line("pki list ca")
        .fine()
        .says("revoked")
        .says("server");
    let pem = std::fs::read(world.path("ca/crl.pem")).unwrap();
    let der = parse_x509_pem(&pem).unwrap().1.contents;
    let (_, list) = CertificateRevocationList::from_der(&der).unwrap();
    assert_eq!(list.iter_revoked_certificates().count(), 1);
}

#[test]
fn a_key_is_not_overwritten_unless_renewal_is_asked_for() {
    let world = World::new();
    world.line("pki init ca").fine();
    world
        .line("pki init ca")
        .ends_with(2)
        .says("exists already");
    world.line("pki issue ca --role officer --name one").fine();
    world
        .line("pki issue ca --role officer --name one")
        .ends_with(2)
        .says("exists already");
    world
        .line("pki issue ca --role officer --name one --renew")
        .fine();
}

#[test]
fn names_that_would_leave_the_folder_are_refused() {
    let world = World::new();
    world.line("pki init ca").fine();
    world
        .line("pki issue ca --role officer --name ../x")
        .ends_with(2);
    world
        .line("pki issue ca --role king --name x")
        .ends_with(2)
        .says("registrar");
    world
        .line("pki issue ca --role vault --name x")
        .ends_with(2)
        .says("--server");
}
