//! What an installation asks of people, and which of it identifies them.
//!
//! A schema is parsed from configuration and checked as a whole; a [`Schema`] can't be wrong.

mod check;
mod config;
mod rule_id;

#[cfg(test)]
mod tests;

use crate::canonical::{Folds, Kind};

pub use config::{AttributeConfig, RuleConfig, SchemaConfig};
pub use rule_id::{RuleId, canonicaliser};

/// The most attributes of a schema.
pub const MAX_ATTRIBUTES: usize = 32;
/// The most rules of a schema, outdated ones included.
pub const MAX_RULES: usize = 8;

/// The attributes and rules of an installation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "SchemaConfig")]
pub struct Schema {
    attributes: Vec<Attribute>,
    rules: Vec<Rule>,
}

impl Schema {
    /// The attributes, in the order of the configuration.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The rules, in the order of the configuration, outdated ones included.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule whose attributes every request carries.
    pub fn always(&self) -> &Rule {
        self.rules
            .iter()
            .find(|rule| rule.always && !rule.outdated)
            .expect("checked when the schema was made")
    }

    /// The rule of an ID.
    pub fn rule(&self, id: &RuleId) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == *id)
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.attributes
            .iter()
            .position(|attribute| attribute.name == name)
    }
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    name: String,
    kind: Kind,
    folds: Folds,
    least: u16,
    most: u16,
}

impl Attribute {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its folds.
    pub fn folds(&self) -> Folds {
        self.folds
    }

    /// The least and most characters of its canonical values. Not part of any rule's ID.
    pub fn length(&self) -> (u16, u16) {
        (self.least, self.most)
    }
}

/// What it means that two people share the attributes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// They are one person: a document.
    Unique,
    /// They may be one person: name and birth date.
    Hint,
}

impl RuleKind {
    /// The word that stands for it in schemas and in rule IDs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unique => "unique",
            Self::Hint => "hint",
        }
    }
}

/// An ordered list of attributes under which people are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    id: RuleId,
    name: String,
    parts: Vec<Part>,
    kind: RuleKind,
    always: bool,
    permanent: bool,
    outdated: bool,
}

/// An attribute as one rule sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its position in the schema.
    pub(crate) attribute: usize,
    /// The attribute's folds, or an outdated rule's own.
    pub(crate) folds: Folds,
}

impl Rule {
    /// Its ID: the same as long as nothing changes that shapes its match keys.
    pub fn id(&self) -> &RuleId {
        &self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its attributes, in order. `schema` is the one that the rule is of.
    pub fn attributes<'a>(&'a self, schema: &'a Schema) -> impl Iterator<Item = &'a str> {
        self.parts
            .iter()
            .map(|part| schema.attributes[part.attribute].name.as_str())
    }

    /// Unique or hint.
    pub fn kind(&self) -> RuleKind {
        self.kind
    }

    /// Whether it says that a record found by another rule is the right one. Every request
    /// carries the attributes of the current one.
    pub fn always(&self) -> bool {
        self.always
    }

    /// Whether two values of it are two people.
    pub fn permanent(&self) -> bool {
        self.permanent
    }

    /// Whether it only finds: no new match key of it is attached to any record.
    pub fn outdated(&self) -> bool {
        self.outdated
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }
}
