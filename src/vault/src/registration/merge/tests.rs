use std::sync::Arc;

use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::{ElectionId, proposal::RotatedKey};
use symbolon_keyring::RegistrationId;

use super::*;
use crate::{
    elections::{
        Entitled,
        tests::{Device, draft, growing, opened, sign},
    },
    inspection::Inspection,
    registration::{
        Ticket, Verdict,
        verdict::tests::{name, newest, refused, registrars, say},
    },
    rotation::tests::{begin, step},
    testing::{Installation, caller, portal, register_with},
};

/// Anna, as her passport has it, as the tax office has it, and as both do.
pub(crate) const PASSPORT: &[(&str, &str)] = &[
    ("name", "Anna Muster"),
    ("birth_date", "1980-02-29"),
    ("document", "AB 123456"),
];
pub(crate) const TAX: &[(&str, &str)] = &[
    ("name", "Anna Muster"),
    ("birth_date", "1980-02-29"),
    ("tax", "11 222 333"),
];
pub(crate) const BOTH: &[(&str, &str)] = &[
    ("name", "Anna Muster"),
    ("birth_date", "1980-02-29"),
    ("document", "AB 123456"),
    ("tax", "11 222 333"),
];

/// A vault where Anna is known twice: by her passport, then by her tax number.
pub(crate) struct City {
    pub(crate) installation: Installation,
    pub(crate) core: Core,
    pub(crate) registrars: [SigningKey; 3],
    pub(crate) older: RegistrationId,
    pub(crate) younger: RegistrationId,
}

impl City {
    /// Where the portal `by` knows the younger.
    pub(crate) async fn new(by: &str) -> Self {
        let installation = Installation::new().await;
        let core = installation.open().await;
        let registrars = registrars();
        name(&core, &installation, &registrars.each_ref(), 1).await;
        let older = register_with(&core, "main", PASSPORT).await.unwrap();
        installation
            .clock
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let told = register_with(&core, by, TAX).await;
        let ticket = newest(&core, by, told).await;
        let mut city = Self {
            installation,
            core,
            registrars,
            older,
            younger: older,
        };
        city.settle(ticket, Verdict::Different).await.unwrap();
        city.younger = register_with(&city.core, by, TAX).await.unwrap();
        assert!(city.younger != older);
        city
    }

    /// Two registrars say the same.
    pub(crate) async fn settle(
        &self,
        ticket: Ticket,
        verdict: Verdict,
    ) -> Result<&'static str, Error> {
        say(&self.core, ticket, verdict, &self.registrars[0]).await?;
        let row = say(&self.core, ticket, verdict, &self.registrars[1]).await?;
        Ok(row.state())
    }

    /// Whoever shows passport and tax number at once.
    pub(crate) async fn ticket(&self) -> Ticket {
        let told = register_with(&self.core, "main", BOTH).await;
        newest(&self.core, "main", told).await
    }

    pub(crate) async fn merge(&self) -> Result<&'static str, Error> {
        let ticket = self.ticket().await;
        self.settle(ticket, Verdict::Same).await
    }

    pub(crate) async fn device(&self, election: &ElectionId) -> Device {
        Device::new(&self.core, election).await
    }

    pub(crate) async fn open(&self, draft: crate::elections::Draft) -> ElectionId {
        opened(&self.installation, &self.core, draft).await
    }

    pub(crate) async fn records(&self) -> usize {
        let records = self.core.store.scan(Table::Record.all(), 1000).await;
        records.unwrap().len()
    }

    async fn places(&self, election: &ElectionId) -> u32 {
        let election = self.core.election(election).await.unwrap();
        self.core.roll(&election).unwrap().size()
    }

    /// What `symbolon-vault check --records` finds.
    pub(crate) async fn check(&self) {
        let found = inspect(&self.core).await;
        assert!(found.is_sound(), "{found}");
    }
}

pub(crate) async fn inspect(core: &Core) -> Inspection {
    Inspection::with(&core.store, core.keys().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn all_that_led_to_two_records_leads_to_one_and_every_portal_keeps_its_id() {
    let city = City::new("small").await;
    assert_eq!(city.merge().await.unwrap(), "same");
    assert_eq!(city.records().await, 1);
    let core = &city.core;
    for (by, id) in [("main", city.older), ("small", city.younger)] {
        for attributes in [PASSPORT, TAX, BOTH] {
            let found = register_with(core, by, attributes).await.unwrap();
            assert!(found == id, "{by}");
        }
    }
    city.check().await;
}

#[tokio::test]
async fn a_portal_that_knew_both_is_given_the_older_id_and_both_resolve() {
    let city = City::new("main").await;
    city.merge().await.unwrap();
    let found = register_with(&city.core, "main", TAX).await.unwrap();
    assert!(found == city.older);
    let keys = city.core.keys().unwrap();
    let both = [city.older, city.younger];
    let found = city.core.resolve(&keys, &portal("main"), &both).await;
    let found: Vec<_> = found.unwrap().into_iter().flatten().collect();
    assert!(found[0].id == found[1].id);
    city.check().await;
}

#[tokio::test]
async fn of_two_places_the_one_without_a_token_is_dead() {
    for younger_has_it in [false, true] {
        let city = City::new("main").await;
        let election = city.open(draft(Entitled::Everybody)).await;
        assert_eq!(city.places(&election).await, 2);
        let (own, other) = match younger_has_it {
            true => (city.younger, city.older),
            false => (city.older, city.younger),
        };
        let device = city.device(&election).await;
        let token = device.issue(&city.core, &own).await.unwrap();
        assert_eq!(city.merge().await.unwrap(), "same");
        for id in [own, other] {
            let again = device.issue(&city.core, &id).await.unwrap();
            assert_eq!(again.voter_id(), token.voter_id());
            let second = city.device(&election).await;
            let told = second.issue(&city.core, &id).await;
            assert_eq!(refused(told), "PLACE_TAKEN");
            let core = &city.core;
            let told = core
                .participation(&caller(), &portal("main"), &id, &election)
                .await
                .unwrap();
            assert!(told.eligible && told.issued);
        }
    }
}

#[tokio::test]
async fn of_two_places_without_a_token_the_older_serves() {
    let city = City::new("main").await;
    let election = city.open(draft(Entitled::Everybody)).await;
    city.merge().await.unwrap();
    let device = city.device(&election).await;
    let token = device.issue(&city.core, &city.younger).await.unwrap();
    let again = device.issue(&city.core, &city.older).await.unwrap();
    assert_eq!(again.voter_id(), token.voter_id());
    let second = city.device(&election).await;
    for id in [city.older, city.younger] {
        let told = second.issue(&city.core, &id).await;
        assert_eq!(refused(told), "PLACE_TAKEN");
    }
}

#[tokio::test]
async fn a_merge_waits_while_both_hold_tokens_of_an_election_that_is_open() {
    let city = City::new("main").await;
    let election = city.open(draft(Entitled::Everybody)).await;
    for id in [&city.older, &city.younger] {
        let device = city.device(&election).await;
        device.issue(&city.core, id).await.unwrap();
    }
    let ticket = city.ticket().await;
    let told = city.settle(ticket, Verdict::Same).await;
    assert_eq!(refused(told), "MERGE_WAITS");
    assert_eq!(city.records().await, 2);
    let cancelled = symbolon_election::Entry::Cancelled(symbolon_election::Unverified {
        statement: symbolon_election::Cancelled { election },
        signatures: Vec::new(),
    });
    let officers: Vec<_> = city.installation.officers[..2].iter().collect();
    let cancelled = sign(&city.core, &cancelled.encode(), &officers);
    city.core
        .cancel_election(&caller(), &cancelled)
        .await
        .unwrap();
    assert_eq!(city.settle(ticket, Verdict::Same).await.unwrap(), "same");
    assert_eq!(city.records().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_that_ask_for_both_while_records_are_merged_get_one_place() {
    for _ in 0..8 {
        let city = Arc::new(City::new("main").await);
        let election = city.open(draft(Entitled::Everybody)).await;
        let ticket = city.ticket().await;
        let asking: Vec<_> = [city.older, city.younger, city.older, city.younger]
            .into_iter()
            .map(|id| {
                let city = Arc::clone(&city);
                tokio::spawn(async move {
                    let device = city.device(&election).await;
                    device.issue(&city.core, &id).await.ok()
                })
            })
            .collect();
        let merged = city.settle(ticket, Verdict::Same).await;
        let mut tokens = 0;
        for asked in asking {
            tokens += usize::from(asked.await.unwrap().is_some());
        }
        match merged {
            Ok(_) => assert_eq!(tokens, 1),
            // Both came before it.
            Err(error) => {
                assert_eq!(crate::testing::reason(error), "MERGE_WAITS");
                assert_eq!(tokens, 2);
            }
        }
    }
}

#[tokio::test]
async fn rolls_made_after_a_merge_hold_the_person_once() {
    let city = City::new("main").await;
    let early = city.open(growing()).await;
    // On the roll under the younger name alone.
    let name = ElectorateName::parse("tax-office").unwrap();
    let (core, by) = (&city.core, portal("main"));
    core.create_electorate(&caller(), &by, &name).await.unwrap();
    core.add_to_electorate(&caller(), &by, &name, &[city.younger])
        .await
        .unwrap();
    let mut entitled = growing();
    entitled.entitled = Entitled::Electorate("tax-office".to_owned());
    let younger_only = city.open(entitled).await;
    city.merge().await.unwrap();
    let (electorate, _) = core.electorate(&name).await.unwrap();
    assert_eq!(electorate.size, 1);
    let added = core
        .add_to_electorate(&caller(), &by, &name, &[city.older, city.younger])
        .await
        .unwrap();
    assert_eq!(added.added, 0);
    let later = city.open(draft(Entitled::Everybody)).await;
    assert_eq!(city.places(&later).await, 1);
    for election in [early, younger_only] {
        let told = core.draft_roll_addition(&caller(), &election).await;
        assert_eq!(refused(told), "BATCH_TOO_SMALL");
    }
    let device = city.device(&younger_only).await;
    device.issue(core, &city.older).await.unwrap();
}

#[tokio::test]
async fn whom_a_portal_suspended_under_either_name_is_suspended_once_merged() {
    let city = City::new("main").await;
    let (core, by) = (&city.core, portal("main"));
    core.suspend_person(&caller(), &by, &city.younger)
        .await
        .unwrap();
    let election = city.open(draft(Entitled::Everybody)).await;
    assert_eq!(city.places(&election).await, 1);
    city.merge().await.unwrap();
    let device = city.device(&election).await;
    for id in [city.older, city.younger] {
        assert_eq!(refused(device.issue(core, &id).await), "PERSON_SUSPENDED");
    }
    let later = city.open(draft(Entitled::Everybody)).await;
    assert_eq!(city.places(&later).await, 0);
    core.resume_person(&caller(), &by, &city.older)
        .await
        .unwrap();
    device.issue(core, &city.younger).await.unwrap();
}

#[tokio::test]
async fn two_values_of_what_never_changes_are_never_one_person() {
    let city = City::new("main").await;
    let other = [TAX[0], TAX[1], ("document", "XY 1"), ("tax", "99 999 999")];
    let told = register_with(&city.core, "main", &other).await;
    let ticket = newest(&city.core, "main", told).await;
    city.settle(ticket, Verdict::Different).await.unwrap();
    register_with(&city.core, "main", &other).await.unwrap();
    let mixed = [TAX[0], TAX[1], ("document", "XY 1"), TAX[2]];
    let told = register_with(&city.core, "main", &mixed).await;
    let ticket = newest(&city.core, "main", told).await;
    let told = say(&city.core, ticket, Verdict::Same, &city.registrars[0]).await;
    assert_eq!(refused(told), "VERDICT_IMPOSSIBLE");
    assert_eq!(city.records().await, 3);
}

#[tokio::test]
async fn two_registrars_who_find_two_people_leave_both_as_they_are() {
    let city = City::new("main").await;
    let ticket = city.ticket().await;
    let told = city.settle(ticket, Verdict::Different).await.unwrap();
    assert_eq!(told, "different");
    assert_eq!(city.records().await, 2);
    assert_eq!(city.ticket().await, ticket);
}

#[tokio::test]
async fn a_merge_before_within_and_after_a_rotation_finds_everybody_once() {
    for key in [RotatedKey::Index, RotatedKey::Sealing] {
        for before in 0..8 {
            let city = City::new("small").await;
            begin(&city.core, key).await;
            for _ in 0..before {
                step(&city.core).await;
            }
            assert_eq!(city.merge().await.unwrap(), "same");
            city.core.rotate().await.unwrap();
            assert_eq!(city.records().await, 1);
            for (by, id) in [("main", city.older), ("small", city.younger)] {
                let found = register_with(&city.core, by, BOTH).await.unwrap();
                assert!(found == id);
            }
            city.check().await;
        }
    }
}

#[tokio::test]
async fn a_merge_leaves_a_leaf_about_each_record() {
    let city = City::new("small").await;
    let before = city.core.store.head().await.unwrap().audit_size();
    city.merge().await.unwrap();
    let leaves = city.core.store.audit_leaves(before, 100).await.unwrap();
    let leaves = leaves.iter().map(|leaf| String::from_utf8_lossy(leaf));
    let leaves: Vec<_> = leaves.collect();
    for outcome in ["merged", "registered", "same"] {
        let told = format!(r#""operation":"SignVerdict","outcome":"{outcome}""#);
        let of_it = leaves.iter().filter(|leaf| leaf.contains(&told));
        assert_eq!(of_it.count(), 1, "{outcome}");
    }
}
