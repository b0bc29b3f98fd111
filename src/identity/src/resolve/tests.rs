use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::schema::Schema;

const SCHEMA: &str = r#"
    [[attributes]]
    name = "name"
    kind = "name"
    [[attributes]]
    name = "passport"
    kind = "document"
    [[attributes]]
    name = "tax"
    kind = "digits"
    [[attributes]]
    name = "email"
    kind = "email"
    [[rules]]
    name = "person"
    attributes = ["name"]
    kind = "hint"
    always = true
    [[rules]]
    name = "passport"
    attributes = ["passport"]
    kind = "unique"
    [[rules]]
    name = "tax"
    attributes = ["tax"]
    kind = "unique"
    permanent = true
    [[rules]]
    name = "email"
    attributes = ["name", "email"]
    kind = "hint"
    [[rules]]
    name = "old_person"
    attributes = ["name"]
    kind = "hint"
    always = true
    outdated = true
    canonicaliser = "1/17.0.0"
"#;

const PERSON: usize = 0;
const PASSPORT: usize = 1;
const TAX: usize = 2;
const EMAIL: usize = 3;
const OLD_PERSON: usize = 4;

fn schema() -> Schema {
    toml::from_str(SCHEMA).unwrap()
}

/// `found`: rule and records; `holding`: records that hold some key of `tax`.
fn decide(found: &[(usize, &[u8])], holding: &[u8]) -> Decision<u8> {
    let schema = schema();
    let findings: Vec<_> = found
        .iter()
        .map(|(rule, records)| Finding {
            rule: &schema.rules()[*rule],
            records: records.to_vec(),
        })
        .collect();
    resolve(&findings, |record, rule| {
        assert_eq!(rule, schema.rules()[TAX].id());
        holding.contains(&record)
    })
}

fn conflict(found: &[(usize, &[u8])], holding: &[u8]) -> (ConflictKind, Vec<u8>) {
    match decide(found, holding) {
        Decision::Conflict(conflict) => (conflict.kind, conflict.records),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_found_is_a_new_person() {
    assert_eq!(
        decide(&[(PERSON, &[]), (PASSPORT, &[])], &[]),
        Decision::New
    );
}

#[test]
fn a_document_with_its_name_is_that_person() {
    let known = Decision::Known {
        record: 1,
        attach: vec![],
    };
    assert_eq!(decide(&[(PERSON, &[1]), (PASSPORT, &[1])], &[]), known);
}

#[test]
fn a_new_document_beside_a_known_one_is_attached() {
    let known = Decision::Known {
        record: 1,
        attach: vec![1, 3],
    };
    assert_eq!(
        decide(
            &[(PERSON, &[1]), (PASSPORT, &[]), (TAX, &[1]), (EMAIL, &[])],
            &[1]
        ),
        known
    );
}

#[test]
fn a_hint_never_resolves_to_a_record() {
    assert_eq!(
        conflict(&[(PERSON, &[1])], &[]),
        (ConflictKind::OnlyHints, vec![1])
    );
    assert_eq!(
        conflict(&[(PERSON, &[1]), (PASSPORT, &[])], &[]),
        (ConflictKind::OnlyHints, vec![1])
    );
    assert_eq!(
        conflict(&[(PERSON, &[]), (EMAIL, &[2])], &[]),
        (ConflictKind::OnlyHints, vec![2])
    );
    assert_eq!(
        conflict(&[(PERSON, &[1, 2])], &[]),
        (ConflictKind::OnlyHints, vec![1, 2])
    );
}

#[test]
fn a_number_with_another_name_is_a_conflict() {
    assert_eq!(
        conflict(&[(PERSON, &[]), (TAX, &[1])], &[1]),
        (ConflictKind::OtherAlways, vec![1])
    );
    assert_eq!(
        conflict(&[(PERSON, &[2]), (PASSPORT, &[1])], &[]),
        (ConflictKind::OtherAlways, vec![1])
    );
    let by_other_hint = [(PERSON, &[][..]), (PASSPORT, &[1]), (EMAIL, &[1])];
    assert_eq!(
        conflict(&by_other_hint, &[]),
        (ConflictKind::OtherAlways, vec![1])
    );
}

#[test]
fn documents_of_two_people_are_a_conflict() {
    let found = [(PERSON, &[1][..]), (PASSPORT, &[1]), (TAX, &[2])];
    assert_eq!(
        conflict(&found, &[2]),
        (ConflictKind::SeveralRecords, vec![1, 2])
    );
}

#[test]
fn first_a_passport_then_a_tax_number_only_is_a_conflict() {
    assert_eq!(
        conflict(&[(PERSON, &[1]), (TAX, &[])], &[]),
        (ConflictKind::OnlyHints, vec![1])
    );
}

#[test]
fn two_values_of_a_permanent_attribute_are_two_people() {
    assert_eq!(decide(&[(PERSON, &[1]), (TAX, &[])], &[1]), Decision::New);
    assert_eq!(
        decide(&[(PERSON, &[1, 2]), (PASSPORT, &[]), (TAX, &[])], &[1, 2]),
        Decision::New
    );
    let one_without = conflict(&[(PERSON, &[1, 2]), (TAX, &[])], &[1]);
    assert_eq!(one_without, (ConflictKind::OnlyHints, vec![2]));
    let same_passport = conflict(&[(PERSON, &[1]), (PASSPORT, &[1]), (TAX, &[])], &[1]);
    assert_eq!(same_passport, (ConflictKind::OtherPermanent, vec![1]));
}

#[test]
fn after_a_verdict_each_namesake_is_found_by_their_own_document() {
    let known = Decision::Known {
        record: 2,
        attach: vec![],
    };
    assert_eq!(decide(&[(PERSON, &[1, 2]), (PASSPORT, &[2])], &[]), known);
}

#[test]
fn records_of_an_outdated_always_rule_are_known_and_get_the_current_key() {
    let found = [(PERSON, &[][..]), (PASSPORT, &[1]), (OLD_PERSON, &[1])];
    assert_eq!(
        decide(&found, &[]),
        Decision::Known {
            record: 1,
            attach: vec![0]
        }
    );
    let other = [(PERSON, &[1][..]), (PASSPORT, &[1]), (OLD_PERSON, &[])];
    assert_eq!(
        decide(&other, &[]),
        Decision::Known {
            record: 1,
            attach: vec![]
        }
    );
}

#[test]
fn an_always_rule_may_identify() {
    let text = SCHEMA.replacen("\"hint\"", "\"unique\"", 1);
    let schema: Schema = toml::from_str(&text).unwrap();
    let finding = |records: &[u8]| {
        [Finding {
            rule: &schema.rules()[PERSON],
            records: records.to_vec(),
        }]
    };
    assert_eq!(
        resolve(&finding(&[1]), |_, _| false),
        Decision::Known {
            record: 1,
            attach: vec![]
        }
    );
    assert_eq!(resolve(&finding(&[]), |_, _| false), Decision::New);
}

/// An index and its records, as a store would keep them.
#[derive(Default)]
struct World {
    index: BTreeMap<(usize, u8), Vec<usize>>,
    records: Vec<BTreeSet<(usize, u8)>>,
}

impl World {
    fn register(&mut self, schema: &Schema, keys: &[(usize, u8)]) -> Option<usize> {
        let lookup = |key: &(usize, u8)| self.index.get(key).cloned().unwrap_or_default();
        let findings: Vec<_> = keys
            .iter()
            .map(|key| Finding {
                rule: &schema.rules()[key.0],
                records: lookup(key),
            })
            .collect();
        let holds = |record: usize, id: &RuleId| {
            self.records[record]
                .iter()
                .any(|(rule, _)| schema.rules()[*rule].id() == id)
        };
        let (record, attach) = match resolve(&findings, holds) {
            Decision::Known { record, attach } => (record, attach),
            Decision::New => {
                self.records.push(BTreeSet::new());
                (self.records.len() - 1, (0..keys.len()).collect())
            }
            Decision::Conflict(_) => return None,
        };
        for position in attach {
            self.index.entry(keys[position]).or_default().push(record);
            self.records[record].insert(keys[position]);
        }
        Some(record)
    }
}

fn request() -> impl Strategy<Value = Vec<(usize, u8)>> {
    let maybe = || proptest::option::of(0u8..4);
    (0u8..3, maybe(), maybe()).prop_map(|(name, passport, tax)| {
        let optional = [(PASSPORT, passport), (TAX, tax)];
        let optional = optional
            .into_iter()
            .filter_map(|(rule, value)| value.map(|value| (rule, value)));
        [(PERSON, name)].into_iter().chain(optional).collect()
    })
}

proptest! {
    #[test]
    fn whatever_is_asked_the_index_stays_sound(requests in proptest::collection::vec(request(), 1..30)) {
        let schema = schema();
        let mut world = World::default();
        for keys in &requests {
            let first = world.register(&schema, keys);
            let identified = keys.len() > 1;
            if let (Some(record), true) = (first, identified) {
                // The same person always gets the same record, and the request is now all theirs.
                prop_assert_eq!(world.register(&schema, keys), Some(record));
                prop_assert!(keys.iter().all(|key| world.records[record].contains(key)));
            }
        }
        for ((rule, _), records) in &world.index {
            // A unique key never stands in two records, nor does a row repeat one.
            prop_assert!(*rule == PERSON || records.len() == 1);
            prop_assert_eq!(records.iter().collect::<BTreeSet<_>>().len(), records.len());
        }
        for record in &world.records {
            prop_assert!(record.iter().filter(|(rule, _)| *rule == TAX).count() <= 1);
            prop_assert!(record.iter().filter(|(rule, _)| *rule == PERSON).count() == 1);
        }
    }
}

/// What corrected data of record 1 are about; record 1 holds some key of `tax`.
fn amended(found: &[(usize, &[u8])]) -> Decision<u8> {
    let schema = schema();
    let findings: Vec<_> = found
        .iter()
        .map(|(rule, records)| Finding {
            rule: &schema.rules()[*rule],
            records: records.to_vec(),
        })
        .collect();
    amend(&findings, 1, |record, _| record == 1)
}

#[test]
fn corrected_data_are_attached_where_they_identify_the_person_alone() {
    let attached = |attach| Decision::Known { record: 1, attach };
    // A new name, that others have, too.
    assert_eq!(
        amended(&[(PERSON, &[2]), (PASSPORT, &[1])]),
        attached(vec![0])
    );
    assert_eq!(
        amended(&[(PERSON, &[]), (PASSPORT, &[]), (TAX, &[1])]),
        attached(vec![0, 1])
    );
}

#[test]
fn corrected_data_that_identify_nobody_or_somebody_else_are_a_conflict() {
    let conflict = |found: &[(usize, &[u8])]| match amended(found) {
        Decision::Conflict(conflict) => (conflict.kind, conflict.records),
        other => panic!("{other:?}"),
    };
    for found in [&[(PERSON, &[1][..])][..], &[(PERSON, &[]), (PASSPORT, &[])]] {
        assert_eq!(conflict(found), (ConflictKind::OnlyHints, vec![1]));
    }
    assert_eq!(
        conflict(&[(PERSON, &[1]), (PASSPORT, &[0])]),
        (ConflictKind::SeveralRecords, vec![0, 1])
    );
    assert_eq!(
        conflict(&[(PERSON, &[1]), (PASSPORT, &[1]), (TAX, &[2])]),
        (ConflictKind::SeveralRecords, vec![1, 2])
    );
    for found in [
        &[(PERSON, &[1][..]), (PASSPORT, &[1]), (TAX, &[])][..],
        &[(PERSON, &[1]), (TAX, &[])],
    ] {
        assert_eq!(conflict(found), (ConflictKind::OtherPermanent, vec![1]));
    }
}
