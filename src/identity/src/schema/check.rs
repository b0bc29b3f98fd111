//! From a configuration to a schema that can't be wrong.

use std::collections::BTreeMap;

use super::{
    Attribute, AttributeConfig, MAX_ATTRIBUTES, MAX_RULES, Part, Rule, RuleConfig, RuleId,
    RuleKind, Schema, SchemaConfig, canonicaliser,
};
use crate::canonical::{Fold, Folds, Kind, VERSION};
use crate::error::Error;

impl TryFrom<SchemaConfig> for Schema {
    type Error = Error;

    fn try_from(config: SchemaConfig) -> Result<Self, Error> {
        let attributes = attributes(config.attributes)?;
        let rules = rules(config.rules, &attributes)?;
        Ok(Self { attributes, rules })
    }
}

fn attributes(configs: Vec<AttributeConfig>) -> Result<Vec<Attribute>, Error> {
    let found = configs.len();
    if !(1..=MAX_ATTRIBUTES).contains(&found) {
        return Err(Error::AttributeCount {
            found,
            most: MAX_ATTRIBUTES,
        });
    }
    let mut attributes: Vec<Attribute> = Vec::with_capacity(found);
    for config in configs {
        let attribute = attribute(config)?;
        if attributes.iter().any(|other| other.name == attribute.name) {
            return Err(Error::AttributeTwice(attribute.name));
        }
        attributes.push(attribute);
    }
    Ok(attributes)
}

fn attribute(config: AttributeConfig) -> Result<Attribute, Error> {
    let name = name(config.name)?;
    let kind = config.kind;
    let folds = folds(&name, kind, &config.folds)?;
    let (lower, upper) = kind.length();
    let (least, most) = (config.least.unwrap_or(lower), config.most.unwrap_or(upper));
    if least < lower || most > upper || least > most {
        return Err(Error::Bounds {
            attribute: name,
            kind,
            least: lower,
            most: upper,
        });
    }
    Ok(Attribute {
        name,
        kind,
        folds,
        least,
        most,
    })
}

fn folds(attribute: &str, kind: Kind, folds: &[Fold]) -> Result<Folds, Error> {
    match folds.first() {
        Some(&fold) if !matches!(kind, Kind::Name | Kind::Text) => Err(Error::FoldOfKind {
            attribute: attribute.to_owned(),
            fold,
        }),
        _ => Ok(folds.iter().copied().collect()),
    }
}

fn rules(configs: Vec<RuleConfig>, attributes: &[Attribute]) -> Result<Vec<Rule>, Error> {
    let found = configs.len();
    if !(1..=MAX_RULES).contains(&found) {
        return Err(Error::RuleCount {
            found,
            most: MAX_RULES,
        });
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(found);
    for config in configs {
        let rule = rule(config, attributes)?;
        for other in &rules {
            distinct(other, &rule)?;
        }
        rules.push(rule);
    }
    match rules
        .iter()
        .filter(|rule| rule.always && !rule.outdated)
        .count()
    {
        1 => Ok(rules),
        count => Err(Error::Always(count)),
    }
}

fn rule(config: RuleConfig, attributes: &[Attribute]) -> Result<Rule, Error> {
    let name = name(config.name)?;
    if config.permanent && config.kind == RuleKind::Hint {
        return Err(Error::PermanentHint(name));
    }
    if config.permanent && config.outdated {
        return Err(Error::PermanentOutdated(name));
    }
    if !config.outdated && (config.canonicaliser.is_some() || !config.folds.is_empty()) {
        return Err(Error::OptionsOfOutdated(name));
    }
    let parts = parts(&name, &config.attributes, &config.folds, attributes)?;
    let canonicaliser = made_by(&name, config.canonicaliser)?;
    Ok(Rule {
        id: RuleId::of(&canonicaliser, config.kind, attributes, &parts),
        name,
        parts,
        kind: config.kind,
        always: config.always,
        permanent: config.permanent,
        outdated: config.outdated,
    })
}

fn parts(
    rule: &str,
    names: &[String],
    own_folds: &BTreeMap<String, Vec<Fold>>,
    attributes: &[Attribute],
) -> Result<Vec<Part>, Error> {
    if names.is_empty() {
        return Err(Error::NoAttributes(rule.to_owned()));
    }
    let unknown = |name: &String| Error::UnknownAttribute {
        rule: rule.to_owned(),
        attribute: name.clone(),
    };
    if let Some(name) = own_folds.keys().find(|name| !names.contains(name)) {
        return Err(unknown(name));
    }
    let mut parts: Vec<Part> = Vec::with_capacity(names.len());
    for name in names {
        let position = attributes
            .iter()
            .position(|a| a.name == *name)
            .ok_or_else(|| unknown(name))?;
        if parts.iter().any(|part| part.attribute == position) {
            return Err(Error::AttributeTwiceInRule {
                rule: rule.to_owned(),
                attribute: name.clone(),
            });
        }
        let attribute = &attributes[position];
        let folds = match own_folds.get(name) {
            Some(own) => folds(name, attribute.kind, own)?,
            None => attribute.folds,
        };
        parts.push(Part {
            attribute: position,
            folds,
        });
    }
    Ok(parts)
}

/// The canonicaliser that a rule's keys were made by. Forms of one version are the same
/// under every version of Unicode: assigned characters keep their normalization and folding.
fn made_by(rule: &str, version: Option<String>) -> Result<String, Error> {
    let Some(version) = version else {
        return Ok(canonicaliser());
    };
    let unicode = version.strip_prefix(&format!("{VERSION}/"));
    let parts: Option<Vec<u8>> =
        unicode.and_then(|u| u.split('.').map(|n| n.parse().ok()).collect());
    if parts.is_some_and(|parts| parts.len() == 3) {
        Ok(version)
    } else {
        Err(Error::UnknownCanonicaliser {
            rule: rule.to_owned(),
            canonicaliser: version,
        })
    }
}

/// Two current rules of the same attributes contradict or repeat each other; an outdated
/// one may have the attributes of its successor, but not its ID.
fn distinct(one: &Rule, other: &Rule) -> Result<(), Error> {
    if one.name == other.name {
        return Err(Error::RuleTwice(one.name.clone()));
    }
    let attributes = |rule: &Rule| {
        let mut sorted: Vec<usize> = rule.parts.iter().map(|part| part.attribute).collect();
        sorted.sort_unstable();
        sorted
    };
    let both_current = !one.outdated && !other.outdated;
    if one.id == other.id || (both_current && attributes(one) == attributes(other)) {
        return Err(Error::SameRule(one.name.clone(), other.name.clone()));
    }
    Ok(())
}

fn name(name: String) -> Result<String, Error> {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    let all = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if first && all && name.len() <= 64 {
        Ok(name)
    } else {
        Err(Error::BadName(name))
    }
}
