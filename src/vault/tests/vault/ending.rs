//! The end of a vault: nothing acknowledged is lost, and nobody holds it up.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use symbolon_api_closed::registration::{RegisterPeopleRequest, register_people_response::Outcome};
use symbolon_api_public::validation::{
    WatchStatementsRequest, validation_client::ValidationClient,
};
use symbolon_service::{Reason, Refusal};
use symbolon_vault::{config::VaultConfig, run::Vault};
use tonic::codegen::tokio_stream;

use crate::house::{House, anybody, register};

#[tokio::test]
async fn what_was_acknowledged_outlives_a_stop_in_the_middle_of_a_stream() {
    let mut house = House::unsealed().await;
    let mut main = house.portal("main").await;
    let rows = (0..20_000).map(|at| RegisterPeopleRequest {
        correlation: at as u64,
        person: anybody(at % 200),
    });
    let answers = main.register_people(tokio_stream::iter(rows));
    let mut answers = answers.await.unwrap().into_inner();
    let mut ids = BTreeMap::new();
    let end = loop {
        match answers.message().await {
            Ok(Some(answer)) => {
                let Some(Outcome::RegistrationId(id)) = answer.outcome else {
                    panic!("refused")
                };
                ids.insert(usize::try_from(answer.correlation).unwrap() % 200, id);
                if ids.len() == 100 {
                    house.shutdown.trigger();
                }
            }
            Ok(None) => panic!("the stream ended as if it were complete"),
            Err(status) => break status,
        }
    };
    assert_eq!(Refusal::from(end).reason(), Reason::ShuttingDown);
    house.restart_after_trigger().await;
    let main = house.portal("main").await;
    for (at, id) in ids {
        assert!(register(&main, anybody(at)).await.unwrap() == id);
    }
}

#[tokio::test]
async fn a_gateway_that_watches_does_not_hold_up_the_end() {
    let mut house = House::unsealed().await;
    let mut gateway = ValidationClient::new(house.caller("gateway/main").await);
    let watching = gateway.watch_statements(WatchStatementsRequest { after: 0 });
    let mut watching = watching.await.unwrap().into_inner();
    let started = Instant::now();
    house.shutdown.trigger();
    let end = watching.message().await.unwrap_err();
    assert_eq!(Refusal::from(end).reason(), Reason::ShuttingDown);
    house.finished().await;
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_second_vault_on_the_same_store_is_refused_and_the_first_goes_on() {
    let house = House::unsealed().await;
    let config = VaultConfig::read(&house.path("vault.toml")).unwrap();
    let second = Vault::start(&config, &house.shutdown.clone(), |_| {}).await;
    let said = second.err().unwrap().to_string();
    assert!(said.contains("in use"), "{said}");
    let main = house.portal("main").await;
    register(&main, anybody(1)).await.unwrap();
}
