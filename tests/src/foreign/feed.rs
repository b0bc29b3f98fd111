//! Feeds as they are read.

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// The cases that one program made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feed {
    pub(super) language: String,
    pub(super) cases: Vec<Case>,
}

/// Bytes, what they are said to be, and whether that holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) inputs: Value,
    pub(super) bytes: Bytes,
    pub(super) expect: Expect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Expect {
    Accept,
    Refuse,
}

/// Bytes of any number, `0x` and lower-case hexadecimal in JSON.
#[derive(Debug)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text
            .strip_prefix("0x")
            .filter(|digits| !digits.bytes().any(|digit| digit.is_ascii_uppercase()));
        digits
            .and_then(|digits| hex::decode(digits).ok())
            .map(Self)
            .ok_or_else(|| de::Error::custom("bytes that are not 0x and lower-case hexadecimal"))
    }
}

impl Feed {
    /// What keeps the feed from proving anything.
    pub(super) fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        for expect in [Expect::Accept, Expect::Refuse] {
            if !self.cases.iter().any(|case| case.expect == expect) {
                flaws.push(format!("no case to {expect:?}").to_lowercase());
            }
        }
        let mut names: Vec<&str> = self.cases.iter().map(|case| case.name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).filter(|pair| pair[0] == pair[1]);
        flaws.extend(twice.map(|pair| format!("{}: a name that stands twice", pair[0])));
        flaws.extend(
            self.cases
                .iter()
                .filter(|case| case.expect == Expect::Accept && !self.has_variant(case))
                .map(|case| format!("{}: no wrong variant of it", case.name)),
        );
        flaws
    }

    /// Whether there is a wrong variant of an accepted case, of the same kind.
    fn has_variant(&self, case: &Case) -> bool {
        let is_variant = |other: &Case| {
            let tail = other.name.strip_prefix(&case.name);
            tail.is_some_and(|tail| tail.starts_with('/'))
        };
        self.cases.iter().any(|other| {
            other.expect == Expect::Refuse && other.kind == case.kind && is_variant(other)
        })
    }
}
