//! A person's attributes on their way from a request to match keys.

use zeroize::Zeroizing;

use crate::canonical::{self, Canonical, Flaw, Folds, MAX_VALUE_BYTES};
use crate::match_key::MatchKey;
use crate::schema::{Attribute, Rule, Schema};

/// The most bytes of all names and values of one person.
pub const MAX_PERSON_BYTES: usize = 16 * 1024;

/// A person as a portal describes one: names of attributes and their values, as received.
///
/// The only home of personal data. Can't be shown, copied or written; wiped when it goes.
pub struct Person {
    attributes: Vec<(Zeroizing<String>, Zeroizing<String>)>,
}

impl Person {
    /// Takes attributes over from a request.
    pub fn new(attributes: impl IntoIterator<Item = (String, String)>) -> Self {
        let wiping = |(name, value)| (Zeroizing::new(name), Zeroizing::new(value));
        Self {
            attributes: attributes.into_iter().map(wiping).collect(),
        }
    }

    /// Takes attributes over and brings them into canonical form.
    pub fn parse(
        schema: &Schema,
        attributes: impl IntoIterator<Item = (String, String)>,
    ) -> Result<CanonicalPerson, Vec<Problem>> {
        Self::new(attributes).canonical(schema)
    }

    /// The canonical forms and match keys, or everything that is wrong.
    pub fn canonical(&self, schema: &Schema) -> Result<CanonicalPerson, Vec<Problem>> {
        let size: usize = self
            .attributes
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if size > MAX_PERSON_BYTES || self.attributes.len() > schema.attributes().len() * 2 {
            return Err(vec![Problem::whole(Flaw::TooBig)]);
        }
        let (raw, mut problems) = self.arrange(schema);
        let values: Vec<_> = schema
            .attributes()
            .iter()
            .zip(&raw)
            .map(|(attribute, raw)| {
                raw.and_then(|raw| {
                    check(attribute, attribute.folds(), raw)
                        .map_err(|p| problems.push(p))
                        .ok()
                })
            })
            .collect();
        problems.extend(missing(schema, &raw));
        if !problems.is_empty() {
            return Err(problems);
        }
        let keys = schema
            .rules()
            .iter()
            .filter_map(|rule| key(schema, rule, &values, &raw).transpose());
        let keys = keys
            .collect::<Result<_, _>>()
            .map_err(|problem| vec![problem])?;
        Ok(CanonicalPerson { keys })
    }

    /// The values in the schema's order.
    fn arrange(&self, schema: &Schema) -> (Vec<Option<&str>>, Vec<Problem>) {
        let mut raw = vec![None; schema.attributes().len()];
        let mut problems = Vec::new();
        for (name, value) in &self.attributes {
            match schema.position(name) {
                None => problems.push(Problem::whole(Flaw::Unknown)),
                Some(position) if raw[position].is_some() => {
                    problems.push(Problem::of(&schema.attributes()[position], Flaw::Repeated));
                }
                Some(position) => raw[position] = Some(value.as_str()),
            }
        }
        (raw, problems)
    }
}

/// A person whose every attribute is well-formed: what the rest of the system sees of people.
pub struct CanonicalPerson {
    keys: Vec<MatchKey>,
}

impl CanonicalPerson {
    /// The match keys of all rules whose attributes the person has, in the schema's order.
    /// The `always` rule's is among them.
    pub fn match_keys(&self) -> &[MatchKey] {
        &self.keys
    }

    /// The match keys, without the person.
    pub fn into_match_keys(self) -> Vec<MatchKey> {
        self.keys
    }
}

/// What is wrong with a person's attributes. Never holds a value, nor a name that the schema
/// doesn't have: columns may have been swapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The attribute at fault; empty where none of the schema's is.
    pub field: String,
    /// What is wrong with it.
    pub flaw: Flaw,
}

impl Problem {
    /// A stable word for programs.
    pub fn reason(&self) -> &'static str {
        self.flaw.reason()
    }

    /// What is wrong, in words.
    pub fn description(&self) -> String {
        self.flaw.to_string()
    }

    fn whole(flaw: Flaw) -> Self {
        Self {
            field: String::new(),
            flaw,
        }
    }

    fn of(attribute: &Attribute, flaw: Flaw) -> Self {
        Self {
            field: attribute.name().to_owned(),
            flaw,
        }
    }
}

fn check(attribute: &Attribute, folds: Folds, raw: &str) -> Result<Canonical, Problem> {
    let value = canonical::canonical(attribute.kind(), folds, raw)
        .map_err(|flaw| Problem::of(attribute, flaw))?;
    let (least, most) = attribute.length();
    let chars = value.chars();
    if chars < usize::from(least) {
        return Err(Problem::of(attribute, Flaw::TooShort { least }));
    }
    if chars > usize::from(most) {
        return Err(Problem::of(attribute, Flaw::TooLong { most }));
    }
    Ok(value)
}

fn missing(schema: &Schema, raw: &[Option<&str>]) -> Vec<Problem> {
    let required = schema.always().parts().iter().map(|part| part.attribute);
    required
        .filter(|&position| raw[position].is_none())
        .map(|position| Problem::of(&schema.attributes()[position], Flaw::Missing))
        .collect()
}

/// The match key of one rule, if the person has all its attributes.
fn key(
    schema: &Schema,
    rule: &Rule,
    values: &[Option<Canonical>],
    raw: &[Option<&str>],
) -> Result<Option<MatchKey>, Problem> {
    let mut fields = Vec::with_capacity(rule.parts().len());
    let mut own: Vec<Option<Canonical>> = Vec::with_capacity(rule.parts().len());
    for part in rule.parts() {
        let attribute = &schema.attributes()[part.attribute];
        let Some(raw) = raw[part.attribute] else {
            return Ok(None);
        };
        let differs = part.folds != attribute.folds();
        own.push(if differs {
            Some(check(attribute, part.folds, raw)?)
        } else {
            None
        });
    }
    for (part, own) in rule.parts().iter().zip(&own) {
        let Some(value) = own.as_ref().or(values[part.attribute].as_ref()) else {
            return Ok(None);
        };
        fields.push((schema.attributes()[part.attribute].kind(), value));
    }
    Ok(Some(MatchKey::new(*rule.id(), &fields)))
}

const _: () = assert!(MAX_VALUE_BYTES <= MAX_PERSON_BYTES);

#[cfg(test)]
mod tests;
