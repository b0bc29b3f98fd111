use std::fmt;
use std::str::FromStr;

use symbolon_crypto::{digest, labels};

use super::{Attribute, Part, RuleKind};
use crate::canonical::{UNICODE_VERSION, VERSION};

/// The hash of everything that shapes a rule's match keys.
///
/// SHA-256 of the label and these fields, each with its length before it: the
/// canonicaliser's version; the rule's kind; and per attribute, in order, its name, its
/// kind and its folds, sorted and joined by commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId([u8; 32]);

impl RuleId {
    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn of(
        canonicaliser: &str,
        kind: RuleKind,
        attributes: &[Attribute],
        parts: &[Part],
    ) -> Self {
        let folds: Vec<String> = parts.iter().map(joined).collect();
        let mut fields = vec![canonicaliser.as_bytes(), kind.as_str().as_bytes()];
        for (part, folds) in parts.iter().zip(&folds) {
            let attribute = &attributes[part.attribute];
            fields.extend([
                attribute.name.as_bytes(),
                attribute.kind.as_str().as_bytes(),
                folds.as_bytes(),
            ]);
        }
        Self(digest::sha256(&labels::frame(labels::RULE_ID, &fields)))
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Text that isn't 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rule ID is 64 hexadecimal digits")]
pub struct NotARuleId;

impl FromStr for RuleId {
    type Err = NotARuleId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        let digits = text.strip_prefix("0x").unwrap_or(text);
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| NotARuleId)?;
        Ok(Self(bytes))
    }
}

/// The version of the canonical forms and of Unicode, as it goes into rule IDs.
pub fn canonicaliser() -> String {
    let (major, minor, patch) = UNICODE_VERSION;
    format!("{VERSION}/{major}.{minor}.{patch}")
}

fn joined(part: &Part) -> String {
    let names: Vec<_> = part.folds.iter().map(|fold| fold.as_str()).collect();
    names.join(",")
}
