//! The canonical bytes of one rule's attributes of a person.

use symbolon_crypto::{Zeroizing, labels};

use crate::canonical::{Canonical, Kind};
use crate::schema::RuleId;

/// One rule's attributes of one person: wiped when it goes, never shown.
///
/// Kind and canonical value of each attribute, in the rule's order, each with its length
/// before it: no two different lists of values have the same bytes.
pub struct MatchKey {
    rule: RuleId,
    bytes: Zeroizing<Vec<u8>>,
}

impl MatchKey {
    /// The rule that it is of.
    pub fn rule(&self) -> &RuleId {
        &self.rule
    }

    pub(crate) fn new(rule: RuleId, values: &[(Kind, &Canonical)]) -> Self {
        let fields: Vec<&[u8]> = values
            .iter()
            .flat_map(|(kind, value)| [kind.as_str().as_bytes(), value.as_str().as_bytes()])
            .collect();
        Self {
            rule,
            bytes: labels::frame(labels::MATCH_KEY, &fields),
        }
    }

    /// Its bytes: only stretching needs them.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }
}
