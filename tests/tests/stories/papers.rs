//! The protocol's text says what the code does: its tables are compared with the code's, both
//! ways.

use std::{collections::BTreeSet, fs, path::Path};

use symbolon_api_closed::FILE_DESCRIPTOR_SET as CLOSED;
use symbolon_api_public::FILE_DESCRIPTOR_SET as PUBLIC;
use symbolon_crypto::labels;
use symbolon_election::{
    Ballot, Cancelled, Certified, Close, ElectionId, Exclusion, IssueRequest, IssuerRotation,
    Manifest, Proposal, Receipt, RollStatement, Typed, VERSION, Verdict, VotingToken,
};
use symbolon_identity::{
    canonical::{Flaw, Fold, UNICODE_VERSION},
    schema::canonicaliser,
};
use symbolon_ledger::{Gap, Rule};
use symbolon_service::{
    config::Limits,
    matrix,
    reasons::{Reason, markdown_table},
    roles::{Pace, Role, RoleTable, Row},
};
use symbolon_vault::roles::{ServiceName, always};

/// A role table's name in the text, and its rows.
type Section = (&'static str, Vec<Row>);

fn protocol() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/README.md");
    fs::read_to_string(path).unwrap()
}

/// The cells of every row below the header that begins with `head`.
fn table<'a>(text: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let (_, below) = text
        .split_once(&format!("\n| {head} |"))
        .unwrap_or_else(|| panic!("there is no table with {head}"));
    let rows = below
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let cells = |line: &'a str| {
        let line = line.strip_prefix("| ").unwrap().strip_suffix(" |").unwrap();
        line.split(" | ").collect()
    };
    rows.map(cells).collect()
}

/// The names between backticks in the first cells of a table.
fn named<'a>(rows: &[Vec<&'a str>]) -> BTreeSet<&'a str> {
    rows.iter()
        .flat_map(|row| row[0].split('`').skip(1).step_by(2))
        .collect()
}

fn assert_same<'a>(text: BTreeSet<&str>, code: impl IntoIterator<Item = &'a str>) {
    let code: BTreeSet<&str> = code.into_iter().collect();
    let missing: Vec<_> = code.difference(&text).collect();
    let unknown: Vec<_> = text.difference(&code).collect();
    assert!(missing.is_empty(), "the text lacks {missing:?}");
    assert!(unknown.is_empty(), "the code lacks {unknown:?}");
}

#[test]
fn the_protocol_names_every_label_and_no_other() {
    let text = protocol();
    let code = labels::ALL.iter().map(|(_, label)| label.as_str());
    assert_same(named(&table(&text, "label | used in")), code);
    assert!(text.contains(&format!("Version tag: `{VERSION}`.")));
}

#[test]
fn the_protocol_has_every_type_as_it_is_hashed() {
    let text = protocol();
    let types = [
        Manifest::encode_type(),
        RollStatement::encode_type(),
        IssueRequest::encode_type(),
        VotingToken::encode_type(),
        Ballot::encode_type(),
        Receipt::encode_type(),
        IssuerRotation::encode_type(),
        Close::encode_type(),
        Certified::encode_type(),
        Cancelled::encode_type(),
        Proposal::encode_type(),
        Verdict::encode_type(),
    ];
    let rows = table(&text, "type | signed by");
    assert_same(named(&rows), types.iter().map(String::as_str));
}

#[test]
fn the_protocol_has_the_code_s_table_of_refusals() {
    let text = protocol();
    let code = Reason::ALL.iter().map(|reason| reason.name());
    assert_same(named(&table(&text, "reason | gRPC code")), code);
    for row in markdown_table().lines().skip(2) {
        assert!(text.contains(&format!("\n{row} ")), "{row}");
    }
}

#[test]
fn the_protocol_has_the_code_s_table_of_violations() {
    let text = protocol();
    let code = Rule::ALL.iter().map(|rule| rule.name());
    assert_same(named(&table(&text, "violation | breaks")), code);
    for rule in Rule::ALL {
        let row = format!("\n| `{rule}` | {} | {} |\n", rule.breaks(), rule.meaning());
        assert!(text.contains(&row), "{row}");
    }
}

#[test]
fn the_protocol_names_every_gap() {
    let (path, reason, election) = (String::new(), String::new(), ElectionId::new([1; 32]));
    let from = 0;
    let gaps = [
        Gap::NothingPinned,
        Gap::ElectionAbsent { election },
        Gap::NoElection,
        Gap::FileMissing { path: path.clone() },
        Gap::FileUnreadable {
            path: path.clone(),
            reason: reason.clone(),
        },
        Gap::BoundsOnly { election },
        Gap::NotCosigned { election, from },
        Gap::ComplaintRefused {
            election,
            reason: reason.clone(),
        },
        Gap::ComplaintUndecided { election, reason },
        Gap::UnknownCosigner { path },
    ];
    // A new kind of gap doesn't compile here: it belongs into the list above and into the text.
    let known = |gap: &Gap| match gap {
        Gap::NothingPinned | Gap::ElectionAbsent { .. } | Gap::NoElection => {}
        Gap::FileMissing { .. } | Gap::FileUnreadable { .. } | Gap::BoundsOnly { .. } => {}
        Gap::NotCosigned { .. } | Gap::UnknownCosigner { .. } => {}
        Gap::ComplaintRefused { .. } | Gap::ComplaintUndecided { .. } => {}
    };
    gaps.iter().for_each(known);
    let written = gaps.map(|gap| serde_json::to_value(gap).unwrap());
    let names = written.iter().map(|gap| gap["gap"].as_str().unwrap());
    let text = protocol();
    assert_same(named(&table(&text, "gap | members")), names);
}

#[test]
fn the_protocol_names_every_exclusion_in_the_order_in_which_they_hold() {
    let all = [
        Exclusion::Early,
        Exclusion::Late,
        Exclusion::Malformed,
        Exclusion::BallotSignature,
        Exclusion::TokenSignature,
        Exclusion::NotInRoll,
        Exclusion::OtherKey,
        Exclusion::Contested,
        Exclusion::Superseded,
    ];
    assert!(all.is_sorted());
    let last = |exclusion: Exclusion| match exclusion {
        Exclusion::Early | Exclusion::Late | Exclusion::Malformed => false,
        Exclusion::BallotSignature | Exclusion::TokenSignature | Exclusion::NotInRoll => false,
        Exclusion::OtherKey | Exclusion::Contested => false,
        Exclusion::Superseded => true,
    };
    assert!(last(all[all.len() - 1]));
    let code: Vec<String> = all
        .iter()
        .map(|one| format!("`{}`", serde_json::to_value(one).unwrap().as_str().unwrap()))
        .collect();
    let text = protocol();
    let rows = table(&text, "reason in the tally | when");
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), code);
}

fn sections() -> [Section; 3] {
    let vault = ServiceName::ALL.into_iter().flat_map(ServiceName::rows);
    let own = |table: RoleTable| table.rows().into_iter().cloned().collect();
    [
        ("Vault:\n", vault.chain(always()).collect()),
        ("Gateway:\n", own(symbolon_gateway::roles::table())),
        ("Reference portal:\n", own(symbolon_portal::roles::table())),
    ]
}

/// Roles as the text writes them: the six that have a certificate are every role.
fn roles(row: &Row) -> String {
    match row.roles() {
        roles if roles.len() == Role::ALL.len() - 1 && !roles.contains(&Role::Public) => {
            "every role".to_owned()
        }
        roles => roles
            .iter()
            .map(Role::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[test]
fn the_protocol_has_the_matrix_of_roles_and_methods() {
    let text = protocol();
    for (name, rows) in sections() {
        let (_, below) = text.split_once(name).unwrap();
        assert!(below.starts_with("\n| method | kind | roles |"), "{name}");
        let stated = table(below, "method | kind | roles");
        assert_same(named(&stated), rows.iter().map(Row::path));
        for row in &rows {
            let path = format!("`{}`", row.path());
            let lines = stated.iter().filter(|cells| cells[0] == path);
            for cells in lines {
                assert_eq!(cells[2], roles(row), "{path}");
                let kind = match row.pace() {
                    Pace::Call => "call",
                    Pace::Stream => "stream",
                };
                assert!(!row.is_grpc() || cells[1] == kind, "{path}");
            }
        }
        assert_eq!(stated.len(), rows.len(), "{name}");
    }
}

#[test]
fn the_protocol_names_every_method_of_the_proto_files() {
    let text = protocol();
    for descriptors in [CLOSED, PUBLIC] {
        for (path, _) in matrix::methods(descriptors).unwrap() {
            assert!(text.contains(&format!("| `{path}` |")), "{path}");
        }
    }
}

#[test]
fn the_protocol_names_every_problem_and_fold_of_attributes() {
    let text = protocol();
    let flaws = [
        Flaw::Unknown,
        Flaw::Repeated,
        Flaw::Missing,
        Flaw::Empty,
        Flaw::TooBig,
        Flaw::TooShort { least: 0 },
        Flaw::TooLong { most: 0 },
        Flaw::Control,
        Flaw::Bidi,
        Flaw::PrivateUse,
        Flaw::Unassigned,
        Flaw::Damaged,
        Flaw::StrayMark,
        Flaw::MixedScripts,
        Flaw::NoLetter,
        Flaw::UnexpectedCharacter,
        Flaw::NotADate,
        Flaw::NoSuchDay,
        Flaw::ImplausibleYear,
        Flaw::NotAnEmail,
        Flaw::EncodedDomain,
        Flaw::NotAPhone,
        Flaw::Unstable,
    ];
    assert_same(
        named(&table(&text, "problem | meaning")),
        flaws.iter().map(|flaw| flaw.reason()),
    );
    assert_same(
        named(&table(
            &text,
            "fold (for `name` and `text`) | what it equates",
        )),
        Fold::ALL.iter().map(|fold| fold.as_str()),
    );
    let (major, minor, patch) = UNICODE_VERSION;
    let stated = format!(
        "with Unicode {major}.{minor}.{patch}, written `{}`",
        canonicaliser()
    );
    assert!(text.contains(&stated), "{stated}");
}

#[test]
fn the_protocol_has_the_default_limits() {
    let text = protocol();
    let Limits {
        connections,
        connections_per_peer,
        handshakes,
        handshake_seconds,
        streams,
        concurrent_calls,
        call_seconds,
        stream_idle_seconds,
        request_bytes,
        header_bytes,
        stream_window,
        connection_window,
        connection_seconds,
        drain_seconds,
        keepalive_seconds,
        keepalive_timeout_seconds,
    } = Limits::default();
    let code = [
        ("connections", u64::from(connections)),
        ("connections_per_peer", connections_per_peer.into()),
        ("handshakes", handshakes.into()),
        ("handshake_seconds", handshake_seconds),
        ("streams", streams.into()),
        ("concurrent_calls", concurrent_calls.into()),
        ("call_seconds", call_seconds),
        ("stream_idle_seconds", stream_idle_seconds),
        ("request_bytes", request_bytes.into()),
        ("header_bytes", header_bytes.into()),
        ("stream_window", stream_window.into()),
        ("connection_window", connection_window.into()),
        ("connection_seconds", connection_seconds),
        ("drain_seconds", drain_seconds),
        ("keepalive_seconds", keepalive_seconds),
        ("keepalive_timeout_seconds", keepalive_timeout_seconds),
    ];
    let code = code.map(|(key, most)| (format!("`{key}`"), most.to_string()));
    let rows = table(&text, "key | default");
    let stated: Vec<_> = rows
        .iter()
        .map(|row| (row[0].into(), row[1].into()))
        .collect();
    assert_eq!(stated, code);
}

#[test]
fn every_golden_item_that_the_protocol_names_is_there() {
    let text = protocol();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/golden.json");
    let golden: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let items = golden["items"].as_array().unwrap().iter();
    let names: BTreeSet<_> = items.map(|item| item["name"].as_str().unwrap()).collect();
    // [`name`] alone; links have a path behind it.
    let named = text.split("[`").skip(1).filter_map(|rest| {
        let (name, after) = rest.split_once("`]")?;
        (!after.starts_with('(') && name != "frame-…").then_some(name)
    });
    let unknown: Vec<_> = named.filter(|name| !names.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
