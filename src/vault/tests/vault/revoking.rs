//! One officer revokes a certificate, and whoever holds it is gone.

use std::fs;

use symbolon_api_closed::{
    admin::{
        GetSealStatusRequest, ListHaltsRequest, RevokeCertificateRequest, SealVaultRequest,
        halt::What, halts_client::HaltsClient, seal_client::SealClient,
    },
    registration::RegisterPeopleRequest,
};
use symbolon_service::{Peer, Reason, Refusal, files};
use tonic::{
    Status,
    codegen::tokio_stream::{self, StreamExt},
    transport::Channel,
};

use crate::house::{House, anybody, register};

fn serial(house: &House, name: &str) -> Vec<u8> {
    let chain = files::certificates(&house.path(&format!("{name}.pem"))).unwrap();
    let peer = Peer::from_certificate(&chain[0], "city.example").unwrap();
    peer.serial().as_bytes().to_vec()
}

async fn revoke(officer: &Channel, serial: Vec<u8>) -> Result<(), Status> {
    let mut halts = HaltsClient::new(officer.clone());
    let request = RevokeCertificateRequest { serial };
    halts.revoke_certificate(request).await.map(drop)
}

#[tokio::test]
async fn from_the_answer_on_a_revoked_certificate_registers_nobody() {
    let mut house = House::unsealed().await;
    let officer = house.caller("officer/one").await;
    let (main, other) = (house.portal("main").await, house.portal("small").await);
    let id = register(&main, anybody(1)).await.unwrap();
    // A stream that would go on for ever.
    let row = RegisterPeopleRequest {
        correlation: 1,
        person: anybody(1),
    };
    let rows = tokio_stream::iter([row]).chain(tokio_stream::pending());
    let answers = main.clone().register_people(rows).await;
    let mut answers = answers.unwrap().into_inner();
    answers.message().await.unwrap().unwrap();

    let revoked = serial(&house, "portal-main");
    // As some tools write it: with a zero in front.
    let written = [&[0], revoked.as_slice()].concat();
    revoke(&officer, written).await.unwrap();
    register(&main, anybody(2)).await.unwrap_err();
    answers.message().await.unwrap_err();
    register(&other, anybody(3)).await.unwrap();
    let halts = HaltsClient::new(officer.clone())
        .list_halts(ListHaltsRequest {})
        .await;
    let halts = halts.unwrap().into_inner().halts;
    assert_eq!(halts.len(), 1);
    assert_eq!(halts[0].what, Some(What::Certificate(revoked)));

    // A restarted vault takes it no more, sealed or not.
    house.restart().await;
    assert!(stranger(&house, "portal/main").await);
    let mut seal = SealClient::new(house.caller("officer/one").await);
    seal.seal_vault(SealVaultRequest {}).await.unwrap();
    assert!(stranger(&house, "portal/main").await);
    assert!(!stranger(&house, "portal/small").await);
    house.unseal().await;

    // A new certificate of the same name is another one.
    fs::remove_file(house.path("portal-main.pem")).unwrap();
    let renewed = house.portal("main").await;
    assert!(register(&renewed, anybody(1)).await.unwrap() == id);
}

/// Whether not even the seal's status is told to a caller.
async fn stranger(house: &House, who: &str) -> bool {
    let asked = match house.try_caller(who).await {
        Ok(channel) => {
            let mut seal = SealClient::new(channel);
            seal.get_seal_status(GetSealStatusRequest {}).await.is_ok()
        }
        Err(_) => false,
    };
    !asked
}

#[tokio::test]
async fn a_serial_number_of_no_bytes_or_too_many_is_refused() {
    let house = House::unsealed().await;
    let officer = house.caller("officer/one").await;
    for serial in [vec![], vec![0; 4], vec![1; 33]] {
        let refused = Refusal::from(revoke(&officer, serial).await.unwrap_err());
        assert_eq!(refused.reason(), Reason::InvalidArgument);
        assert_eq!(refused.field(), Some("serial"));
    }
    revoke(&officer, vec![1; 32]).await.unwrap();
}
