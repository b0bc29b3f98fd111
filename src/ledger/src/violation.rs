//! What can be wrong with a ledger, by name.

use std::fmt;

use serde::{Serialize, Serializer};
use symbolon_election::ElectionId;

/// Declares the names once: enum, text and documentation are one table.
macro_rules! rules {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal, $breaks:literal;)*) => {
        /// A rule that was broken. Each has a name that doesn't change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The statement or promise that was broken.
            pub const fn breaks(self) -> &'static str {
                match self { $(Self::$variant => $breaks,)* }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

rules! {
    /// The entry isn't the one encoding of any known kind of entry.
    EntryMalformed = "ENTRY_MALFORMED", "ledger";
    /// The entry belongs to an election whose manifest doesn't stand before it.
    UnknownElection = "UNKNOWN_ELECTION", "ledger";
    /// Fewer of the manifest's officers than its threshold signed the statement.
    StatementNotSigned = "STATEMENT_NOT_SIGNED", "ledger";
    /// A manifest of the city's officers breaks a rule of its own fields.
    ManifestInvalid = "MANIFEST_INVALID", "Manifest";
    /// A published file isn't what the statement that names it needs: content, ledger keys or issued list.
    FileInvalid = "FILE_INVALID", "Manifest";
    /// The manifest's ledger keys are those of another ledger.
    OtherLedger = "OTHER_LEDGER", "Manifest";
    /// Two roll statements of one sequence differ; the first counts.
    RollStatementRepeated = "ROLL_STATEMENT_REPEATED", "RollStatement";
    /// A roll statement doesn't come next: a sequence left out, or a roll that doesn't grow.
    RollNotNext = "ROLL_NOT_NEXT", "RollStatement";
    /// A frozen roll was extended after opening, or any roll after Close.
    RollFrozen = "ROLL_FROZEN", "Manifest";
    /// A roll was extended by fewer places than the manifest promises.
    RollBatchTooSmall = "ROLL_BATCH_TOO_SMALL", "Manifest";
    /// The roll's leaves don't have the root that the officers signed, or don't extend the earlier roll.
    RollRoot = "ROLL_ROOT", "RollStatement";
    /// The leaves of one addition aren't strictly ascending.
    RollNotAscending = "ROLL_NOT_ASCENDING", "RollStatement";
    /// One voter ID stands twice in the roll.
    RollLeafTwice = "ROLL_LEAF_TWICE", "RollStatement";
    /// A ballot's token isn't signed by any issuer in force before it.
    TokenIssuer = "TOKEN_ISSUER", "ledger";
    /// A ballot isn't signed by its ballot key.
    BallotSignature = "BALLOT_SIGNATURE", "ledger";
    /// A ballot stands on the ledger outside opens and closes plus grace.
    BallotOutOfTime = "BALLOT_OUT_OF_TIME", "ledger";
    /// A ballot's roll index is beyond the roll as it was before the ballot.
    BallotBeyondRoll = "BALLOT_BEYOND_ROLL", "ledger";
    /// A ballot's voter ID isn't the one at its place of the roll: a token for a phantom.
    BallotNotOnRoll = "BALLOT_NOT_ON_ROLL", "VotingToken";
    /// A ballot's sequence isn't below the manifest's number of ballots.
    BallotSequence = "BALLOT_SEQUENCE", "ledger";
    /// A ballot's choice doesn't fit the questions.
    BallotChoice = "BALLOT_CHOICE", "ledger";
    /// A ballot's key isn't the one the list at Close gives to its place, and the token key was never rotated.
    KeyNotIssued = "KEY_NOT_ISSUED", "Close";
    /// A rotation of the token key from one not in force, to one used before, or after closes.
    RotationInvalid = "ROTATION_INVALID", "IssuerRotation";
    /// Two Close statements of one election differ; the first counts.
    CloseRepeated = "CLOSE_REPEATED", "Close";
    /// A Close not later than closes.
    CloseEarly = "CLOSE_EARLY", "Close";
    /// Close names another roll than the last one before it.
    CloseRoll = "CLOSE_ROLL", "Close";
    /// Two Certified statements of one election differ; the first counts.
    CertifiedRepeated = "CERTIFIED_REPEATED", "Certified";
    /// A Certified not later than closes plus grace, or before any Close.
    CertifiedEarly = "CERTIFIED_EARLY", "Certified";
    /// Certified names a ledger size that doesn't hold the election's entries, or isn't there yet.
    CertifiedSize = "CERTIFIED_SIZE", "Certified";
    /// Certified names another head than the ledger had at that size.
    CertifiedHead = "CERTIFIED_HEAD", "Certified";
    /// The tally recomputed from the ledger isn't the certified one.
    CertifiedTally = "CERTIFIED_TALLY", "Certified";
    /// A receipt's ballot, or a later one of its place and key, wasn't on the ledger in time.
    ReceiptBroken = "RECEIPT_BROKEN", "Receipt";
    /// A checkpoint isn't a signed note of a C2SP checkpoint, written canonically.
    CheckpointMalformed = "CHECKPOINT_MALFORMED", "checkpoint";
    /// A checkpoint is of another log.
    CheckpointOrigin = "CHECKPOINT_ORIGIN", "checkpoint";
    /// A checkpoint names another root than the entries have, or another size than its file.
    CheckpointRoot = "CHECKPOINT_ROOT", "checkpoint";
    /// A checkpoint isn't signed by the log, or carries a false signature of a listed key.
    CheckpointSignature = "CHECKPOINT_SIGNATURE", "checkpoint";
    /// The list of checkpoints isn't written as it must be, or leaves one out.
    CheckpointList = "CHECKPOINT_LIST", "checkpoint";
    /// The log shows other entries than it showed before.
    LogForked = "LOG_FORKED", "checkpoint";
    /// The log is smaller than it was before.
    LogRolledBack = "LOG_ROLLED_BACK", "checkpoint";
    /// An entry bundle isn't readable, or holds other entries than the log.
    BundleAltered = "BUNDLE_ALTERED", "log file";
    /// A hash tile isn't what the entries give.
    TileAltered = "TILE_ALTERED", "log file";
    /// A file of a roll isn't what the roll's leaves give.
    RollFileAltered = "ROLL_FILE_ALTERED", "log file";
    /// A published file doesn't have the SHA-256 it is named by.
    FileAltered = "FILE_ALTERED", "log file";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// An entry of the ledger, from 0.
    Entry(u64),
    /// A published file, by its path.
    File(String),
    /// A place of an election's roll.
    RollIndex(u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(index) => write!(f, "entry {index}"),
            Self::File(path) => f.write_str(path),
            Self::RollIndex(index) => write!(f, "roll place {index}"),
        }
    }
}

/// A broken rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// Where it was broken.
    pub place: Place,
    /// The statement or promise that was broken.
    pub breaks: &'static str,
    /// The election, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub election: Option<ElectionId>,
    /// What was found, for people.
    pub detail: String,
}

impl Violation {
    /// A violation that concerns no single election.
    pub fn new(rule: Rule, place: Place, detail: impl Into<String>) -> Self {
        Self {
            rule,
            place,
            breaks: rule.breaks(),
            election: None,
            detail: detail.into(),
        }
    }

    /// The same, of one election.
    #[must_use]
    pub fn of(mut self, election: ElectionId) -> Self {
        self.election = Some(election);
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: {} (breaks {})",
            self.rule, self.place, self.detail, self.breaks
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_upper_case_and_used_once() {
        let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
        for name in names {
            assert!(
                name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'),
                "{name}"
            );
        }
    }

    #[test]
    fn every_rule_says_what_it_means() {
        for rule in Rule::ALL {
            assert!(rule.meaning().ends_with('.'), "{rule}");
        }
    }
}
