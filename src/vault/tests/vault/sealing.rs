//! Officers unseal and seal.

use symbolon_api_closed::admin::{GetSealStatusRequest, SealVaultRequest, seal_client::SealClient};
use symbolon_service::{Reason, Refusal};
use tonic::transport::Channel;

use crate::house::{House, PASSPHRASE, anybody, logs, register, unseal};

async fn is_sealed(channel: &Channel) -> bool {
    let status = SealClient::new(channel.clone())
        .get_seal_status(GetSealStatusRequest {})
        .await;
    status.unwrap().into_inner().sealed
}

#[tokio::test]
async fn the_right_passphrase_unseals_and_a_wrong_one_does_not() {
    let house = House::new().await;
    let officer = house.caller("officer/one").await;
    let refused = Refusal::from(unseal(&officer, "planted wrong").await.unwrap_err());
    assert_eq!(refused.reason(), Reason::WrongPassphrase);
    assert_eq!(refused.field(), Some("passphrase"));
    assert!(is_sealed(&officer).await);
    unseal(&officer, PASSPHRASE).await.unwrap();
    assert!(!is_sealed(&officer).await);
    let again = Refusal::from(unseal(&officer, PASSPHRASE).await.unwrap_err());
    assert_eq!(again.reason(), Reason::NotSealed);
    assert!(!logs().contains("planted wrong") && !logs().contains(PASSPHRASE));
}

#[tokio::test]
async fn one_officer_seals_and_ids_outlive_it() {
    let house = House::unsealed().await;
    let (main, officer) = (
        house.portal("main").await,
        house.caller("officer/one").await,
    );
    let id = register(&main, anybody(1)).await.unwrap();
    let mut seal = SealClient::new(officer.clone());
    seal.seal_vault(SealVaultRequest {}).await.unwrap();
    assert!(is_sealed(&officer).await);
    let refused = register(&main, anybody(1)).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::Sealed);
    unseal(&officer, PASSPHRASE).await.unwrap();
    assert!(register(&main, anybody(1)).await.unwrap() == id);
}

#[tokio::test]
async fn many_officers_at_once_unseal_once() {
    let house = House::new().await;
    let officer = house.caller("officer/one").await;
    let tries = (0..8).map(|_| {
        let officer = officer.clone();
        tokio::spawn(async move { unseal(&officer, PASSPHRASE).await })
    });
    let mut unsealed = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(()) => unsealed += 1,
            Err(status) => assert_eq!(Refusal::from(status).reason(), Reason::NotSealed),
        }
    }
    assert_eq!(unsealed, 1);
    assert!(!is_sealed(&officer).await);
}
