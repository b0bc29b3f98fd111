//! The walls of the house: which crate may know which, what the shipped programs must
//! not hold, and that nobody leaves the workspace's lints.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use prost_types::FileDescriptorSet;

use crate::house::program;

mod graph;

use graph::{Graph, root};

const FLOORS: [&[&str]; 6] = [
    &["crypto"],
    &["election", "tlog", "service", "api-public", "api-closed"],
    &["keyring", "store", "voter", "ledger"],
    &["identity", "ledger-log", "ledger-ethereum"],
    &["vault", "gateway", "observer", "portal", "cli"],
    &["demo", "tests"],
];

/// Crates and what none of them may reach, not even through others or in tests.
const WALLS: [(&str, &[&str]); 3] = [
    (
        "gateway",
        &["identity", "keyring", "vault", "voter", "api-closed"],
    ),
    (
        "observer",
        &["identity", "keyring", "vault", "voter", "api-closed"],
    ),
    (
        "portal",
        &["vault", "gateway", "identity", "keyring", "store"],
    ),
];

/// Files that lift the ban on unsafe code, each with its reason.
const UNSAFE: [&str; 0] = [];

fn floor(name: &str) -> usize {
    let floor = FLOORS.iter().position(|floor| floor.contains(&name));
    floor.unwrap_or_else(|| panic!("{name} stands on no floor"))
}

#[test]
fn every_crate_stands_on_one_floor() {
    let graph = Graph::read();
    let members: Vec<&str> = graph.members().into_keys().collect();
    let mut placed = FLOORS.concat();
    placed.sort_unstable();
    assert_eq!(members, placed);
}

#[test]
fn every_arrow_points_to_a_lower_floor() {
    let graph = Graph::read();
    let members = graph.members().into_keys();
    let arrows: Vec<_> = members
        .flat_map(|from| {
            graph
                .named_by(from, |_| true)
                .into_iter()
                .map(move |to| (from, to))
        })
        .collect();
    assert!(arrows.len() > 40, "{arrows:?}");
    for (from, to) in arrows {
        assert!(floor(to) < floor(from), "{from} depends on {to}");
    }
}

#[test]
fn gateway_observer_and_portal_reach_nothing_behind_their_walls() {
    let graph = Graph::read();
    for (name, forbidden) in WALLS {
        let reached = graph.reached_by(name);
        assert!(reached.contains("election"), "{name}: {reached:?}");
        for other in forbidden {
            assert!(!reached.contains(other), "{name} reaches {other}");
        }
    }
    let vault = graph.reached_by("vault");
    for other in ["identity", "keyring", "store", "api-closed", "crypto"] {
        assert!(vault.contains(other), "the vault doesn't reach {other}");
    }
}

#[test]
fn gateway_and_observer_hold_no_name_of_a_closed_service_and_the_vault_holds_all() {
    let (packages, services) = closed_names();
    for name in ["symbolon-gateway", "symbolon-observer"] {
        let binary = binary(name);
        for package in &packages {
            assert!(!holds(&binary, package), "{name} holds {package}");
        }
    }
    let vault = binary("symbolon-vault");
    for service in &services {
        assert!(holds(&vault, service), "the vault lacks {service}");
    }
}

/// The control of the other direction: names of the gateway's own service are found.
#[test]
fn the_gateway_holds_the_names_of_its_own_service() {
    let gateway = binary("symbolon-gateway");
    let (_, services) = names(symbolon_api_public::FILE_DESCRIPTOR_SET);
    assert!(!services.is_empty());
    for service in services {
        assert!(holds(&gateway, &service), "the gateway lacks {service}");
    }
}

/// Crates that only the ledger on Ethereum needs.
const OF_A_CHAIN: [&str; 3] = ["symbolon-ledger-ethereum", "alloy-consensus", "alloy-eips"];

#[test]
fn what_is_built_by_default_knows_no_chain() {
    for name in ["gateway", "observer", "cli", "demo"] {
        let plain = graph::built(name, &[]);
        assert!(plain.contains("symbolon-election"), "{name}: {plain:?}");
        let with = graph::built(name, &["--features", "ethereum"]);
        for other in OF_A_CHAIN {
            assert!(!plain.contains(other), "{name} builds {other} by default");
            assert!(
                with.contains(other),
                "{name} with the feature lacks {other}"
            );
        }
    }
}

/// The packages and the full names of the services that are in no public package.
fn closed_names() -> (BTreeSet<String>, BTreeSet<String>) {
    let (public, _) = names(symbolon_api_public::FILE_DESCRIPTOR_SET);
    let (packages, services) = names(symbolon_api_closed::FILE_DESCRIPTOR_SET);
    let closed: BTreeSet<_> = packages.difference(&public).cloned().collect();
    assert!(closed.len() >= 4 && services.len() >= closed.len());
    (closed, services)
}

/// The packages of a descriptor set that hold services, and the services' full names.
fn names(descriptors: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let set = FileDescriptorSet::decode(descriptors).unwrap();
    let (mut packages, mut services) = (BTreeSet::new(), BTreeSet::new());
    for file in set.file {
        let package = file.package.unwrap();
        for service in &file.service {
            packages.insert(package.clone());
            services.insert(format!("{package}.{}", service.name()));
        }
    }
    (packages, services)
}

fn binary(name: &str) -> Vec<u8> {
    fs::read(program(name).get_program()).unwrap()
}

fn holds(binary: &[u8], name: &str) -> bool {
    binary
        .windows(name.len())
        .any(|window| window == name.as_bytes())
}

#[test]
fn every_crate_keeps_the_workspace_s_lints() {
    let graph = Graph::read();
    for (name, package) in graph.members() {
        let manifest = table(package.manifest_path.as_std_path());
        let lints = manifest.get("lints").and_then(|lints| lints.as_table());
        let kept = lints.is_some_and(|lints| {
            lints.get("workspace").and_then(toml::Value::as_bool) == Some(true)
        });
        assert!(kept, "{name} has lints of its own");
    }
}

#[test]
fn the_ban_on_unsafe_is_lifted_in_the_named_files_only() {
    let workspace = table(&root().join("Cargo.toml"));
    let ban = workspace["workspace"]["lints"]["rust"][BAN]
        .as_str()
        .unwrap();
    assert!(["deny", "forbid"].contains(&ban), "{ban}");
    let graph = Graph::read();
    let mut sources = Vec::new();
    for package in graph.members().values() {
        let folder = package.manifest_path.parent().unwrap();
        collect_sources(folder.as_std_path(), &mut sources);
    }
    assert!(sources.len() > 300, "{}", sources.len());
    let root = root().canonicalize().unwrap();
    let mut lifted: Vec<_> = sources.iter().filter(|path| lifts_the_ban(path)).collect();
    lifted.sort();
    let lifted: Vec<_> = lifted
        .iter()
        .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap())
        .collect();
    assert_eq!(lifted, UNSAFE);
}

/// Written in two parts, so that this file isn't found.
const BAN: &str = concat!("unsafe", "_code");

/// Whether a file speaks of the lint; no attribute can lift the ban without its name.
fn lifts_the_ban(path: &Path) -> bool {
    fs::read_to_string(path).unwrap().contains(BAN)
}

fn table(path: &Path) -> toml::Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn collect_sources(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
}
