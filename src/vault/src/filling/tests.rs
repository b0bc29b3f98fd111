use std::collections::BTreeSet;

use symbolon_crypto::random;

use super::*;
use crate::{
    elections::{
        Entitled,
        tests::{Device, draft, opened},
    },
    testing::{Installation, caller, portal, register_with},
};

/// More than one group of changes.
const COUNT: usize = 64 * ROWS + 3;

async fn filled(core: Core, count: usize) -> (Core, Vec<RegistrationId>) {
    let (filling, mut ids) = (Filling::of(core), Vec::new());
    filling
        .people(&portal("main"), count, random::os, |id| ids.push(id))
        .await
        .unwrap();
    (filling.core, ids)
}

#[tokio::test]
async fn filled_people_are_on_the_roll_and_each_gets_a_token() {
    let installation = Installation::new().await;
    let (core, ids) = filled(installation.open().await, COUNT).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let election = core.election(&id).await.unwrap();
    assert_eq!(core.roll(&election).unwrap().size() as usize, COUNT);
    let mut places = BTreeSet::new();
    for person in &ids {
        let device = Device::new(&core, &id).await;
        let token = device.issue(&core, person).await.unwrap();
        core.validate_token(&caller(), token.token(), token.signature())
            .await
            .unwrap();
        places.insert(token.roll_index().0);
    }
    assert_eq!(places.len(), COUNT);
}

#[tokio::test]
async fn filled_people_are_found_by_their_stretched_keys_as_registered_ones_are() {
    let installation = Installation::new().await;
    let (core, ids) = filled(installation.open().await, 3).await;
    let keys = core.keys().unwrap();
    let rows = core.store.scan(Table::Record.all(), 10).await.unwrap();
    let mut found = Vec::new();
    for row in rows {
        let id = RecordId::from_value(Table::Record, row.key.name()).unwrap();
        let record = Record::open(&id, &keys, &row.value.bytes).unwrap();
        assert_eq!(record.match_keys.len(), core.schema.rules().len());
        let queued = core.queue(&portal("main"), record.match_keys).unwrap();
        found.push(core.register(&caller(), queued).await.unwrap());
    }
    assert!(found.len() == 3 && found.iter().all(|id| ids.contains(id)));
}

#[tokio::test]
async fn a_filled_person_has_the_rows_and_the_leaf_of_a_registered_one() {
    let shape = async |core: &Core| {
        let tables = [Table::Record, Table::Index, Table::Registration];
        let mut lengths = Vec::new();
        for table in tables {
            let rows = core.store.scan(table.all(), 10).await.unwrap();
            let length =
                |row: symbolon_store::Row| (row.key.as_bytes().len(), row.value.bytes.len());
            lengths.push(rows.into_iter().map(length).collect::<Vec<_>>());
        }
        lengths
    };
    let (one, other) = (Installation::new().await, Installation::new().await);
    let registered = one.open().await;
    let anna = [
        ("name", "Anna"),
        ("birth_date", "1980-02-29"),
        ("document", "AB 123456"),
        ("tax", "11 222 333"),
    ];
    register_with(&registered, "main", &anna).await.unwrap();
    let (core, _) = filled(other.open().await, 1).await;
    assert_eq!(shape(&core).await, shape(&registered).await);
    let size = core.store.head().await.unwrap().audit_size();
    let leaf = core
        .store
        .audit_leaves(size - 1, 1)
        .await
        .unwrap()
        .remove(0);
    let leaf = String::from_utf8(leaf).unwrap();
    assert!(leaf.contains(r#""operation":"RegisterPerson","outcome":"filled","subject""#));
}
