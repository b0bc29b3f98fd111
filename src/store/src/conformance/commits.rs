//! Changes: conditions, wholeness, order, limits.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;

use super::{Subject, key, make, put, text};
use crate::{Change, Key, MAX_KEY, MAX_VALUE, Outcome, Revision, StoreError};

pub(super) async fn a_change_is_visible_when_it_is_answered(subject: &dyn Subject) {
    let store = subject.open();
    for round in 0..20 {
        let revision = make(&*store, put("row", &round.to_string())).await;
        let found = store.get_one(key("row")).await.unwrap().unwrap();
        assert_eq!(
            (found.revision, found.bytes),
            (revision, round.to_string().into_bytes())
        );
        assert_eq!(store.head().await.unwrap().generation(), revision.number());
    }
    make(&*store, Change::new().delete(key("row"))).await;
    assert_eq!(text(&*store, "row").await, None);
}

pub(super) async fn a_condition_on_absence_lets_the_first_win(subject: &dyn Subject) {
    let store = subject.open();
    make(&*store, put("place", "first").absent(key("place"))).await;
    let second = store
        .commit_one(put("place", "second").absent(key("place")))
        .await;
    assert_eq!(
        second,
        Ok(Outcome::Conflict {
            condition: 0,
            key: key("place")
        })
    );
    assert_eq!(text(&*store, "place").await.as_deref(), Some("first"));
}

pub(super) async fn a_condition_on_a_revision_refuses_what_was_read_before(subject: &dyn Subject) {
    let store = subject.open();
    let read = make(&*store, put("row", "a")).await;
    make(&*store, put("row", "b").at(key("row"), read)).await;
    let late = store
        .commit_one(put("row", "c").at(key("row"), read))
        .await
        .unwrap();
    assert!(!late.is_committed());
    let gone = put("other", "x").at(key("missing"), read);
    assert!(!store.commit_one(gone).await.unwrap().is_committed());
    assert_eq!(text(&*store, "row").await.as_deref(), Some("b"));
}

pub(super) async fn the_first_failed_condition_is_named(subject: &dyn Subject) {
    let store = subject.open();
    let revision = make(&*store, put("a", "1").put(key("b"), b"2".to_vec())).await;
    let change = put("c", "3")
        .at(key("a"), revision)
        .absent(key("free"))
        .absent(key("b"));
    let answer = store.commit_one(change.absent(key("a"))).await;
    assert_eq!(
        answer,
        Ok(Outcome::Conflict {
            condition: 2,
            key: key("b")
        })
    );
}

pub(super) async fn a_refused_change_leaves_nothing_behind(subject: &dyn Subject) {
    let store = subject.open();
    make(&*store, put("taken", "1").audit(b"one".to_vec())).await;
    let before = store.head().await.unwrap();
    let change = put("new", "2").delete(key("taken")).audit(b"two".to_vec());
    let refused = store.commit_one(change.absent(key("taken"))).await.unwrap();
    assert!(!refused.is_committed());
    assert_eq!(text(&*store, "new").await, None);
    assert_eq!(text(&*store, "taken").await.as_deref(), Some("1"));
    assert_eq!(store.head().await.unwrap(), before);
}

pub(super) async fn changes_of_one_call_are_independent_and_in_order(subject: &dyn Subject) {
    let store = subject.open();
    let changes = vec![
        put("a", "first").absent(key("a")),
        put("a", "second").absent(key("a")),
        put("b", "third").absent(key("b")),
        put("a", "fourth"),
        Change::new().delete(key("b")),
        put("c", "fifth").absent(key("b")),
    ];
    let answers = store.commit(changes).await;
    let made: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().is_committed())
        .collect();
    assert_eq!(made, [true, false, true, true, true, true]);
    assert_eq!(text(&*store, "a").await.as_deref(), Some("fourth"));
    assert_eq!(text(&*store, "b").await, None);
    assert_eq!(text(&*store, "c").await.as_deref(), Some("fifth"));
}

pub(super) async fn a_deleted_key_written_again_has_another_revision(subject: &dyn Subject) {
    let store = subject.open();
    let first = make(&*store, put("row", "same")).await;
    make(&*store, Change::new().delete(key("row"))).await;
    let second = make(&*store, put("row", "same")).await;
    assert!(second > first);
    assert!(
        !store
            .commit_one(put("row", "x").at(key("row"), first))
            .await
            .unwrap()
            .is_committed()
    );
}

pub(super) async fn of_many_who_race_for_one_key_one_wins(subject: &dyn Subject) {
    let store = subject.open();
    let race = (0..200).map(|n| {
        let place = format!("place {}", n % 10);
        store.commit_one(
            put(&place, &n.to_string())
                .absent(key(&place))
                .audit(vec![n]),
        )
    });
    let answers = futures_util::future::join_all(race).await;
    let won = answers
        .iter()
        .filter(|answer| answer.as_ref().unwrap().is_committed())
        .count();
    assert_eq!(won, 10);
    assert_eq!(store.head().await.unwrap().audit_size(), 10);
}

pub(super) async fn a_change_without_writes_only_tests(subject: &dyn Subject) {
    let store = subject.open();
    let revision = make(&*store, put("row", "1")).await;
    let before = store.head().await.unwrap();
    let holds = store
        .commit_one(Change::new().at(key("row"), revision))
        .await
        .unwrap();
    assert_eq!(
        holds,
        Outcome::Committed {
            revision,
            first_leaf: 0
        }
    );
    let fails = store
        .commit_one(Change::new().absent(key("row")))
        .await
        .unwrap();
    assert!(!fails.is_committed());
    assert_eq!(store.head().await.unwrap(), before);
    assert_eq!(store.commit(Vec::new()).await, []);
}

pub(super) async fn a_call_longer_than_a_group_is_made_whole(subject: &dyn Subject) {
    let store = subject.open();
    let changes = (0..1500)
        .map(|n| put(&format!("{n:04}"), "x").audit(vec![1]))
        .collect();
    let answers = store.commit(changes).await;
    let revisions: BTreeSet<Revision> = answers
        .into_iter()
        .map(|answer| match answer.unwrap() {
            Outcome::Committed {
                revision,
                first_leaf,
            } => {
                assert_eq!(revision.number(), first_leaf + 1);
                revision
            }
            conflict @ Outcome::Conflict { .. } => panic!("{conflict:?}"),
        })
        .collect();
    assert_eq!(revisions.len(), 1500);
}

pub(super) async fn what_is_too_long_is_refused_alone(subject: &dyn Subject) {
    let store = subject.open();
    let long_key = Key::new(0x20, &[&[0; MAX_KEY]]);
    let answers = store
        .commit(vec![
            put("a", "1"),
            Change::new().put(long_key, Vec::new()),
            Change::new().put(key("b"), vec![0; MAX_VALUE + 1]),
            Change::new().audit(vec![0; MAX_VALUE + 1]),
            put("c", "2"),
        ])
        .await;
    assert!(answers[0].is_ok() && answers[4].is_ok());
    let refused = answers[1..4]
        .iter()
        .filter(|a| matches!(a, Err(StoreError::TooLong { .. })));
    assert_eq!(refused.count(), 3);
    assert_eq!(text(&*store, "b").await, None);
}

pub(super) async fn the_longest_key_and_value_are_kept(subject: &dyn Subject) {
    let store = subject.open();
    for n in 0..60_u8 {
        let long = Key::new(0x21, &[&[n; MAX_KEY - 1]]);
        make(
            &*store,
            Change::new()
                .put(long, vec![n; MAX_VALUE])
                .audit(vec![n; MAX_VALUE]),
        )
        .await;
    }
    store.close().await.unwrap();
    let store = subject.open();
    for n in 0..60_u8 {
        let found = store
            .get_one(Key::new(0x21, &[&[n; MAX_KEY - 1]]))
            .await
            .unwrap();
        assert_eq!(found.unwrap().bytes, vec![n; MAX_VALUE]);
    }
    assert_eq!(
        store.audit_leaves(59, 9).await.unwrap(),
        [vec![59; MAX_VALUE]]
    );
}

pub(super) async fn a_dropped_call_is_made_all_the_same(subject: &dyn Subject) {
    let store = subject.open();
    let mut call = store.commit_one(put("row", "made"));
    // One poll takes the call in; then its caller goes away.
    poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_ready())).await;
    drop(call);
    make(&*store, put("later", "too")).await;
    assert_eq!(text(&*store, "row").await.as_deref(), Some("made"));
}
