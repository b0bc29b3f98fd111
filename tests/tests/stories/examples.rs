//! The example configurations are right.

use std::path::Path;

use crate::house::{program, refused};

fn example(name: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/examples");
    examples.join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_vault_s_example_is_read_and_its_store_is_missed() {
    let said =
        refused(program("symbolon-vault").args(["check", "--config", &example("vault.toml")]));
    assert!(said.contains("there is no store"), "{said}");
}

#[test]
fn the_gateway_s_example_is_read_and_its_trust_file_is_missed() {
    let said = refused(program("symbolon-gateway").args(["--config", &example("gateway.toml")]));
    assert!(said.contains("trust.json"), "{said}");
}

#[test]
fn the_portal_s_example_is_read_and_its_profile_is_missed() {
    let said = refused(program("symbolon-portal").args(["--config", &example("portal.toml")]));
    assert!(said.contains("portal-main.toml"), "{said}");
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.toml");
    let text = std::fs::read_to_string(example("vault.toml")).unwrap();
    std::fs::write(
        &path,
        text.replace("[keys]", "[keys]\npasswort = \"geheim\""),
    )
    .unwrap();
    let said =
        refused(program("symbolon-vault").args(["check", "--config", path.to_str().unwrap()]));
    assert!(
        said.contains("passwort") && !said.contains("geheim"),
        "{said}"
    );
}
