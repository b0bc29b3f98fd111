//! Whatever comes in whatever order, everybody is found once, and nobody who was erased.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use proptest::prelude::*;
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::proposal::RotatedKey;
use symbolon_keyring::RegistrationId;

use super::{amend, decide, erase};
use crate::{
    core::Core,
    registration::{
        Ticket, Verdict,
        merge_tests::inspect,
        verdict_tests::{name, newest, registrars, say},
    },
    rotation::tests::{begin, reopened, step},
    testing::{Installation, portal, register_with},
};

#[derive(Clone, Copy, Debug)]
enum Event {
    /// Somebody registers with a passport.
    Person(u32),
    /// The same with a tax number alone: two records, say registrars.
    Twice(u32),
    /// Passport and tax number at once: one record, say registrars.
    Merge(u32),
    /// A new name.
    Amend(u32),
    /// The portal forgets them.
    Erase(u32),
    /// Officers erase all who wait.
    Decide,
    /// Another index or sealing key.
    Begin(bool),
    Step,
    Restart,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..5_u32).prop_map(Event::Person),
        4 => (0..5_u32).prop_map(Event::Twice),
        4 => (0..5_u32).prop_map(Event::Merge),
        2 => (0..5_u32).prop_map(Event::Amend),
        2 => (0..5_u32).prop_map(Event::Erase),
        1 => Just(Event::Decide),
        2 => any::<bool>().prop_map(Event::Begin),
        8 => Just(Event::Step),
        1 => Just(Event::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn in_any_order_of_a_life_s_events_and_rotations_the_living_are_found_once_and_the_erased_never(
        events in prop::collection::vec(any_event(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follow(events))?;
    }
}

/// What a record's registration ID is, and whether the portal has forgotten it.
#[derive(Clone, Copy)]
struct Known {
    id: RegistrationId,
    waits: bool,
}

/// Somebody as this test knows them.
struct Somebody {
    first: Known,
    second: Option<Known>,
    merged: bool,
    names: u32,
}

struct World {
    core: Core,
    installation: Installation,
    registrars: [SigningKey; 3],
    people: BTreeMap<u32, Somebody>,
    erased: Vec<RegistrationId>,
    decisions: u8,
}

async fn follow(events: Vec<Event>) -> Result<(), TestCaseError> {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let registrars = registrars();
    name(&core, &installation, &registrars.each_ref(), 255).await;
    let mut world = World {
        core,
        installation,
        registrars,
        people: BTreeMap::new(),
        erased: Vec::new(),
        decisions: 0,
    };
    for event in events {
        match event {
            Event::Person(number) => world.person(number).await?,
            Event::Twice(number) => world.twice(number).await,
            Event::Merge(number) => world.merge(number).await,
            Event::Amend(number) => world.amend(number).await,
            Event::Erase(number) => world.erase(number).await,
            Event::Decide => world.decide().await,
            Event::Begin(index) => world.begin(index).await,
            Event::Step => {
                step(&world.core).await;
            }
            Event::Restart => world.core = reopened(world.core, &world.installation).await,
        }
    }
    world.core.rotate().await.unwrap();
    world.check().await
}

/// What somebody shows, under the name that they had first.
fn shown(number: u32, document: bool, tax: bool) -> Vec<(&'static str, String)> {
    let letter = char::from(b'a' + u8::try_from(number).unwrap());
    let mut all = vec![
        ("name", format!("Anna {letter}")),
        ("birth_date", "1980-02-29".to_owned()),
    ];
    all.extend(document.then(|| ("document", format!("DOC{number}"))));
    all.extend(tax.then(|| ("tax", format!("{number}1122"))));
    all
}

fn borrowed<'a>(attributes: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let all = attributes.iter();
    all.map(|(name, value)| (*name, value.as_str())).collect()
}

impl World {
    async fn register(
        &self,
        attributes: &[(&'static str, String)],
    ) -> Result<RegistrationId, Ticket> {
        match register_with(&self.core, "main", &borrowed(attributes)).await {
            Ok(id) => Ok(id),
            Err(error) => Err(newest::<()>(&self.core, "main", Err(error)).await),
        }
    }

    async fn settle(&self, ticket: Ticket, verdict: Verdict) {
        for registrar in &self.registrars[..2] {
            say(&self.core, ticket, verdict, registrar).await.unwrap();
        }
    }

    async fn person(&mut self, number: u32) -> Result<(), TestCaseError> {
        let id = self.register(&shown(number, true, false)).await.unwrap();
        match self.people.get_mut(&number) {
            Some(somebody) => {
                prop_assert!(somebody.first.id == id);
                somebody.first.waits = false;
            }
            None => {
                prop_assert!(!self.erased.contains(&id));
                let first = Known { id, waits: false };
                let somebody = Somebody {
                    first,
                    second: None,
                    merged: false,
                    names: 0,
                };
                self.people.insert(number, somebody);
            }
        }
        Ok(())
    }

    async fn twice(&mut self, number: u32) {
        let alone = |somebody: &Somebody| {
            !somebody.first.waits && somebody.second.is_none() && !somebody.merged
        };
        if !self.people.get(&number).is_some_and(alone) {
            return;
        }
        // The younger record.
        self.installation.clock.fetch_add(1, Ordering::Relaxed);
        let by_tax = shown(number, false, true);
        let ticket = self.register(&by_tax).await.err().expect("a conflict");
        self.settle(ticket, Verdict::Different).await;
        let id = self.register(&by_tax).await.unwrap();
        if let Some(somebody) = self.people.get_mut(&number) {
            somebody.second = Some(Known { id, waits: false });
        }
    }

    async fn merge(&mut self, number: u32) {
        let both = |somebody: &Somebody| {
            let second = somebody.second.is_some_and(|second| !second.waits);
            second && !somebody.first.waits && !somebody.merged
        };
        if !self.people.get(&number).is_some_and(both) {
            return;
        }
        let ticket = self.register(&shown(number, true, true)).await;
        let ticket = ticket.err().expect("a conflict");
        self.settle(ticket, Verdict::Same).await;
        if let Some(somebody) = self.people.get_mut(&number) {
            somebody.merged = true;
        }
    }

    async fn amend(&mut self, number: u32) {
        let Some(somebody) = self.people.get_mut(&number) else {
            return;
        };
        if somebody.first.waits {
            return;
        }
        somebody.names += 1;
        let mut attributes = shown(number, true, false);
        let newer = "x".repeat(somebody.names as usize);
        attributes[0].1 = format!("{} {newer}", attributes[0].1);
        let attributes = borrowed(&attributes);
        let amended = amend(&self.core, "main", &somebody.first.id, &attributes).await;
        assert!(amended.unwrap() == somebody.first.id);
    }

    async fn erase(&mut self, number: u32) {
        let Some(somebody) = self.people.get_mut(&number) else {
            return;
        };
        if somebody.first.waits {
            return;
        }
        erase(&self.core, "main", &somebody.first.id).await.unwrap();
        somebody.first.waits = true;
        if let Some(second) = &mut somebody.second
            && !second.waits
        {
            if !somebody.merged {
                erase(&self.core, "main", &second.id).await.unwrap();
            }
            second.waits = true;
        }
    }

    async fn decide(&mut self) {
        self.decisions += 1;
        if self.core.erasures().await.unwrap().is_empty() {
            return;
        }
        decide(&self.installation, &self.core, self.decisions)
            .await
            .unwrap();
        for somebody in self.people.values_mut() {
            let apart = !somebody.merged || somebody.first.waits;
            if apart && let Some(second) = somebody.second.take_if(|second| second.waits) {
                self.erased.push(second.id);
            }
        }
        let gone = self
            .people
            .extract_if(.., |_, somebody| somebody.first.waits);
        self.erased
            .extend(gone.map(|(_, somebody)| somebody.first.id));
    }

    async fn begin(&mut self, index: bool) {
        if self.core.rotation().await.unwrap().is_none() {
            let key = match index {
                true => RotatedKey::Index,
                false => RotatedKey::Sealing,
            };
            begin(&self.core, key).await;
        }
    }

    async fn resolved(&self, id: RegistrationId) -> bool {
        let keys = self.core.keys().unwrap();
        let found = self.core.resolve(&keys, &portal("main"), &[id]).await;
        found.unwrap()[0].is_some()
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let found = inspect(&self.core).await;
        prop_assert!(found.is_sound(), "{found}");
        let records = self.people.values().map(|somebody| {
            let apart = somebody.second.is_some() && !somebody.merged;
            1 + u64::from(apart)
        });
        prop_assert_eq!(found.records, records.sum::<u64>());
        for id in &self.erased {
            prop_assert!(!self.resolved(*id).await);
        }
        for (number, somebody) in &self.people {
            prop_assert_eq!(
                self.resolved(somebody.first.id).await,
                !somebody.first.waits
            );
            let id = self.register(&shown(*number, true, false)).await.ok();
            prop_assert!(id == Some(somebody.first.id));
            if let Some(second) = somebody.second.filter(|second| !second.waits) {
                prop_assert!(self.resolved(second.id).await);
                let id = self.register(&shown(*number, false, true)).await.ok();
                let own = match somebody.merged {
                    true => somebody.first.id,
                    false => second.id,
                };
                prop_assert!(id == Some(own));
            }
        }
        self.core.store.close().await.unwrap();
        Ok(())
    }
}
