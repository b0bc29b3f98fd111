use std::time::Duration;

use thiserror::Error;

use crate::canonical::{Fold, Kind};

/// What this crate refuses, apart from a person's values ([`crate::canonical::Flaw`]).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// Too many or too few attributes.
    #[error("a schema has 1 to {most} attributes, this one has {found}")]
    AttributeCount {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// Too many or too few rules.
    #[error("a schema has 1 to {most} rules, this one has {found}")]
    RuleCount {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A name that isn't one.
    #[error("`{0}` is not a name: 1 to 64 characters of a-z, 0-9 and _, a letter first")]
    BadName(String),
    /// Two attributes of one name.
    #[error("two attributes are named `{0}`")]
    AttributeTwice(String),
    /// Two rules of one name.
    #[error("two rules are named `{0}`")]
    RuleTwice(String),
    /// Length bounds that nothing meets, or that the kind doesn't allow.
    #[error(
        "attribute `{attribute}`: length bounds of kind `{kind}` lie between {least} and {most}, least first"
    )]
    Bounds {
        /// The attribute.
        attribute: String,
        /// Its kind.
        kind: Kind,
        /// The kind's own lower bound.
        least: u16,
        /// The kind's own upper bound.
        most: u16,
    },
    /// A fold that a kind doesn't have.
    #[error("attribute `{attribute}`: the fold `{}` is for names and text only", fold.as_str())]
    FoldOfKind {
        /// The attribute.
        attribute: String,
        /// The fold.
        fold: Fold,
    },
    /// A rule without attributes.
    #[error("rule `{0}` names no attribute")]
    NoAttributes(String),
    /// A rule that names what the schema doesn't have.
    #[error("rule `{rule}` names `{attribute}`, which is not an attribute of the schema")]
    UnknownAttribute {
        /// The rule.
        rule: String,
        /// What it names.
        attribute: String,
    },
    /// A rule that names an attribute twice.
    #[error("rule `{rule}` names `{attribute}` twice")]
    AttributeTwiceInRule {
        /// The rule.
        rule: String,
        /// What it names twice.
        attribute: String,
    },
    /// Two rules of the same attributes.
    #[error("rules `{0}` and `{1}` have the same attributes")]
    SameRule(String, String),
    /// None or several rules marked `always`.
    #[error("exactly one current rule is marked `always`; {0} are")]
    Always(usize),
    /// A hint can't tell people apart.
    #[error("rule `{0}` is `permanent`, but not `unique`")]
    PermanentHint(String),
    /// An outdated rule only finds.
    #[error("rule `{0}` is outdated, so it can't be `permanent`")]
    PermanentOutdated(String),
    /// Options that only an outdated rule has.
    #[error("rule `{0}` is current, so it has no `canonicaliser` and no `folds` of its own")]
    OptionsOfOutdated(String),
    /// A canonicaliser that this version can't stand in for.
    #[error(
        "rule `{rule}`: canonicaliser `{canonicaliser}` is unknown; this is `{}`",
        crate::schema::canonicaliser()
    )]
    UnknownCanonicaliser {
        /// The rule.
        rule: String,
        /// What it asks for.
        canonicaliser: String,
    },
    /// A pool of impossible size.
    #[error(
        "a pool has 1 to {} threads and {} to {} places",
        crate::stretch::MAX_THREADS,
        crate::schema::MAX_RULES,
        crate::stretch::MAX_PLACES
    )]
    PoolSize,
    /// The operating system gave no thread.
    #[error("cannot start a worker thread: {0}")]
    Thread(std::io::ErrorKind),
    /// Every place in the queue is taken.
    #[error("busy; try again in {} ms", retry_after.as_millis())]
    Busy {
        /// When there should be room.
        retry_after: Duration,
    },
    /// The pool is gone.
    #[error("the pool has stopped")]
    Stopped,
}
