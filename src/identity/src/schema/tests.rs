use super::*;
use crate::error::Error;

const ATTRIBUTES: &str = r#"
    [[attributes]]
    name = "family_name"
    kind = "name"
    folds = ["yo-as-ye"]
    [[attributes]]
    name = "birth_date"
    kind = "date"
    [[attributes]]
    name = "passport"
    kind = "document"
    [[attributes]]
    name = "tax_number"
    kind = "digits"
"#;

const RULES: &str = r#"
    [[rules]]
    name = "person"
    attributes = ["family_name", "birth_date"]
    kind = "hint"
    always = true
    [[rules]]
    name = "passport"
    attributes = ["passport"]
    kind = "unique"
"#;

fn read(parts: &[&str]) -> Result<Schema, Error> {
    let config: SchemaConfig = toml::from_str(&parts.concat()).unwrap();
    Schema::try_from(config)
}

fn with_rule(rule: &str) -> Result<Schema, Error> {
    read(&[ATTRIBUTES, RULES, "[[rules]]\n", rule])
}

fn id(schema: &Schema, name: &str) -> RuleId {
    *schema
        .rules()
        .iter()
        .find(|rule| rule.name() == name)
        .unwrap()
        .id()
}

#[test]
fn a_schema_is_read() {
    let schema = read(&[ATTRIBUTES, RULES]).unwrap();
    assert_eq!(schema.always().name(), "person");
    assert_eq!(schema.always().kind(), RuleKind::Hint);
    let names: Vec<_> = schema.always().attributes(&schema).collect();
    assert_eq!(names, ["family_name", "birth_date"]);
    assert_eq!(schema.attributes()[2].length(), (3, 64));
    assert_eq!(
        schema.rule(&id(&schema, "passport")).unwrap().name(),
        "passport"
    );
}

#[test]
fn unknown_fields_are_refused() {
    for text in [
        "surprise = 1",
        "[[attributes]]\nname = \"x\"\nkind = \"text\"\nsecret = 1",
    ] {
        let text = [text, "\n", ATTRIBUTES, RULES].concat();
        assert!(toml::from_str::<Schema>(&text).is_err());
    }
}

#[test]
fn a_schema_reads_through_serde_with_its_error() {
    let error = toml::from_str::<Schema>(&[ATTRIBUTES, "rules = []\n"].concat()).unwrap_err();
    assert!(error.to_string().contains("missing") || error.to_string().contains("rules"));
}

#[test]
fn exactly_one_current_rule_is_always() {
    let second = "name = \"tax\"\nattributes = [\"tax_number\"]\nkind = \"unique\"\nalways = true";
    assert_eq!(with_rule(second), Err(Error::Always(2)));
    assert_eq!(
        read(&[ATTRIBUTES, &RULES.replace("always = true", "")]),
        Err(Error::Always(0))
    );
    assert!(with_rule(&[second, "\noutdated = true"].concat()).is_ok());
}

#[test]
fn rules_name_known_attributes_once() {
    let unknown = with_rule("name = \"r\"\nattributes = [\"shoe_size\"]\nkind = \"hint\"");
    assert!(matches!(unknown, Err(Error::UnknownAttribute { .. })));
    let twice =
        with_rule("name = \"r\"\nattributes = [\"passport\", \"passport\"]\nkind = \"hint\"");
    assert!(matches!(twice, Err(Error::AttributeTwiceInRule { .. })));
    let none = with_rule("name = \"r\"\nattributes = []\nkind = \"hint\"");
    assert!(matches!(none, Err(Error::NoAttributes(_))));
}

#[test]
fn names_are_distinct_and_plain() {
    let twice = with_rule("name = \"passport\"\nattributes = [\"tax_number\"]\nkind = \"unique\"");
    assert_eq!(twice, Err(Error::RuleTwice("passport".into())));
    let same = with_rule(
        "name = \"r\"\nattributes = [\"birth_date\", \"family_name\"]\nkind = \"unique\"",
    );
    assert!(matches!(same, Err(Error::SameRule(..))));
    let again = "[[attributes]]\nname = \"passport\"\nkind = \"text\"\n";
    assert_eq!(
        read(&[ATTRIBUTES, again, RULES]),
        Err(Error::AttributeTwice("passport".into()))
    );
    for bad in ["", "Name", "na me", "1st", "имя", &"a".repeat(65)] {
        let attribute = format!("[[attributes]]\nname = \"{bad}\"\nkind = \"text\"\n");
        assert!(matches!(
            read(&[ATTRIBUTES, &attribute, RULES]),
            Err(Error::BadName(_))
        ));
    }
}

#[test]
fn only_unique_current_rules_are_permanent() {
    let hint = "name = \"r\"\nattributes = [\"tax_number\"]\nkind = \"hint\"\npermanent = true";
    assert_eq!(with_rule(hint), Err(Error::PermanentHint("r".into())));
    let unique = hint.replace("hint", "unique");
    assert!(with_rule(&unique).unwrap().rules()[2].permanent());
    let outdated = [&unique, "\noutdated = true"].concat();
    assert_eq!(
        with_rule(&outdated),
        Err(Error::PermanentOutdated("r".into()))
    );
}

#[test]
fn lengths_and_folds_fit_the_kind() {
    let attribute = |rest: &str| {
        let text = format!("[[attributes]]\nname = \"x\"\n{rest}\n");
        read(&[ATTRIBUTES, &text, RULES])
    };
    assert!(attribute("kind = \"text\"\nleast = 2\nmost = 9").is_ok());
    for bad in [
        "kind = \"text\"\nleast = 9\nmost = 2",
        "kind = \"text\"\nleast = 0",
        "kind = \"date\"\nmost = 11",
    ] {
        assert!(matches!(attribute(bad), Err(Error::Bounds { .. })));
    }
    let fold = attribute("kind = \"digits\"\nfolds = [\"yo-as-ye\"]");
    assert!(matches!(fold, Err(Error::FoldOfKind { .. })));
}

#[test]
fn a_schema_is_bounded() {
    let attributes: String = (0..29)
        .map(|n| format!("[[attributes]]\nname = \"a{n}\"\nkind = \"text\"\n"))
        .collect();
    let found = read(&[ATTRIBUTES, &attributes, RULES]);
    assert_eq!(
        found,
        Err(Error::AttributeCount {
            found: 33,
            most: 32
        })
    );
    let rules: String = (0..7)
        .map(|n| format!("[[rules]]\nname = \"r{n}\"\nattributes = [\"a{n}\"]\nkind = \"hint\"\n"))
        .collect();
    let found = read(&[ATTRIBUTES, &attributes[..], RULES, &rules].map(|s| s));
    assert!(found.is_err());
    let few: String = (0..9)
        .map(|n| format!("[[attributes]]\nname = \"a{n}\"\nkind = \"text\"\n"))
        .collect();
    assert_eq!(
        read(&[ATTRIBUTES, &few, RULES, &rules]),
        Err(Error::RuleCount { found: 9, most: 8 })
    );
}

#[test]
fn unchanged_rules_keep_their_ids_when_the_schema_grows() {
    let before = read(&[ATTRIBUTES, RULES]).unwrap();
    let front = "[[attributes]]\nname = \"email\"\nkind = \"email\"\n";
    let rule = "[[rules]]\nname = \"email\"\nattributes = [\"email\"]\nkind = \"hint\"\n";
    let after = read(&[front, ATTRIBUTES, rule, RULES]).unwrap();
    for name in ["person", "passport"] {
        assert_eq!(id(&before, name), id(&after, name));
    }
}

#[test]
fn lengths_names_and_marks_are_not_part_of_an_id() {
    let before = read(&[ATTRIBUTES, RULES]).unwrap();
    let attributes = ATTRIBUTES.replace("\"document\"", "\"document\"\nleast = 6");
    let rules = RULES
        .replace("name = \"passport\"", "name = \"papers\"")
        .replace("\"unique\"", "\"unique\"\npermanent = true");
    let after = read(&[&attributes, &rules]).unwrap();
    assert_eq!(before.rules()[1].id(), after.rules()[1].id());
}

#[test]
fn whatever_shapes_match_keys_changes_the_id() {
    let base = read(&[ATTRIBUTES, RULES]).unwrap();
    let variants = [
        (
            ATTRIBUTES.replace("yo-as-ye", "dotless-i-as-i"),
            RULES.to_owned(),
        ),
        (
            ATTRIBUTES.replace("folds", "folds = []\n#"),
            RULES.to_owned(),
        ),
        (ATTRIBUTES.replace("\"name\"", "\"text\""), RULES.to_owned()),
        (
            ATTRIBUTES.to_owned(),
            RULES.replace("\"hint\"", "\"unique\""),
        ),
        (
            ATTRIBUTES.to_owned(),
            RULES.replace(
                "\"family_name\", \"birth_date\"",
                "\"birth_date\", \"family_name\"",
            ),
        ),
        (
            ATTRIBUTES.replace("family_name", "surname"),
            RULES.replace("family_name", "surname"),
        ),
    ];
    for (attributes, rules) in variants {
        let other = read(&[&attributes, &rules]).unwrap();
        assert_ne!(
            base.rules()[0].id(),
            other.rules()[0].id(),
            "{attributes}{rules}"
        );
    }
}

#[test]
fn an_outdated_rule_keeps_what_it_was_made_with() {
    let old = "name = \"person_2025\"\nattributes = [\"family_name\", \"birth_date\"]\nkind = \"hint\"\nalways = true\noutdated = true\n";
    let without_fold = ATTRIBUTES.replace("folds", "folds = []\n#");
    let before = id(&read(&[&without_fold, RULES]).unwrap(), "person");
    let schema = with_rule(&[old, "folds = { family_name = [] }"].concat()).unwrap();
    assert_eq!(id(&schema, "person_2025"), before);
    let older = with_rule(&[old, "canonicaliser = \"1/17.0.0\""].concat()).unwrap();
    assert_ne!(id(&older, "person_2025"), id(&older, "person"));
    assert!(matches!(with_rule(old), Err(Error::SameRule(..))));
    for bad in ["2/17.0.0", "17.0.0", "1/17", "1/x.0.0", "1/17.0.0.0", ""] {
        let schema = with_rule(&format!("{old}canonicaliser = \"{bad}\""));
        assert!(matches!(schema, Err(Error::UnknownCanonicaliser { .. })));
    }
    let current = with_rule(
        "name = \"r\"\nattributes = [\"tax_number\"]\nkind = \"hint\"\ncanonicaliser = \"1/18.0.0\"",
    );
    assert!(matches!(current, Err(Error::OptionsOfOutdated(_))));
}

#[test]
fn an_id_is_the_hash_that_the_documentation_gives() {
    let schema = read(&[ATTRIBUTES, RULES]).unwrap();
    let mut input = b"symbolon/v1/rule-id".to_vec();
    for field in [
        "1/18.0.0",
        "hint",
        "family_name",
        "name",
        "yo-as-ye",
        "birth_date",
        "date",
        "",
    ] {
        input.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
        input.extend(field.as_bytes());
    }
    let id = schema.always().id();
    assert_eq!(id.as_bytes(), &symbolon_crypto::digest::sha256(&input));
    assert_eq!(id.to_string().parse(), Ok(*id));
    assert!("00".parse::<RuleId>().is_err());
}
