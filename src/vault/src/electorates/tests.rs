use symbolon_keyring::RegistrationId;

use super::*;
use crate::testing::{Installation, caller, portal, reason, register};

async fn people(core: &Core, names: &[&str]) -> Vec<RegistrationId> {
    let mut ids = Vec::new();
    for name in names {
        let document = format!("DOC{}", hex::encode(name));
        ids.push(
            register(core, "main", (name, "1990-01-01", Some(&document)))
                .await
                .unwrap(),
        );
    }
    ids
}

#[tokio::test]
async fn people_are_added_once_and_unknown_ids_named_by_position() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let (name, main) = (ElectorateName::parse("north").unwrap(), portal("main"));
    let mut ids = people(&core, &["Ann", "Ben"]).await;
    ids.insert(1, RegistrationId::new([9; 32]));
    core.create_electorate(&caller(), &main, &name)
        .await
        .unwrap();
    core.create_electorate(&caller(), &main, &name)
        .await
        .unwrap();
    let added = core
        .add_to_electorate(&caller(), &main, &name, &ids)
        .await
        .unwrap();
    assert_eq!(
        added,
        Added {
            added: 2,
            unknown: vec![1]
        }
    );
    let again = core
        .add_to_electorate(&caller(), &main, &name, &ids)
        .await
        .unwrap();
    assert_eq!(
        again,
        Added {
            added: 0,
            unknown: vec![1]
        }
    );
    assert_eq!(core.electorates_after("", 9).await.unwrap()[0].1.size, 2);
}

#[tokio::test]
async fn an_electorate_belongs_to_its_portal() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let name = ElectorateName::parse("north").unwrap();
    core.create_electorate(&caller(), &portal("main"), &name)
        .await
        .unwrap();
    let taken = core
        .create_electorate(&caller(), &portal("small"), &name)
        .await;
    assert_eq!(reason(taken.unwrap_err()), "ELECTORATE_EXISTS");
    let foreign = core
        .add_to_electorate(&caller(), &portal("small"), &name, &[])
        .await;
    assert_eq!(reason(foreign.unwrap_err()), "PERMISSION_DENIED");
    let missing = ElectorateName::parse("south").unwrap();
    let missing = core
        .add_to_electorate(&caller(), &portal("main"), &missing, &[])
        .await;
    assert_eq!(reason(missing.unwrap_err()), "UNKNOWN_ELECTORATE");
}

#[test]
fn a_name_is_plain() {
    for name in ["", "North", "a b", "ä", &"a".repeat(65)] {
        assert!(ElectorateName::parse(name).is_err(), "{name}");
    }
}
