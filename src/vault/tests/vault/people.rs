//! People, one call each.

use std::time::Duration;

use symbolon_api_closed::registration::{
    CheckPersonRequest, GetSchemaRequest, RegisterPersonRequest,
};
use symbolon_service::Reason;

use crate::house::{House, anybody, logs, person, register};

#[tokio::test]
async fn a_person_has_one_id_in_any_spelling_and_another_at_another_portal() {
    let mut house = House::unsealed().await;
    let main = house.portal("main").await;
    let first = register(&main, person("José Nuñez", "1980-02-29", "AB 1234567"));
    let id = first.await.unwrap();
    assert_eq!(id.len(), 32);
    let again = person(
        "JOSE\u{301}  NUN\u{303}EZ",
        "1980-02-29",
        "ab-１２３４５６７",
    );
    assert!(register(&main, again.clone()).await.unwrap() == id);
    let small = house.portal("small").await;
    assert!(register(&small, again.clone()).await.unwrap() != id);
    house.restart().await;
    let main = house.portal("main").await;
    assert!(register(&main, again).await.unwrap() == id);
}

#[tokio::test]
async fn a_conflict_tells_the_number_of_its_ticket() {
    let house = House::unsealed().await;
    let main = house.portal("main").await;
    register(&main, person("Ann", "1980-02-29", "AA1111"))
        .await
        .unwrap();
    for _ in 0..2 {
        let other = person("Ann", "1980-02-29", "BB2222");
        let refused = register(&main, other).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::IdentityConflict);
        assert_eq!(refused.metadata("ticket"), Some("1"));
    }
    let third = person("Ben", "1980-02-29", "AA1111");
    let refused = register(&main, third).await.unwrap_err();
    assert_eq!(refused.metadata("ticket"), Some("2"));
}

#[tokio::test]
async fn a_wrong_attribute_is_named_and_its_value_never_told_nor_logged() {
    let house = House::unsealed().await;
    let main = house.portal("main").await;
    let planted = ["Plаntedname", "1987-02-31", "PLANTED\u{202e}123"];
    let wrong = [
        ("name", person(planted[0], "1987-02-03", "PLANTED9")),
        ("birth_date", person("Ann", planted[1], "PLANTED9")),
        ("document", person("Ann", "1987-02-03", planted[2])),
    ];
    for (field, person) in wrong {
        let refused = register(&main, person.clone()).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::InvalidAttribute);
        assert_eq!(refused.field(), Some(field));
        let told = format!("{refused:?}");
        assert!(!planted.iter().any(|value| told.contains(value)), "{told}");
        let mut portal = main.clone();
        let checked = portal.check_person(CheckPersonRequest { person });
        let problems = checked.await.unwrap().into_inner().problems;
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].field, field);
    }
    register(&main, person("Plantedgood", "1987-02-03", "PLANTED8"))
        .await
        .unwrap();
    let other = person("Plantedgood", "1987-02-03", "PLANTED7");
    register(&main, other).await.unwrap_err();
    for value in planted
        .iter()
        .copied()
        .chain(["Planted", "plantedgood", "1987-02", "PLANTED"])
    {
        assert!(!logs().contains(value), "{value}");
    }
    assert!(logs().contains("listening"));
}

#[tokio::test]
async fn checking_somebody_spends_no_budget_and_tells_nobody_apart() {
    let house = House::unsealed().await;
    let small = house.portal("small").await;
    for n in 0..10 {
        let request = CheckPersonRequest { person: anybody(n) };
        let answer = small.clone().check_person(request).await.unwrap();
        assert!(answer.into_inner().problems.is_empty());
    }
    for n in 0..3 {
        register(&small, anybody(n)).await.unwrap();
    }
    let refused = register(&small, anybody(3)).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::BudgetExhausted);
    assert!(logs().contains("the budget of distinct people is spent"));
}

#[tokio::test]
async fn whoever_hangs_up_pays_all_the_same() {
    let house = House::unsealed().await;
    let small = house.portal("small").await;
    for n in 0..40 {
        let request = RegisterPersonRequest { person: anybody(n) };
        let mut portal = small.clone();
        let call = portal.register_person(request);
        let patience = Duration::from_micros(300 * (n as u64 % 10));
        // Answered or not, both are well.
        let _ = tokio::time::timeout(patience, call).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut told = 0;
    for n in 0..40 {
        told += usize::from(register(&small, anybody(n)).await.is_ok());
    }
    assert!(told <= 3, "{told} people for a budget of 3");
}

#[tokio::test]
async fn the_schema_is_told_to_portals() {
    let house = House::unsealed().await;
    let mut main = house.portal("main").await;
    let schema = main.get_schema(GetSchemaRequest {}).await.unwrap();
    let schema = schema.into_inner();
    let names: Vec<_> = schema
        .attributes
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["name", "birth_date", "document"]);
    let rules: Vec<_> = schema
        .rules
        .iter()
        .map(|it| (it.name.as_str(), it.kind.as_str(), it.always))
        .collect();
    assert_eq!(
        rules,
        [("document", "unique", false), ("names", "hint", true)]
    );
}

#[tokio::test]
async fn a_portal_that_is_not_configured_registers_nobody() {
    let house = House::unsealed().await;
    let stranger = house.portal("stranger").await;
    let refused = register(&stranger, anybody(1)).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::PermissionDenied);
}
