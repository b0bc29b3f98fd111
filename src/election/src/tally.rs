//! The tally: the figures that officers certify.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{ElectionId, Error, Shape, TallyHash, json};

const WHAT: &str = "tally";
const LIMIT: usize = 1024 * 1024;

/// Why a ballot on the ledger doesn't count. Where several reasons hold, the first
/// one here is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Exclusion {
    /// Its time is before opens.
    Early,
    /// Its time is after closes + grace.
    Late,
    /// Its sequence isn't less than maxBallots, or its choice doesn't fit the shape.
    Malformed,
    /// The ballot's signature isn't its ballot key's.
    BallotSignature,
    /// The token's signature isn't that of an issuer known by then.
    TokenSignature,
    /// The voter ID doesn't stand at its place of the roll known by then.
    NotInRoll,
    /// After Close: of another ballot key than the place was issued.
    OtherKey,
    /// Before Close: the place has ballots of two keys.
    Contested,
    /// Another ballot of the same place and key counts.
    Superseded,
}

/// The entries in time: `[first, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Index of the first entry in time.
    pub first: u64,
    /// Index of the first one no more in time.
    pub end: u64,
}

/// The answers to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionTally {
    /// How many counted ballots chose nothing.
    pub blank: u64,
    /// How many chose each option.
    pub options: Vec<u64>,
}

/// The figures of an election.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tally {
    /// The election.
    pub election: ElectionId,
    /// Up to which size of the log was counted.
    pub ledger_size: u64,
    /// Which of its entries are in time.
    pub range: Range,
    /// How many places the roll has.
    pub roll_size: u32,
    /// How many of them were issued a ballot key; unknown (`null`) before Close.
    pub issued: Option<u32>,
    /// How many ballots of this election the ledger holds.
    pub ballots: u64,
    /// How many of them count.
    pub counted: u64,
    /// How many don't, by reason; reasons that no ballot has are left out.
    pub excluded: BTreeMap<Exclusion, u64>,
    /// Each question's answers.
    pub questions: Vec<QuestionTally>,
}

impl Tally {
    /// Writes RFC 8785 JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::canonical(self)
    }

    /// Reads the JSON; other bytes for the same tally are refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let tally: Self = json::parse(WHAT, LIMIT, bytes)?;
        match tally.to_json() == bytes {
            true => Ok(tally),
            false => Err(Error::NotCanonical { what: WHAT }),
        }
    }

    /// SHA-256 of the JSON, which officers certify.
    pub fn hash(&self) -> TallyHash {
        TallyHash::new(Sha256::digest(self.to_json()).into())
    }

    /// Empty answers for a shape.
    pub(crate) fn no_answers(shape: &Shape) -> Vec<QuestionTally> {
        let empty = |options| QuestionTally {
            blank: 0,
            options: vec![0; options],
        };
        shape
            .questions()
            .iter()
            .map(|question| empty(usize::from(question.options())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_has_one_form() {
        let tally = Tally {
            election: ElectionId::new([7; 32]),
            ledger_size: 10,
            range: Range { first: 2, end: 9 },
            roll_size: 5,
            issued: Some(4),
            ballots: 6,
            counted: 3,
            excluded: [(Exclusion::Superseded, 2), (Exclusion::Late, 1)].into(),
            questions: vec![QuestionTally {
                blank: 1,
                options: vec![2, 0],
            }],
        };
        let text = concat!(
            r#"{"ballots":6,"counted":3,"election":"0x"#,
            "0707070707070707070707070707070707070707070707070707070707070707",
            r#"","excluded":{"late":1,"superseded":2},"issued":4,"ledgerSize":10,"#,
            r#""questions":[{"blank":1,"options":[2,0]}],"range":{"end":9,"first":2},"rollSize":5}"#,
        );
        assert_eq!(String::from_utf8(tally.to_json()).unwrap(), text);
        assert_eq!(Tally::parse(text.as_bytes()).unwrap(), tally);
        assert!(Tally::parse(format!("{text} ").as_bytes()).is_err());
    }
}
