//! Certificates and revocation lists that change while the server runs.

use std::{fs, time::Duration};

use symbolon_service::{Role, client};

use crate::{
    authority::{Authority, caller, uri},
    house::{House, RELOAD, check, soon},
};

#[tokio::test]
async fn a_revoked_caller_is_cut_off_and_stays_out() {
    let house = House::new();
    let revoked = house.authority.caller("portal/north", 7);
    let channel = house.channel(&revoked).await;
    let other = house.north().await;
    check(&channel, "").await.unwrap();
    check(&other, "").await.unwrap();
    assert_eq!(house.connections(), 2);
    house.revoke(&[7, 99]);
    assert!(soon(|| house.connections() == 1).await);
    check(&channel, "").await.unwrap_err();
    check(&other, "").await.unwrap();
}

#[tokio::test]
async fn a_call_under_way_of_a_revoked_caller_is_cut_off() {
    let house = House::new();
    let channel = house
        .channel(&house.authority.caller("portal/north", 7))
        .await;
    let call = tokio::spawn(async move { check(&channel, "sleep:8000").await });
    assert!(soon(|| house.connections() == 1).await);
    house.revoke(&[7]);
    let answer = tokio::time::timeout(Duration::from_secs(4), call).await;
    answer.unwrap().unwrap().unwrap_err();
}

#[tokio::test]
async fn a_connection_does_not_outlive_its_certificate() {
    let house = House::new();
    let mut params = caller(&[&uri("portal/brief")], 12);
    let soon_over = std::time::SystemTime::now() + Duration::from_secs(3);
    params.not_after = soon_over.into();
    let channel = house.channel(&house.authority.issue(&params)).await;
    check(&channel, "portal/brief").await.unwrap();
    assert!(soon(|| house.connections() == 0).await);
    check(&channel, "").await.unwrap_err();
}

#[tokio::test]
async fn a_wrong_list_keeps_the_old_one() {
    let house = House::new();
    let channel = house.north().await;
    let revoked = house.authority.caller("portal/north", 99);
    for wrong in [
        "".to_owned(),
        "nonsense".to_owned(),
        "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".to_owned(),
        house.authority.list(&[2])[..200].to_owned(),
        Authority::new("other").list(&[2]),
        // The right name, another key: must shut nobody out.
        Authority::new("city").list(&[2]),
    ] {
        fs::write(house.path("crl.pem"), wrong).unwrap();
        tokio::time::sleep(RELOAD * 3).await;
        check(&channel, "").await.unwrap();
        check(&house.north().await, "").await.unwrap();
        let refused = match client::connect(&house.profile(Some(&revoked))).await {
            Ok(channel) => check(&channel, "").await.is_err(),
            Err(_) => true,
        };
        assert!(refused);
    }
    house.revoke(&[2]);
    assert!(soon(|| house.connections() == 0).await);
}

#[tokio::test]
async fn a_renewed_server_certificate_is_taken_up() {
    let house = House::new();
    let before = house.north().await;
    let other = Authority::new("next");
    house.replace_server(&other.server(8));
    let ca = house.path("next.pem");
    fs::write(&ca, other.pem()).unwrap();
    let mut profile = house.profile(Some(&house.authority.caller("portal/south", 5)));
    profile.ca = Some(ca);
    let mut channel = client::connect(&profile).await;
    for _ in 0..20 {
        if channel.is_ok() {
            break;
        }
        tokio::time::sleep(RELOAD).await;
        channel = client::connect(&profile).await;
    }
    check(&channel.unwrap(), "portal/south").await.unwrap();
    check(&before, "").await.unwrap();
}

#[tokio::test]
async fn a_server_key_that_does_not_fit_keeps_the_old_one() {
    let house = House::new();
    let mut mixed = house.authority.server(8);
    mixed.key = house.authority.server(9).key;
    house.replace_server(&mixed);
    tokio::time::sleep(RELOAD * 3).await;
    check(&house.north().await, "").await.unwrap();
}

#[tokio::test]
async fn a_caller_can_be_cut_off_by_name() {
    let house = House::new();
    let channel = house.north().await;
    check(&channel, "").await.unwrap();
    let registry = house.running.as_ref().unwrap().registry().clone();
    let peer = registry.connections()[0].peer.clone();
    assert_eq!(peer.to_string(), "portal/north");
    assert_eq!(registry.close_peer(Role::Officer, "north"), 0);
    assert_eq!(registry.close_peer(Role::Portal, "north"), 1);
    assert!(soon(|| registry.is_empty()).await);
}

#[tokio::test]
async fn a_serial_revoked_here_is_cut_off_and_stays_out_until_it_is_restored() {
    let house = House::new();
    let north = house.authority.caller("portal/north", 7);
    let channel = house.channel(&north).await;
    check(&channel, "").await.unwrap();
    let other = house
        .channel(&house.authority.caller("portal/south", 8))
        .await;
    check(&other, "").await.unwrap();
    let registry = house.running.as_ref().unwrap().registry().clone();
    let connections = registry.connections();
    let mut peers = connections.iter().map(|connection| &connection.peer);
    let peer = peers.find(|peer| peer.to_string() == "portal/north");
    let serial = peer.unwrap().serial().clone();
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { check(&channel, "sleep:8000").await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(registry.revoke(&serial), 1);
    let answer = tokio::time::timeout(Duration::from_secs(4), call).await;
    answer.unwrap().unwrap().unwrap_err();
    assert!(soon(|| house.connections() == 1).await);
    check(&channel, "").await.unwrap_err();
    check(&other, "").await.unwrap();
    // The lists on disk say nothing of it, and reading them again changes nothing.
    house.revoke(&[99]);
    tokio::time::sleep(RELOAD * 3).await;
    check(&channel, "").await.unwrap_err();
    registry.restore(&serial);
    let again = house.channel(&north).await;
    check(&again, "portal/north").await.unwrap();
}
