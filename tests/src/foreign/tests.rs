use serde_json::{Value, json};

use super::Report;

mod samples;

const KINDS: [&str; 12] = [
    "signature",
    "typedData",
    "statement",
    "content",
    "issuedList",
    "issueRequest",
    "token",
    "ballot",
    "receipt",
    "checkpoint",
    "inclusion",
    "consistency",
];

fn report(feed: &Value) -> Report {
    let mut report = Report::default();
    report.take("feed.json", feed.to_string().as_bytes());
    report
}

/// The one problem that a feed has.
fn problem(feed: &Value) -> String {
    let report = report(feed);
    assert!(!report.is_good());
    let [problem] = report.problems() else {
        panic!("{report}")
    };
    problem.clone()
}

#[test]
fn a_feed_of_our_own_with_every_kind_and_wrong_variants_is_good() {
    let feed = samples::feed();
    for kind in KINDS {
        let mut cases = feed["cases"].as_array().unwrap().iter();
        assert!(cases.any(|case| case["kind"] == kind), "{kind}");
    }
    let report = report(&feed);
    assert!(report.is_good(), "{report}");
}

#[test]
fn a_wrong_expectation_is_found_in_every_kind_and_either_way() {
    let feed = samples::feed();
    for kind in KINDS {
        for (expect, wrong) in [("accept", "refuse"), ("refuse", "accept")] {
            let mut feed = feed.clone();
            let cases = feed["cases"].as_array_mut().unwrap();
            let at = cases
                .iter()
                .position(|case| case["kind"] == kind && case["expect"] == expect)
                .unwrap();
            cases[at]["expect"] = wrong.into();
            let name = cases[at]["name"].as_str().unwrap().to_owned();
            let report = report(&feed);
            assert!(!report.is_good());
            let named = |problem: &&String| problem.contains(&format!("{name}: {expect}"));
            let named = report.problems().iter().filter(named).count();
            assert_eq!(named, 1, "{name}: {report}");
        }
    }
}

fn small() -> Value {
    let mut feed = samples::feed();
    let cases = feed["cases"].as_array_mut().unwrap();
    cases.retain(|case| case["kind"] == "content");
    assert!(report(&feed).is_good());
    feed
}

#[test]
fn nothing_proves_nothing() {
    assert!(!Report::default().is_good());
    let feed = json!({ "language": "rust", "cases": [] });
    assert!(!report(&feed).is_good());
    assert_eq!(report(&feed).problems().len(), 2);
}

#[test]
fn a_feed_without_accepted_or_refused_cases_is_named() {
    let mut accepted = small();
    let cases = accepted["cases"].as_array_mut().unwrap();
    cases.retain(|case| case["expect"] == "accept");
    assert!(report(&accepted).problems()[0].ends_with("no case to refuse"));
    let mut refused = small();
    let cases = refused["cases"].as_array_mut().unwrap();
    cases.retain(|case| case["expect"] == "refuse");
    assert!(problem(&refused).ends_with("no case to accept"));
}

#[test]
fn an_accepted_case_without_a_wrong_variant_is_named() {
    let mut feed = small();
    feed["cases"][0]["name"] = "alone".into();
    assert!(problem(&feed).contains("alone: no wrong variant"));
}

#[test]
fn a_name_that_stands_twice_is_named() {
    let mut feed = small();
    feed["cases"][2]["name"] = feed["cases"][1]["name"].clone();
    assert!(problem(&feed).contains("stands twice"));
}

/// None of these may pass for a refusal.
#[test]
fn unknown_kinds_and_inputs_of_the_wrong_form_are_named() {
    let changes: [fn(&mut Value); 5] = [
        |case| case["kind"] = "contents".into(),
        |case| case["inputs"]["hahs"] = case["inputs"]["hash"].clone(),
        |case| drop(case["inputs"].as_object_mut().unwrap().remove("hash")),
        |case| case["inputs"]["hash"] = "0xZZ".into(),
        |case| case["inputs"]["shape"] = json!([3, 0, 2]),
    ];
    for change in changes {
        let mut feed = small();
        let case = &mut feed["cases"][1];
        assert_eq!(case["expect"], "refuse");
        change(case);
        let name = feed["cases"][1]["name"].as_str().unwrap().to_owned();
        assert!(problem(&feed).contains(&name));
    }
}

#[test]
fn what_is_no_feed_is_named_with_its_file() {
    for feed in [
        json!([]),
        json!({ "cases": [] }),
        json!({ "language": "rust" }),
    ] {
        assert!(problem(&feed).starts_with("feed.json: "));
    }
    let mut feed = small();
    feed["cases"][0]["expect"] = "maybe".into();
    assert!(problem(&feed).contains("maybe"));
}
