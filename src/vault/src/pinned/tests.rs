use std::fs;

use crate::{
    config::VaultConfig,
    core::CoreError,
    testing::{Installation, register},
};

use super::*;

const ANNA: (&str, &str, Option<&str>) = ("Anna", "1980-02-29", Some("AB 123456"));

/// The installation's configuration with one text in place of another.
fn edited(installation: &Installation, from: &str, to: &str) -> VaultConfig {
    let text = fs::read_to_string(&installation.path).unwrap();
    assert!(text.contains(from));
    let path = installation.path.with_file_name("edited.toml");
    fs::write(&path, text.replace(from, to)).unwrap();
    VaultConfig::read(&path).unwrap()
}

async fn started(installation: &Installation, config: &VaultConfig) -> Result<(), CoreError> {
    let core = installation.sealed_with(config).await?;
    core.store.close().await.unwrap();
    Ok(())
}

async fn with_anna() -> Installation {
    let installation = Installation::new().await;
    let core = installation.open().await;
    register(&core, "main", ANNA).await.unwrap();
    core.store.close().await.unwrap();
    installation
}

#[tokio::test]
async fn costs_are_fixed_once_somebody_is_registered() {
    let empty = Installation::new().await;
    let config = edited(&empty, "passes = 1", "passes = 2");
    started(&empty, &config).await.unwrap();

    let installation = with_anna().await;
    let config = edited(&installation, "passes = 1", "passes = 2");
    let refused = started(&installation, &config).await.unwrap_err();
    assert!(
        matches!(
            refused,
            CoreError::Changed(Changed::Costs { passes: 1, .. })
        ),
        "{refused}"
    );
    started(&installation, &installation.config).await.unwrap();
}

#[tokio::test]
async fn a_rule_that_people_were_registered_under_stays() {
    let installation = with_anna().await;
    let rule = "{ name = \"document\", attributes = [\"document\"], kind = \"unique\" },";
    let config = edited(&installation, rule, "");
    let refused = started(&installation, &config).await.unwrap_err();
    assert!(
        refused.to_string().contains("the rule document"),
        "{refused}"
    );
    let another = rule.replace("[\"document\"]", "[\"document\", \"birth_date\"]");
    let config = edited(&installation, rule, &another);
    assert!(started(&installation, &config).await.is_err());
}

#[tokio::test]
async fn a_schema_grows_and_old_ids_stay() {
    let installation = with_anna().await;
    let core = installation.open().await;
    let id = register(&core, "main", ANNA).await.unwrap();
    core.store.close().await.unwrap();
    drop(core);
    let attribute = "{ name = \"document\", kind = \"document\" },";
    let more = format!("{attribute} {{ name = \"email\", kind = \"email\" }},");
    let rule = "{ name = \"document\", attributes = [\"document\"], kind = \"unique\" },";
    let email =
        format!("{rule} {{ name = \"email\", attributes = [\"email\"], kind = \"hint\" }},");
    let grown = edited(&installation, attribute, &more);
    drop(grown);
    let text = fs::read_to_string(installation.path.with_file_name("edited.toml")).unwrap();
    fs::write(&installation.path, text.replace(rule, &email)).unwrap();
    let config = VaultConfig::read(&installation.path).unwrap();
    let core = installation.sealed_with(&config).await.unwrap();
    core.unseal(&crate::testing::caller(), crate::testing::passphrase())
        .await
        .unwrap();
    assert!(register(&core, "main", ANNA).await.unwrap() == id);
    core.store.close().await.unwrap();
    drop(core);
    // The new rule is one that people may have been registered under by now.
    assert!(started(&installation, &installation.config).await.is_err());
}
