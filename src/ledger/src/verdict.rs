//! The one verdict over a ledger.

use std::fmt;

use serde::Serialize;
use symbolon_election::ElectionId;

use crate::findings::Findings;
use crate::violation::Violation;

/// What keeps a verdict from being complete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(
    tag = "gap",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum Gap {
    /// Neither a trust file nor an election ID says whose elections these should be.
    NothingPinned,
    /// A pinned election isn't on the ledger.
    ElectionAbsent {
        /// The election.
        election: ElectionId,
    },
    /// The ledger shows no election of the city's.
    NoElection,
    /// A published file is missing.
    FileMissing {
        /// Its path.
        path: String,
    },
    /// A file could not be read.
    FileUnreadable {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
    /// The roll's leaves are missing: ballots were held against the roll's bounds only.
    BoundsOnly {
        /// The election.
        election: ElectionId,
    },
    /// Entries at the end have no time yet: fewer cosigners than needed have seen them.
    NotCosigned {
        /// The election that needs them.
        election: ElectionId,
        /// The first such entry.
        from: u64,
    },
    /// A complaint proves nothing: ballot or receipt isn't good.
    ComplaintRefused {
        /// The election that it is about.
        election: ElectionId,
        /// Why.
        reason: String,
    },
    /// What would decide a complaint is missing.
    ComplaintUndecided {
        /// The election that it is about.
        election: ElectionId,
        /// What.
        reason: String,
    },
    /// A checkpoint carries a signature by a key that no list of ledger keys names.
    UnknownCosigner {
        /// The checkpoint's path.
        path: String,
    },
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingPinned => {
                f.write_str("nothing pinned: give a trust file or an election ID")
            }
            Self::ElectionAbsent { election } => write!(f, "election {election} is not there"),
            Self::NoElection => f.write_str("no election of the trust file's officers is there"),
            Self::FileMissing { path } => write!(f, "{path} is missing"),
            Self::FileUnreadable { path, reason } => write!(f, "{path} can't be read: {reason}"),
            Self::BoundsOnly { election } => {
                write!(
                    f,
                    "bounds only: the roll of election {election} is not there"
                )
            }
            Self::NotCosigned { election, from } => {
                write!(
                    f,
                    "entries from {from} on have too few cosignatures for election {election}"
                )
            }
            Self::ComplaintRefused { election, reason } => {
                write!(f, "complaint about election {election} refused: {reason}")
            }
            Self::ComplaintUndecided { election, reason } => {
                write!(f, "complaint about election {election} undecided: {reason}")
            }
            Self::UnknownCosigner { path } => write!(f, "{path} is signed by an unlisted key"),
        }
    }
}

/// The one verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// Everything is there, everything holds, and it is the pinned city's.
    Verified,
    /// Nothing wrong was found, but not everything could be checked.
    Incomplete {
        /// What is missing.
        gaps: Vec<Gap>,
    },
    /// A rule was broken.
    Violated {
        /// Each violation by name and place.
        violations: Vec<Violation>,
        /// How many more there are than are listed.
        #[serde(skip_serializing_if = "is_zero")]
        more: u64,
        /// What is missing besides.
        gaps: Vec<Gap>,
    },
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Verdict {
    /// The verdict that follows from what was found.
    pub(crate) fn from_findings(violations: Vec<Violation>, more: u64, gaps: Vec<Gap>) -> Self {
        match (violations.is_empty(), gaps.is_empty()) {
            (true, true) => Self::Verified,
            (true, false) => Self::Incomplete { gaps },
            (false, _) => Self::Violated {
                violations,
                more,
                gaps,
            },
        }
    }

    /// The verdict with what was found elsewhere.
    #[must_use]
    pub fn and(self, other: Findings) -> Self {
        let mut findings = Findings::new();
        match self {
            Self::Verified => {}
            Self::Incomplete { gaps } => gaps.into_iter().for_each(|gap| findings.gap(gap)),
            Self::Violated {
                violations,
                more,
                gaps,
            } => {
                violations
                    .into_iter()
                    .for_each(|violation| findings.violation(violation));
                gaps.into_iter().for_each(|gap| findings.gap(gap));
                findings.add_more(more);
            }
        }
        findings.merge(other);
        findings.verdict()
    }

    /// Whether it is [`Verdict::Verified`].
    pub const fn is_verified(&self) -> bool {
        matches!(self, Self::Verified)
    }

    /// The violations, if any.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Violated { violations, .. } => violations,
            Self::Verified | Self::Incomplete { .. } => &[],
        }
    }

    /// What is missing, if anything.
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Self::Incomplete { gaps } | Self::Violated { gaps, .. } => gaps,
            Self::Verified => &[],
        }
    }
}
