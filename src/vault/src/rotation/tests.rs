use std::collections::BTreeMap;

use proptest::prelude::*;
use symbolon_election::proposal::Action;
use symbolon_keyring::{KeyId, RegistrationId, keys::SealingKey};
use symbolon_store::KeyRange;

use super::*;
use crate::{
    life::tests::propose,
    registration::Ticket,
    rows::{Record, RecordId},
    testing::{Installation, NOW, caller, passphrase, reason, register},
};

/// Has a rotation begin that works all the time.
pub(crate) async fn begin(core: &Core, key: RotatedKey) {
    let rotation = Rotation::new(key, 100, NOW);
    let change = Change::new()
        .absent(Rotation::key())
        .put(Rotation::key(), encode(&rotation));
    core.try_commit(change).await.unwrap().unwrap();
}

/// One step of the rotation under way; false once there is none.
pub(crate) async fn step(core: &Core) -> bool {
    let Some((rotation, row)) = find(core.store.as_ref()).await.unwrap() else {
        return false;
    };
    let keys = core.keys().unwrap();
    core.step(&keys, &rotation, &row).await.unwrap();
    true
}

pub(crate) async fn reopened(core: Core, installation: &Installation) -> Core {
    core.store.close().await.unwrap();
    drop(core);
    installation.open().await
}

async fn person(core: &Core, portal: &str, number: u32) -> Result<RegistrationId, Error> {
    // Every third has the name and birth date of others, but a document of their own.
    let name = ["Ann", "Ben", "Eve"][number as usize % 3];
    let day = format!("19{:02}-01-{:02}", number / 28 % 100, 1 + number % 28);
    let document = format!("DOC{number}");
    register(core, portal, (name, &day, Some(&document))).await
}

/// How many of a portal's registration IDs lead to somebody.
async fn resolved(core: &Core, portal: &str, ids: &[RegistrationId]) -> usize {
    let (keys, portal) = (core.keys().unwrap(), portal.parse().unwrap());
    let found = core.resolve(&keys, &portal, ids).await.unwrap();
    found.iter().flatten().count()
}

/// How many rows of a table lie under an epoch of the index key.
async fn under(core: &Core, table: Table, epoch: u32) -> usize {
    let range = KeyRange::prefix(&table.key(&[&epoch.to_be_bytes()]));
    core.store.scan(range, 100_000).await.unwrap().len()
}

/// Under which keys the records are sealed.
async fn seals(core: &Core) -> BTreeMap<KeyId, usize> {
    let mut counts = BTreeMap::new();
    for row in core.store.scan(Table::Record.all(), 100_000).await.unwrap() {
        *counts
            .entry(SealingKey::key_of(&row.value.bytes).unwrap())
            .or_insert(0) += 1;
    }
    counts
}

#[tokio::test]
async fn after_an_index_rotation_everybody_has_the_same_id_and_nothing_lies_under_the_old_key() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let mut ids = Vec::new();
    for number in 0..150 {
        ids.push(person(&core, "main", number).await.unwrap());
    }
    let elsewhere = person(&core, "small", 0).await.unwrap();
    let conflict = ("Ann", "1900-01-01", Some("OTHER1"));
    let told = register(&core, "main", conflict).await.err().unwrap();
    assert_eq!(reason(told), "IDENTITY_CONFLICT");
    begin(&core, RotatedKey::Index).await;
    core.rotate().await.unwrap();
    assert_eq!(core.rotation().await.unwrap(), None);
    for table in [Table::Index, Table::Registration, Table::TicketByKeys] {
        assert_eq!(under(&core, table, 1).await, 0, "{}", table.name());
        assert!(under(&core, table, 2).await > 0, "{}", table.name());
    }
    let core = reopened(core, &installation).await;
    assert_eq!(resolved(&core, "main", &ids).await, ids.len());
    assert_eq!(resolved(&core, "small", &[elsewhere]).await, 1);
    for (number, id) in (0..).zip(&ids) {
        assert!(person(&core, "main", number).await.unwrap() == *id);
    }
    assert!(person(&core, "small", 0).await.unwrap() == elsewhere);
    let told = register(&core, "main", conflict).await.err().unwrap();
    assert_eq!(reason(told), "IDENTITY_CONFLICT");
    assert_eq!(core.conflicts_after(Ticket(0), 10).await.unwrap().len(), 1);
    let keys = core.keys().unwrap();
    let index: Vec<_> = keys
        .all()
        .filter(|key| key.purpose == Purpose::Index)
        .collect();
    let states: Vec<_> = index.iter().map(|key| key.state).collect();
    assert_eq!(states, [KeyState::Destroyed, KeyState::Active]);
}

#[tokio::test]
async fn after_a_sealing_rotation_an_old_copy_of_a_record_opens_no_more() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let mut ids = Vec::new();
    for number in 0..100 {
        ids.push(person(&core, "main", number).await.unwrap());
    }
    let copies = core.store.scan(Table::Record.all(), 1000).await.unwrap();
    let open = |core: &Core| {
        let keys = core.keys().unwrap();
        let opened = copies.iter().filter(|row| {
            let id = RecordId::from_value(Table::Record, row.key.name()).unwrap();
            Record::open(&id, &keys, &row.value.bytes).is_ok()
        });
        opened.count()
    };
    assert_eq!(open(&core), 100);
    let old_ring = std::fs::read(&installation.config.keys.ring).unwrap();
    begin(&core, RotatedKey::Sealing).await;
    core.rotate().await.unwrap();
    assert_eq!(open(&core), 0);
    let sealing = core.keys().unwrap().sealing().id();
    assert_eq!(seals(&core).await, BTreeMap::from([(sealing, 100)]));
    for (number, id) in (0..).zip(&ids) {
        assert!(person(&core, "main", number).await.unwrap() == *id);
    }
    // The ring of before opens with the ring secret of before only, and that is gone.
    core.store.close().await.unwrap();
    drop(core);
    std::fs::write(&installation.config.keys.ring, old_ring).unwrap();
    let core = installation.sealed().await;
    assert!(core.unseal(&caller(), passphrase()).await.is_err());
}

#[tokio::test]
async fn a_rotation_goes_on_where_the_process_ended() {
    for key in [RotatedKey::Index, RotatedKey::Sealing] {
        let installation = Installation::new().await;
        let mut core = installation.open().await;
        let mut ids = Vec::new();
        for number in 0..700 {
            ids.push(person(&core, "main", number).await.unwrap());
        }
        begin(&core, key).await;
        let mut steps = 0;
        while step(&core).await {
            steps += 1;
            core = reopened(core, &installation).await;
            let number = steps * 7 % 700;
            let id = person(&core, "main", number).await.unwrap();
            assert!(id == ids[number as usize]);
        }
        assert!(steps >= 6, "{steps}");
        for (number, id) in (0..).zip(&ids) {
            assert!(person(&core, "main", number).await.unwrap() == *id);
        }
        let of_it = core.keys().unwrap();
        let live = of_it
            .all()
            .filter(|info| info.purpose == purpose(key) && info.state.is_live());
        assert_eq!(live.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_enrols_while_a_key_rotates_is_found_afterwards() {
    for key in [RotatedKey::Index, RotatedKey::Sealing] {
        let installation = Installation::new().await;
        let core = std::sync::Arc::new(installation.open().await);
        for number in 0..150 {
            person(&core, "main", number).await.unwrap();
        }
        begin(&core, key).await;
        let enrolling = std::sync::Arc::clone(&core);
        let enrolling = tokio::spawn(async move {
            let mut ids = Vec::new();
            for number in 0..400 {
                ids.push(person(&enrolling, "main", number).await.unwrap());
            }
            ids
        });
        core.rotate().await.unwrap();
        let ids = enrolling.await.unwrap();
        core.rotate().await.unwrap();
        assert_eq!(resolved(&core, "main", &ids).await, ids.len());
        for (number, id) in (0..).zip(&ids) {
            assert!(person(&core, "main", number).await.unwrap() == *id);
        }
        let records = core.store.scan(Table::Record.all(), 1000).await.unwrap();
        assert_eq!(records.len(), 400);
        assert_eq!(
            under(&core, Table::Index, 1).await > 0,
            key == RotatedKey::Sealing
        );
        assert_eq!(seals(&core).await.len(), 1);
    }
}

#[tokio::test]
async fn one_officer_begins_no_rotation_and_nobody_a_second_one() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let rotate = |key| Action::RotateKey { key, share: 100 };
    let alone = &installation.officers[..1];
    propose(alone, &core, rotate(RotatedKey::Index), 1)
        .await
        .unwrap();
    assert!(core.rotation().await.unwrap().is_none());
    let enough = &installation.officers[..2];
    propose(enough, &core, rotate(RotatedKey::Index), 2)
        .await
        .unwrap();
    step(&core).await;
    let under_way = core.rotation().await.unwrap();
    for (nonce, key) in [(3, RotatedKey::Index), (4, RotatedKey::Sealing)] {
        let told = propose(enough, &core, rotate(key), nonce).await;
        assert_eq!(reason(told.err().unwrap()), "ROTATION_UNDER_WAY");
    }
    assert_eq!(core.rotation().await.unwrap(), under_way);
}

/// What may come in any order.
#[derive(Clone, Copy, Debug)]
enum Event {
    Person(u32),
    Begin(bool),
    Step,
    Restart,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..24_u32).prop_map(Event::Person),
        1 => any::<bool>().prop_map(Event::Begin),
        6 => Just(Event::Step),
        1 => Just(Event::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn in_any_order_of_enrolments_look_ups_and_steps_every_person_is_found_once(
        events in prop::collection::vec(any_event(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follow(events))?;
    }
}

async fn follow(events: Vec<Event>) -> Result<(), TestCaseError> {
    let installation = Installation::new().await;
    let mut core = installation.open().await;
    let mut ids: BTreeMap<u32, RegistrationId> = BTreeMap::new();
    for event in events {
        match event {
            Event::Person(number) => {
                let id = person(&core, "main", number).await.unwrap();
                let known = ids.entry(number).or_insert(id);
                prop_assert!(*known == id);
            }
            Event::Begin(index) if core.rotation().await.unwrap().is_none() => {
                let key = if index {
                    RotatedKey::Index
                } else {
                    RotatedKey::Sealing
                };
                begin(&core, key).await;
            }
            Event::Begin(_) => {}
            Event::Step => {
                step(&core).await;
            }
            Event::Restart => core = reopened(core, &installation).await,
        }
    }
    core.rotate().await.unwrap();
    let all: Vec<RegistrationId> = ids.values().copied().collect();
    prop_assert_eq!(resolved(&core, "main", &all).await, all.len());
    for (number, id) in &ids {
        prop_assert!(person(&core, "main", *number).await.unwrap() == *id);
    }
    let records = core.store.scan(Table::Record.all(), 1000).await.unwrap();
    prop_assert_eq!(records.len(), ids.len());
    core.store.close().await.unwrap();
    Ok(())
}
