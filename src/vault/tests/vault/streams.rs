//! Whole rolls over a stream.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use symbolon_api_closed::registration::{
    AddToElectorateRequest, CreateElectorateRequest, Person, RegisterPeopleRequest,
    electorates_client::ElectoratesClient, register_people_response::Outcome,
    registration_client::RegistrationClient,
};
use tonic::{codegen::tokio_stream, transport::Channel};

use crate::house::{House, anybody, person, register};

fn row(correlation: usize, person: Option<Person>) -> RegisterPeopleRequest {
    RegisterPeopleRequest {
        correlation: correlation as u64,
        person,
    }
}

/// The outcome of each row; every row has exactly one.
async fn stream(
    portal: &RegistrationClient<Channel>,
    rows: Vec<Option<Person>>,
) -> BTreeMap<usize, Outcome> {
    let count = rows.len();
    let rows: Vec<_> = rows
        .into_iter()
        .enumerate()
        .map(|(at, person)| row(at, person))
        .collect();
    let mut portal = portal.clone();
    let answers = portal.register_people(tokio_stream::iter(rows));
    let mut answers = answers.await.unwrap().into_inner();
    let mut outcomes = BTreeMap::new();
    while let Some(answer) = answers.message().await.unwrap() {
        let at = usize::try_from(answer.correlation).unwrap();
        assert!(outcomes.insert(at, answer.outcome.unwrap()).is_none());
    }
    assert_eq!(outcomes.len(), count);
    outcomes
}

fn id(outcome: &Outcome) -> &[u8] {
    match outcome {
        Outcome::RegistrationId(id) => id,
        Outcome::Refusal(refusal) => panic!("{}", refusal.reason),
    }
}

#[tokio::test]
async fn rows_that_depend_on_each_other_take_effect_in_their_order() {
    let house = House::unsealed().await;
    let main = house.portal("main").await;
    let mut rows = Vec::new();
    for n in 0..100 {
        let name = format!("Ann {}", "x".repeat(n + 1));
        let lower = name.to_lowercase();
        rows.push(person(&name, "1990-01-01", &format!("AA{n:04}")));
        rows.push(person(&name, "1990-01-01", &format!("BB{n:04}")));
        rows.push(person(&lower, "1990-01-01", &format!("aa {n:04}")));
        rows.push(person(&name, "1990-02-30", &format!("CC{n:04}")));
    }
    let outcomes = stream(&main, rows).await;
    for n in 0..100 {
        let of = |at: usize| &outcomes[&(4 * n + at)];
        assert_eq!(id(of(0)), id(of(2)), "{n}");
        let Outcome::Refusal(conflict) = of(1) else {
            panic!("row {} is no conflict", 4 * n + 1);
        };
        assert_eq!(conflict.reason, "IDENTITY_CONFLICT");
        assert!((1..=100).contains(&conflict.ticket));
        let Outcome::Refusal(wrong) = of(3) else {
            panic!("row {} has no such day", 4 * n + 3);
        };
        assert_eq!(
            (wrong.reason.as_str(), wrong.field.as_str()),
            ("INVALID_ATTRIBUTE", "birth_date")
        );
    }
}

#[tokio::test]
async fn a_stream_resumed_gives_the_same_ids() {
    let house = House::unsealed().await;
    let main = house.portal("main").await;
    let first = stream(&main, (0..150).map(anybody).collect()).await;
    let whole = stream(&main, (0..300).map(anybody).collect()).await;
    assert!(
        first
            .iter()
            .all(|(at, outcome)| id(outcome) == id(&whole[at]))
    );
}

/// Waits until nobody takes any more of what is counted.
async fn held_back(taken: &AtomicUsize) {
    let (mut before, mut quiet) = (0, 0);
    while quiet < 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = taken.load(Ordering::Relaxed);
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
}

#[tokio::test]
async fn who_takes_no_answers_is_held_back_and_keeps_nobody_waiting() {
    const ROWS: usize = 1_000_000;
    let house = House::unsealed().await;
    let (mut main, small) = (house.portal("main").await, house.portal("small").await);
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let rows = (0..ROWS).map(move |at| {
        counted.fetch_add(1, Ordering::Relaxed);
        // Refusals fill the windows soon; between them three people come again and again.
        let nobody = person("1", "1990-01-01", "");
        row(
            at,
            if at % 8 == 0 {
                anybody(at / 8 % 3)
            } else {
                nobody
            },
        )
    });
    let unread = main
        .register_people(tokio_stream::iter(rows))
        .await
        .unwrap();
    held_back(&taken).await;
    assert!(taken.load(Ordering::Relaxed) < ROWS / 10);
    let asked = tokio::time::timeout(Duration::from_secs(5), async {
        for n in 0..3 {
            register(&small, anybody(n)).await.unwrap();
        }
    });
    asked.await.unwrap();
    drop(unread);
}

#[tokio::test]
async fn people_are_added_to_an_electorate_by_their_ids() {
    let house = House::unsealed().await;
    let main = house.portal("main").await;
    let people = stream(&main, (0..10).map(anybody).collect()).await;
    let mut ids: Vec<Vec<u8>> = people
        .values()
        .map(|outcome| id(outcome).to_vec())
        .collect();
    ids.insert(3, vec![7; 32]);
    let mut electorates = ElectoratesClient::new(house.caller("portal/main").await);
    let electorate = || "north".to_owned();
    let create = CreateElectorateRequest {
        electorate: electorate(),
    };
    electorates.create_electorate(create).await.unwrap();
    let messages = [ids, vec![vec![1, 2, 3]]].into_iter().zip(1..);
    let messages: Vec<_> = messages
        .map(|(registration_ids, correlation)| AddToElectorateRequest {
            correlation,
            electorate: electorate(),
            registration_ids,
        })
        .collect();
    let answers = electorates.add_to_electorate(tokio_stream::iter(messages));
    let mut answers = answers.await.unwrap().into_inner();
    let first = answers.message().await.unwrap().unwrap();
    assert_eq!((first.added, first.unknown.as_slice()), (10, &[3][..]));
    let second = answers.message().await.unwrap().unwrap();
    assert_eq!(second.refusal.unwrap().field, "registrationIds");
    assert!(answers.message().await.unwrap().is_none());
}
