use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RuleKind;
use crate::canonical::{Fold, Kind};

/// A schema as it stands in a configuration file.
///
/// ```toml
/// [[attributes]]
/// name = "family_name"
/// kind = "name"
/// folds = ["yo-as-ye"]
///
/// [[attributes]]
/// name = "birth_date"
/// kind = "date"
///
/// [[attributes]]
/// name = "passport"
/// kind = "document"
/// least = 6
///
/// [[rules]]
/// name = "person"
/// attributes = ["family_name", "birth_date"]
/// kind = "hint"
/// always = true
///
/// [[rules]]
/// name = "passport"
/// attributes = ["passport"]
/// kind = "unique"
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaConfig {
    /// The attributes.
    pub attributes: Vec<AttributeConfig>,
    /// The rules.
    pub rules: Vec<RuleConfig>,
}

/// One attribute in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeConfig {
    /// 1 to 64 characters of a-z, 0-9 and _, a letter first.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Equations of letters; for names and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<Fold>,
    /// The least characters of a canonical value, if not the kind's own bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<u16>,
    /// The most characters of a canonical value, if not the kind's own bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u16>,
}

/// One rule in a configuration file.
///
/// A rule that changes gets a new ID, under which nobody is known yet. So the old one stays
/// in the file, marked `outdated`, until every record has a key of the new one: it still
/// finds, but nothing new is written under it. It keeps what it was made with: `folds` that
/// its attributes had, and the `canonicaliser` version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// 1 to 64 characters of a-z, 0-9 and _, a letter first.
    pub name: String,
    /// Names of attributes; their order counts.
    pub attributes: Vec<String>,
    /// Unique or hint.
    pub kind: RuleKind,
    /// Exactly one current rule is marked so. An outdated one may be as well: records that
    /// are older than the current one are known by it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub always: bool,
    /// Two values are two people.
    #[serde(default, skip_serializing_if = "is_false")]
    pub permanent: bool,
    /// Looked up until it is taken out of the file; never written.
    #[serde(default, skip_serializing_if = "is_false")]
    pub outdated: bool,
    /// Outdated rules only: the canonicaliser's version at the time, such as `1/17.0.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonicaliser: Option<String>,
    /// Outdated rules only: the folds that attributes had at the time, where they differ.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub folds: BTreeMap<String, Vec<Fold>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_false(value: &bool) -> bool {
    !value
}
