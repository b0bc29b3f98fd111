//! Every method of the protocol, from every role.

use std::collections::BTreeSet;

use symbolon_service::{Reason, Refusal, Role, matrix, roles::Row};
use symbolon_vault::roles::{ServiceName, always};
use tonic::{Request, Status, codegen::tokio_stream::StreamExt, transport::Channel};

use crate::house::House;

pub(crate) const CALLERS: [&str; 6] = [
    "portal/main",
    "gateway/main",
    "organiser/main",
    "officer/one",
    "registrar/main",
    "auditor/main",
];

/// The methods of the protocol that vaults offer, from the descriptors.
pub(crate) fn methods() -> Vec<String> {
    let sets = [
        symbolon_api_closed::FILE_DESCRIPTOR_SET,
        symbolon_api_public::FILE_DESCRIPTOR_SET,
    ];
    let paths = sets
        .into_iter()
        .flat_map(|set| matrix::methods(set).unwrap().into_keys());
    paths
        .filter(|path| !path.starts_with("/symbolon.ballots.v1."))
        .collect()
}

fn rows() -> Vec<Row> {
    let services = ServiceName::ALL.into_iter();
    services
        .flat_map(ServiceName::rows)
        .chain(always())
        .collect()
}

pub(crate) fn admits(path: &str, caller: &str) -> bool {
    let role = caller.split('/').next().unwrap();
    let rows = rows();
    let row = rows.iter().find(|row| row.path() == path).unwrap();
    row.roles().iter().any(|listed| listed.as_str() == role)
}

/// Calls with one empty message, whatever the method's shape; the refusal, if it is one.
async fn call(channel: &Channel, path: &str) -> Option<Reason> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let messages = Request::new(tonic::codegen::tokio_stream::once(()));
    let answer = client.streaming(messages, path.parse().unwrap(), codec);
    let refused = |status: Status| Some(Refusal::from(status).reason());
    let mut answer = match answer.await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(status),
    };
    // A stream that watches says nothing at first.
    let next = tokio::time::timeout(std::time::Duration::from_millis(300), answer.next());
    match next.await {
        Ok(Some(Err(status))) => refused(status),
        _ => None,
    }
}

#[tokio::test]
async fn a_sealed_vault_answers_seal_status_unsealing_and_health_only() {
    let house = House::new().await;
    let mut answered = BTreeSet::new();
    for caller in CALLERS {
        let channel = house.caller(caller).await;
        for path in methods().iter().filter(|path| admits(path, caller)) {
            match call(&channel, path).await {
                Some(Reason::Sealed) => {}
                _ => drop(answered.insert(path.clone())),
            }
        }
    }
    let known = ["GetSealStatus", "Unseal", "CancelUnsealing"];
    let known = known.map(|name| format!("/symbolon.admin.v1.Seal/{name}"));
    assert_eq!(answered, BTreeSet::from(known));
    let portal = house.caller("portal/main").await;
    assert_eq!(call(&portal, "/grpc.health.v1.Health/Check").await, None);
}

#[tokio::test]
async fn only_the_listed_pairs_of_role_and_method_pass() {
    let house = House::unsealed().await;
    for caller in CALLERS {
        let channel = house.caller(caller).await;
        for path in methods() {
            // It would seal the vault.
            if path.ends_with("/SealVault") && admits(&path, caller) {
                continue;
            }
            let denied = call(&channel, &path).await == Some(Reason::PermissionDenied);
            assert_eq!(denied, !admits(&path, caller), "{caller} {path}");
        }
        for path in [
            "/symbolon.registration.v1.Registration/Nothing",
            "/symbolon.admin.v1.seal/Unseal",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/symbolon.ballots.v1.Ballots/CastBallot",
        ] {
            let refused = call(&channel, path).await;
            assert_eq!(refused, Some(Reason::UnknownMethod), "{caller} {path}");
        }
    }
}

#[test]
fn callers_of_every_role_but_the_public_are_tried() {
    let listed: BTreeSet<_> = rows()
        .iter()
        .flat_map(|row| row.roles().iter().map(|role: &Role| role.as_str()))
        .collect();
    let tried = CALLERS.map(|caller| caller.split('/').next().unwrap());
    assert_eq!(listed, BTreeSet::from(tried));
}
