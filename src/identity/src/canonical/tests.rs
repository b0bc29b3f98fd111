use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use proptest::prelude::*;

use super::*;

const KINDS: [Kind; 7] = [
    Kind::Name,
    Kind::Date,
    Kind::Document,
    Kind::Digits,
    Kind::Email,
    Kind::Phone,
    Kind::Text,
];

fn form(kind: Kind, folds: Folds, value: &str) -> Result<String, Flaw> {
    canonical(kind, folds, value).map(|form| form.as_str().to_owned())
}

fn name(value: &str) -> Result<String, Flaw> {
    form(Kind::Name, Folds::NONE, value)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    what: String,
    kind: Kind,
    folds: Vec<Fold>,
    value: String,
    canonical: Option<String>,
    reason: Option<String>,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../vectors/canonical.json")).unwrap()
}

#[test]
fn every_vector_holds() {
    let mut wrong = Vec::new();
    for vector in vectors() {
        let folds = vector.folds.iter().copied().collect();
        let (found, reason) = match form(vector.kind, folds, &vector.value) {
            Ok(form) => (Some(form), None),
            Err(flaw) => (None, Some(flaw.reason().to_owned())),
        };
        if (&found, &reason) != (&vector.canonical, &vector.reason) {
            wrong.push(format!(
                "{} ({}): {found:?} {reason:?}",
                vector.what, vector.kind
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An update of the tables is a new canonicaliser version, and must be meant.
#[test]
fn all_tables_are_of_the_version_that_rule_ids_name() {
    let wide = |(a, b, c): (u8, u8, u8)| (u64::from(a), u64::from(b), u64::from(c));
    assert_eq!(wide(UNICODE_VERSION), unicode_security::UNICODE_VERSION);
    assert_eq!(wide(UNICODE_VERSION), unicode_script::UNICODE_VERSION);
    // The tables of ICU4X carry no version of their own: they must assign what those of the
    // other two do.
    let assigned = ('\0'..=char::MAX)
        .filter(|&c| common::category(c) != icu_properties::props::GeneralCategory::Unassigned)
        .count();
    let of_scripts = ('\0'..=char::MAX)
        .filter(|&c| unicode_script::UnicodeScript::script(&c) != unicode_script::Script::Unknown)
        .count();
    let private = 6_400 + 2 * 65_534;
    assert_eq!(assigned, of_scripts + private);
}

#[test]
fn a_value_too_big_is_refused_unread() {
    assert_eq!(name(&"a".repeat(MAX_VALUE_BYTES + 1)), Err(Flaw::TooBig));
    assert!(name(&"\u{fdfa}".repeat(MAX_VALUE_BYTES / 3)).is_ok());
}

#[test]
fn no_letter_of_any_script_collapses_to_nothing_or_changes_again() {
    use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategoryGroup};
    let ignorable = icu_properties::CodePointSetData::new::<DefaultIgnorableCodePoint>();
    for c in '\0'..=char::MAX {
        if !GeneralCategoryGroup::Letter.contains(common::category(c)) || ignorable.contains(c) {
            continue;
        }
        match name(&c.to_string()) {
            Ok(once) => assert_eq!(name(&once).as_ref(), Ok(&once), "{:x}", c as u32),
            // Apostrophes that are letters, and presentation forms of marks on a space.
            Err(flaw) => assert!(
                matches!(flaw, Flaw::NoLetter | Flaw::StrayMark),
                "{:x} {flaw:?}",
                c as u32
            ),
        }
    }
}

/// Text of several scripts with the characters that make trouble.
fn text() -> impl Strategy<Value = String> {
    let troubled = "aAİıIßẞſKÅµǅŉﬁÉé е\u{308}ЁёЙйΣςσᾳᾼ\u{345}\u{390}ΰἈ한\u{1100}\u{1161}\u{11a8}ハ\u{3099}ﾊﾞ山々ーשּׁ\u{5bc}\u{5c1}ﻼمی\u{200c}\u{200d}\u{34f}\u{ad}क्षक़\u{301}\u{307}\u{323}\u{328}´`’ʼʻ-–№Ⅳ１٤.,/@+_ \u{a0}\u{3000}\u{fe0f}\u{1f600}";
    let troubled: Vec<char> = troubled.chars().collect();
    prop_oneof![
        proptest::collection::vec(proptest::sample::select(troubled), 0..12)
            .prop_map(String::from_iter),
        "\\PC{0,12}",
        "[a-zA-Z0-9+@. /-]{0,16}",
    ]
}

fn any_folds() -> impl Strategy<Value = Folds> {
    proptest::sample::subsequence(Fold::ALL.to_vec(), 0..=Fold::ALL.len())
        .prop_map(Folds::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_canonical_form_is_its_own(
        value in text(),
        kind in proptest::sample::select(KINDS.to_vec()),
        folds in any_folds(),
    ) {
        if let Ok(once) = form(kind, folds, &value) {
            let twice = form(kind, folds, &once);
            // Parts of a document's number that separators kept apart may be of two scripts.
            let run_together = kind == Kind::Document && twice == Err(Flaw::MixedScripts);
            prop_assert!(run_together || twice.as_ref() == Ok(&once), "{:?} {:?}", once, twice);
        }
    }

    #[test]
    fn canonical_equivalents_have_one_form(
        value in text(),
        kind in proptest::sample::select(KINDS.to_vec()),
        folds in any_folds(),
    ) {
        let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&value).into_owned();
        let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&value).into_owned();
        let form = |value: &str| form(kind, folds, value);
        prop_assert_eq!(form(&value), form(&composed));
        prop_assert_eq!(form(&value), form(&decomposed));
    }

    #[test]
    fn ignorable_characters_and_outer_space_change_nothing(
        value in text(),
        at in any::<proptest::sample::Index>(),
        ignorable in proptest::sample::select(vec!['\u{200c}', '\u{200d}', '\u{ad}', '\u{2060}', '\u{fe0f}']),
    ) {
        let mut chars: Vec<char> = value.chars().collect();
        chars.insert(at.index(chars.len() + 1), ignorable);
        let with = String::from_iter(["\u{3000}".to_owned(), String::from_iter(chars), " ".to_owned()]);
        // Between a character and its mark, a joiner hides nothing that NFKC composes.
        prop_assert_eq!(name(&with), name(&value));
    }

    #[test]
    fn case_and_width_change_nothing(value in "[A-Za-z]{1,12}") {
        let wide: String = value.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
        prop_assert_eq!(name(&value.to_uppercase()), name(&value));
        prop_assert_eq!(name(&wide), name(&value));
    }

    #[test]
    fn every_date_of_the_calendar_passes_in_both_forms(days in 0u32..146_000) {
        let (mut year, mut month, mut day) = (1800, 1, 1);
        for _ in 0..days % 1_500 { (year, month, day) = next(year, month, day); }
        year += days / 1_500 * 4;
        let leap = |y: u32| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
        prop_assume!(year < 2200 && !(month == 2 && day == 29 && !leap(year)));
        let extended = format!("{year:04}-{month:02}-{day:02}");
        prop_assert_eq!(form(Kind::Date, Folds::NONE, &extended), Ok(extended.clone()));
        prop_assert_eq!(form(Kind::Date, Folds::NONE, &extended.replace('-', "")), Ok(extended));
    }
}

fn next(year: u32, month: u32, day: u32) -> (u32, u32, u32) {
    let long = [
        31,
        if year.is_multiple_of(4) && year != 1800 {
            29
        } else {
            28
        },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    match (month, day) {
        (12, 31) => (year + 1, 1, 1),
        (_, d) if d == long[month as usize - 1] => (year, month + 1, 1),
        (_, d) => (year, month, d + 1),
    }
}
