use proptest::prelude::*;

use super::*;
use crate::schema::RuleId;

const SCHEMA: &str = r#"
    [[attributes]]
    name = "family_name"
    kind = "name"
    folds = ["yo-as-ye"]
    [[attributes]]
    name = "given_name"
    kind = "name"
    [[attributes]]
    name = "birth_date"
    kind = "date"
    [[attributes]]
    name = "passport"
    kind = "document"
    least = 6
    [[rules]]
    name = "person"
    attributes = ["family_name", "given_name", "birth_date"]
    kind = "hint"
    always = true
    [[rules]]
    name = "passport"
    attributes = ["passport"]
    kind = "unique"
    [[rules]]
    name = "person_2025"
    attributes = ["family_name", "given_name", "birth_date"]
    kind = "hint"
    outdated = true
    folds = { family_name = [] }
"#;

const ANNA: [(&str, &str); 3] = [
    ("family_name", "Фёдорова"),
    ("given_name", "Анна"),
    ("birth_date", "1990-02-28"),
];

fn schema() -> Schema {
    toml::from_str(SCHEMA).unwrap()
}

fn parse(attributes: &[(&str, &str)]) -> Result<CanonicalPerson, Vec<Problem>> {
    Person::parse(
        &schema(),
        attributes
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
    )
}

fn keys(attributes: &[(&str, &str)]) -> Vec<(RuleId, Vec<u8>)> {
    let keys = parse(attributes)
        .map_err(|problems| format!("{problems:?}"))
        .unwrap()
        .into_match_keys();
    keys.iter()
        .map(|key| (*key.rule(), key.expose().to_vec()))
        .collect()
}

fn problems(attributes: &[(&str, &str)]) -> Vec<(String, &'static str)> {
    let problems = parse(attributes).map(drop).unwrap_err();
    problems
        .iter()
        .map(|problem| (problem.field.clone(), problem.reason()))
        .collect()
}

#[test]
fn every_rule_whose_attributes_are_there_has_a_match_key() {
    assert_eq!(keys(&ANNA).len(), 2);
    let with_passport = [&ANNA[..], &[("passport", "45 № 123456")]].concat();
    let found = keys(&with_passport);
    let schema = schema();
    let ids: Vec<_> = schema.rules().iter().map(|rule| *rule.id()).collect();
    assert_eq!(found.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), ids);
    assert_eq!(
        found[1].1,
        b"symbolon/v1/match-key\0\0\0\x08document\0\0\0\x0845123456"
    );
}

#[test]
fn an_outdated_rule_makes_the_keys_that_it_made() {
    let folded = [("family_name", "Федорова"), ANNA[1], ANNA[2]];
    let (with, without) = (keys(&ANNA), keys(&folded));
    assert_eq!(with[0], without[0]);
    assert_ne!(with[1], without[1]);
}

#[test]
fn other_spellings_have_the_same_keys() {
    let other = [
        ("birth_date", "１９９００２２８"),
        ("given_name", " АННА "),
        ("family_name", "Фе\u{308}дорова"),
    ];
    assert_eq!(keys(&ANNA), keys(&other));
}

#[test]
fn lengths_keep_values_apart() {
    let one = [("family_name", "ab"), ("given_name", "c"), ANNA[2]];
    let two = [("family_name", "a"), ("given_name", "bc"), ANNA[2]];
    assert_ne!(keys(&one)[0].1, keys(&two)[0].1);
}

#[test]
fn absent_differs_from_empty() {
    let empty = [&ANNA[..], &[("passport", "")]].concat();
    assert_eq!(problems(&empty), [("passport".into(), "EMPTY")]);
}

#[test]
fn every_problem_is_named_at_once() {
    let found = problems(&[
        ("family_name", "Ивaнова"),
        ("birth_date", "1990-02-30"),
        ("passport", "AB-1"),
    ]);
    let expected = [
        ("family_name", "MIXED_SCRIPTS"),
        ("birth_date", "INVALID_DATE"),
        ("passport", "TOO_SHORT"),
        ("given_name", "MISSING"),
    ];
    assert_eq!(
        found,
        expected.map(|(field, reason)| (field.to_owned(), reason))
    );
}

#[test]
fn unknown_and_repeated_attributes_are_refused_without_their_names() {
    let found = problems(&[&ANNA[..], &[("Planted-Value", "x"), ("given_name", "Анна")]].concat());
    assert_eq!(
        found,
        [
            (String::new(), "UNKNOWN_ATTRIBUTE"),
            ("given_name".into(), "REPEATED")
        ]
    );
}

#[test]
fn a_person_is_bounded() {
    let long = "a".repeat(MAX_VALUE_BYTES);
    let huge: Vec<_> = ["family_name", "given_name", "birth_date", "passport", "x"]
        .map(|name| (name, long.as_str()))
        .into();
    assert_eq!(problems(&huge), [(String::new(), "TOO_LONG")]);
    let many = vec![("x", ""); 100];
    assert_eq!(problems(&many), [(String::new(), "TOO_LONG")]);
}

proptest! {
    #[test]
    fn problems_never_hold_a_value(value in "[^ -~]{0,3}PLANTED[^a-z]{0,4}") {
        for field in ["family_name", "given_name", "birth_date", "passport", "unknown"] {
            if let Err(problems) = parse(&[(field, &value)]) {
                let shown: String = problems.iter().map(|p| format!("{p:?} {}", p.description())).collect();
                prop_assert!(!shown.contains("PLANTED"));
            }
        }
    }
}
