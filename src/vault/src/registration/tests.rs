use std::sync::Arc;

use symbolon_keyring::RegistrationId;

use super::Ticket;

use crate::testing::{Installation, reason, register};

const ANNA: (&str, &str, Option<&str>) = ("Зоя Ёлкина", "1980-02-29", Some("AB 123456"));

async fn refused(
    core: &crate::core::Core,
    by: &str,
    person: (&str, &str, Option<&str>),
) -> &'static str {
    reason(register(core, by, person).await.err().expect("refused"))
}

#[tokio::test]
async fn the_same_person_in_any_spelling_has_one_id_per_portal() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let id = register(&core, "main", ANNA).await.unwrap();
    let respelled = (
        "  ЗОЯ  \u{415}\u{308}лкина ",
        "1980-02-29",
        Some("ab-１２３４５６"),
    );
    assert!(register(&core, "main", respelled).await.unwrap() == id);
    let elsewhere = register(&core, "small", ANNA).await.unwrap();
    assert!(elsewhere != id);
    assert!(register(&core, "small", respelled).await.unwrap() == elsewhere);
}

#[tokio::test]
async fn an_id_outlives_a_restart() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let id = register(&core, "main", ANNA).await.unwrap();
    core.store.close().await.unwrap();
    drop(core);
    let core = installation.open().await;
    assert!(register(&core, "main", ANNA).await.unwrap() == id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_simultaneous_requests_for_one_person_make_one_record() {
    let installation = Installation::new().await;
    let core = Arc::new(installation.open().await);
    let requests = (0..1000).map(|_| {
        let core = Arc::clone(&core);
        tokio::spawn(async move { register(&core, "main", ANNA).await.unwrap() })
    });
    let mut ids: Vec<RegistrationId> = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        ids.push(request.await.unwrap());
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
    let table = symbolon_store::KeyRange::table(crate::rows::Table::Record as u8);
    assert_eq!(core.store.scan(table, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_with_another_document_is_a_conflict_with_one_ticket() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    register(&core, "main", ANNA).await.unwrap();
    let other = (ANNA.0, ANNA.1, Some("CD 999999"));
    for _ in 0..2 {
        assert_eq!(refused(&core, "main", other).await, "IDENTITY_CONFLICT");
    }
    let tickets = core.conflicts_after(Ticket(0), 1000).await.unwrap();
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0].1.kind, "only-hints");
    let namesake = ("Другое Имя", ANNA.1, ANNA.2);
    assert_eq!(refused(&core, "main", namesake).await, "IDENTITY_CONFLICT");
    assert_eq!(
        core.conflicts_after(Ticket(0), 1000).await.unwrap()[1]
            .1
            .kind,
        "other-always"
    );
}

#[tokio::test]
async fn a_hint_alone_never_resolves_to_a_record() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    register(&core, "main", ANNA).await.unwrap();
    assert_eq!(
        refused(&core, "main", (ANNA.0, ANNA.1, None)).await,
        "IDENTITY_CONFLICT"
    );
}

#[tokio::test]
async fn a_budget_counts_distinct_people_and_outlives_a_restart() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let people = [("Ann", "AA1"), ("Ben", "AA2"), ("Cid", "AA3")];
    for (name, document) in people {
        for _ in 0..2 {
            register(&core, "small", (name, "1990-01-01", Some(document)))
                .await
                .unwrap();
        }
    }
    let fourth = ("Dan", "1990-01-01", Some("AA4"));
    assert_eq!(refused(&core, "small", fourth).await, "BUDGET_EXHAUSTED");
    register(&core, "main", fourth).await.unwrap();
    core.store.close().await.unwrap();
    drop(core);
    let core = installation.open().await;
    assert_eq!(refused(&core, "small", fourth).await, "BUDGET_EXHAUSTED");
    register(&core, "small", ("Ann", "1990-01-01", Some("AA1")))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_portal_that_is_not_configured_is_refused() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    assert_eq!(refused(&core, "stranger", ANNA).await, "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_sealed_vault_registers_nobody() {
    let installation = Installation::new().await;
    let core = installation.sealed().await;
    assert_eq!(refused(&core, "main", ANNA).await, "SEALED");
    core.unseal(&crate::testing::caller(), crate::testing::passphrase())
        .await
        .unwrap();
    register(&core, "main", ANNA).await.unwrap();
    core.seal(&crate::testing::caller()).await.unwrap();
    assert_eq!(refused(&core, "main", ANNA).await, "SEALED");
}

#[tokio::test]
async fn every_request_leaves_one_leaf_in_the_audit_log() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let size = || async { core.store.head().await.unwrap().audit_size() };
    let before = size().await;
    register(&core, "main", ANNA).await.unwrap();
    register(&core, "main", ANNA).await.unwrap();
    refused(&core, "main", (ANNA.0, ANNA.1, None)).await;
    assert_eq!(size().await, before + 3);
    let leaves = core.store.audit_leaves(before, 3).await.unwrap();
    let new_and_known: Vec<String> = leaves[..2]
        .iter()
        .map(|leaf| String::from_utf8(leaf.clone()).unwrap())
        .collect();
    let without_time = |leaf: &str| leaf.split_once(",\"caller\"").unwrap().1.to_owned();
    assert_eq!(
        without_time(&new_and_known[0]),
        without_time(&new_and_known[1])
    );
}

#[tokio::test]
async fn a_record_moved_to_another_row_does_not_open() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    register(&core, "main", ANNA).await.unwrap();
    register(&core, "main", ("Ben", "1990-01-01", Some("AA2")))
        .await
        .unwrap();
    let table = symbolon_store::KeyRange::table(crate::rows::Table::Record as u8);
    let rows = core.store.scan(table, 10).await.unwrap();
    let change = symbolon_store::Change::new()
        .put(rows[0].key.clone(), rows[1].value.bytes.clone())
        .put(rows[1].key.clone(), rows[0].value.bytes.clone());
    core.store.commit_one(change).await.unwrap();
    assert_eq!(refused(&core, "main", ANNA).await, "INTERNAL");
}

/// Exchanges what the rows of a table say, two by two: a disk in somebody else's hands.
async fn exchange(core: &crate::core::Core, table: crate::rows::Table) {
    let range = symbolon_store::KeyRange::table(table as u8);
    let rows = core.store.scan(range, 10).await.unwrap();
    assert!(rows.len() >= 2);
    let values = rows.iter().rev().map(|row| row.value.bytes.clone());
    let change = rows
        .iter()
        .zip(values)
        .fold(symbolon_store::Change::new(), |change, (row, value)| {
            change.put(row.key.clone(), value)
        });
    core.store.commit_one(change).await.unwrap();
}

#[tokio::test]
async fn an_index_row_that_leads_to_somebody_else_is_noticed() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ben = ("Ben", "1990-01-01", Some("AA2"));
    let anna = register(&core, "main", ANNA).await.unwrap();
    register(&core, "main", ben).await.unwrap();
    let table = symbolon_store::KeyRange::table(crate::rows::Table::Index as u8);
    let rows = core.store.scan(table, 10).await.unwrap();
    let change = |to: &[u8], other: &[u8]| {
        rows.iter()
            .fold(symbolon_store::Change::new(), |change, row| {
                let value = if row.value.bytes == to { other } else { to };
                change.put(row.key.clone(), value.to_vec())
            })
    };
    let one = rows[0].value.bytes.clone();
    let other = rows.iter().find(|row| row.value.bytes != one).unwrap();
    let other = other.value.bytes.clone();
    // Both rows of each person lead to the other one.
    core.store.commit_one(change(&one, &other)).await.unwrap();
    assert_eq!(refused(&core, "main", ANNA).await, "INTERNAL");
    assert_eq!(refused(&core, "small", ben).await, "INTERNAL");
    let back = rows
        .iter()
        .fold(symbolon_store::Change::new(), |change, row| {
            change.put(row.key.clone(), row.value.bytes.clone())
        });
    core.store.commit_one(back).await.unwrap();
    assert!(register(&core, "main", ANNA).await.unwrap() == anna);
}

#[tokio::test]
async fn a_registration_row_that_leads_to_somebody_else_is_noticed() {
    use crate::{electorates::ElectorateName, testing};
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register(&core, "main", ANNA).await.unwrap();
    register(&core, "main", ("Ben", "1990-01-01", Some("AA2")))
        .await
        .unwrap();
    let (name, main) = (
        ElectorateName::parse("north").unwrap(),
        testing::portal("main"),
    );
    let by = testing::caller();
    core.create_electorate(&by, &main, &name).await.unwrap();
    exchange(&core, crate::rows::Table::Registration).await;
    let added = core.add_to_electorate(&by, &main, &name, &[anna]).await;
    assert_eq!(reason(added.unwrap_err()), "INTERNAL");
    exchange(&core, crate::rows::Table::Registration).await;
    let added = core.add_to_electorate(&by, &main, &name, &[anna]).await;
    assert_eq!(added.unwrap().added, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_conflicts_each_get_a_ticket_of_their_own() {
    let installation = Installation::new().await;
    let core = Arc::new(installation.open().await);
    let person = |n: usize, document: &str| {
        let (name, document) = (
            format!("Ann {}", "x".repeat(n + 1)),
            format!("{document}{n}"),
        );
        let core = Arc::clone(&core);
        tokio::spawn(async move {
            let outcome = register(&core, "main", (&name, "1990-01-01", Some(&document))).await;
            outcome.map(drop).map_err(reason)
        })
    };
    for known in (0..200).map(|n| person(n, "AA")).collect::<Vec<_>>() {
        known.await.unwrap().unwrap();
    }
    for conflict in (0..200).map(|n| person(n, "BB")).collect::<Vec<_>>() {
        assert_eq!(conflict.await.unwrap(), Err("IDENTITY_CONFLICT"));
    }
    let tickets = core.conflicts_after(Ticket(0), 1000).await.unwrap();
    let numbers: Vec<u64> = tickets.iter().map(|(ticket, _)| ticket.0).collect();
    assert_eq!(numbers, Vec::from_iter(1..=200));
    core.store.close().await.unwrap();
    drop((tickets, core));
    let core = installation.open().await;
    let again = ("Ann x", "1990-01-01", Some("CC0000"));
    assert_eq!(refused(&core, "main", again).await, "IDENTITY_CONFLICT");
    assert_eq!(
        core.conflicts_after(Ticket(0), 1000).await.unwrap()[200]
            .0
            .0,
        201
    );
}
