//! The suite that every adapter passes: what [`Store`](crate::Store) promises, as facts.
//!
//! The facts panic where a promise is broken.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a suite of tests"
)]

use std::sync::Arc;

use crate::{Change, Key, Outcome, Revision, Store, StoreFuture};

mod audit;
mod closing;
mod commits;
mod reads;
mod snapshots;

pub use crate::memory::{Memory, MemoryStore};

/// A store that can be closed and opened again.
pub trait Subject: Send + Sync {
    /// Opens it; what was opened before has been closed.
    fn open(&self) -> Arc<dyn Store>;
}

/// A fact, by its name.
pub type Fact = (
    &'static str,
    for<'a> fn(&'a dyn Subject) -> StoreFuture<'a, ()>,
);

macro_rules! facts {
    ($($module:ident :: $fact:ident),* $(,)?) => {
        /// All facts.
        pub const FACTS: &[Fact] = &[
            $((stringify!($fact), |subject| Box::pin($module::$fact(subject)))),*
        ];
    };
}

facts![
    commits::a_change_is_visible_when_it_is_answered,
    commits::a_condition_on_absence_lets_the_first_win,
    commits::a_condition_on_a_revision_refuses_what_was_read_before,
    commits::the_first_failed_condition_is_named,
    commits::a_refused_change_leaves_nothing_behind,
    commits::changes_of_one_call_are_independent_and_in_order,
    commits::a_deleted_key_written_again_has_another_revision,
    commits::of_many_who_race_for_one_key_one_wins,
    commits::a_change_without_writes_only_tests,
    commits::a_call_longer_than_a_group_is_made_whole,
    commits::what_is_too_long_is_refused_alone,
    commits::the_longest_key_and_value_are_kept,
    commits::a_dropped_call_is_made_all_the_same,
    reads::a_get_answers_in_the_order_of_its_keys,
    reads::a_scan_goes_in_the_order_of_keys,
    reads::a_scan_goes_on_after_a_key,
    reads::a_scan_of_an_empty_range_is_empty,
    reads::tables_do_not_run_into_each_other,
    reads::a_get_never_sees_half_a_change,
    audit::leaves_stand_in_the_order_of_changes,
    audit::the_root_is_that_of_the_leaves,
    audit::leaves_beyond_the_last_are_none,
    audit::proofs_within_trees_of_any_size_hold,
    audit::a_proof_about_what_is_not_there_is_none,
    audit::proofs_hold_after_a_restart,
    snapshots::a_snapshot_does_not_see_later_changes,
    snapshots::pages_of_a_snapshot_are_full_until_the_end,
    closing::what_was_committed_is_there_after_a_restart,
    closing::revisions_go_on_after_a_restart,
    closing::a_closed_store_refuses,
];

/// Shows that fresh stores, as `fresh` makes them, behave as all facts say.
pub async fn check_all<S: Subject>(mut fresh: impl FnMut() -> S) {
    for (name, fact) in FACTS {
        // Tells which one it was, should it panic.
        let telling = Telling(name);
        fact(&fresh()).await;
        std::mem::forget(telling);
    }
}

struct Telling(&'static str);

impl Drop for Telling {
    #[allow(clippy::print_stderr, reason = "a suite of tests")]
    fn drop(&mut self) {
        eprintln!("the store breaks this promise: {}", self.0);
    }
}

fn key(name: &str) -> Key {
    Key::new(0x20, &[name.as_bytes()])
}

fn put(name: &str, value: &str) -> Change {
    Change::new().put(key(name), value.into())
}

/// Makes a change that has to succeed.
async fn make(store: &dyn Store, change: Change) -> Revision {
    match store.commit_one(change).await.unwrap() {
        Outcome::Committed { revision, .. } => revision,
        conflict @ Outcome::Conflict { .. } => panic!("{conflict:?}"),
    }
}

/// The text under a key.
async fn text(store: &dyn Store, name: &str) -> Option<String> {
    let value = store.get_one(key(name)).await.unwrap();
    value.map(|value| String::from_utf8(value.bytes).unwrap())
}
