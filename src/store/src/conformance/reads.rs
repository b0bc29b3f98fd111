//! Gets and scans.

use super::{Subject, key, make, put};
use crate::{Change, Key, KeyRange, Row, Store};

pub(super) async fn a_get_answers_in_the_order_of_its_keys(subject: &dyn Subject) {
    let store = subject.open();
    make(&*store, put("a", "1").put(key("b"), b"2".to_vec())).await;
    let found = store
        .get(vec![key("b"), key("none"), key("a"), key("b")])
        .await
        .unwrap();
    let found: Vec<_> = found
        .into_iter()
        .map(|value| value.map(|value| value.bytes))
        .collect();
    let bytes = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(found, [bytes("2"), None, bytes("1"), bytes("2")]);
    assert_eq!(store.get(Vec::new()).await.unwrap(), []);
}

pub(super) async fn a_scan_goes_in_the_order_of_keys(subject: &dyn Subject) {
    let store = subject.open();
    fill(&*store, 0x30, [9, 3, 200, 0, 77, 255]).await;
    let rows = store.scan(KeyRange::table(0x30), 100).await.unwrap();
    assert_eq!(names(&rows), [0, 3, 9, 77, 200, 255]);
    assert_eq!(
        names(&store.scan(KeyRange::all(), 100).await.unwrap()),
        [0, 3, 9, 77, 200, 255]
    );
    assert_eq!(
        names(&store.scan(KeyRange::table(0x30), 2).await.unwrap()),
        [0, 3]
    );
    assert_eq!(store.scan(KeyRange::table(0x30), 0).await.unwrap(), []);
}

pub(super) async fn a_scan_goes_on_after_a_key(subject: &dyn Subject) {
    let store = subject.open();
    fill(&*store, 0x30, 0..100).await;
    let (mut range, mut seen) = (KeyRange::table(0x30), Vec::new());
    loop {
        let rows = store.scan(range.clone(), 7).await.unwrap();
        seen.extend(names(&rows));
        match rows.last() {
            Some(last) if rows.len() == 7 => range = range.after(last.key.clone()),
            _ => break,
        }
    }
    assert_eq!(seen, (0..100).collect::<Vec<u8>>());
}

pub(super) async fn a_scan_of_an_empty_range_is_empty(subject: &dyn Subject) {
    let store = subject.open();
    fill(&*store, 0x30, 0..10).await;
    let row = |n: u8| Key::new(0x30, &[&[n]]);
    let backwards = KeyRange::between(row(5), row(2));
    assert_eq!(store.scan(backwards, 10).await.unwrap(), []);
    assert_eq!(
        store
            .scan(KeyRange::between(row(5), row(5)), 10)
            .await
            .unwrap(),
        []
    );
    let last = KeyRange::between(row(2), row(5)).after(row(4));
    assert_eq!(store.scan(last, 10).await.unwrap(), []);
    assert_eq!(store.scan(KeyRange::table(0x31), 10).await.unwrap(), []);
}

pub(super) async fn tables_do_not_run_into_each_other(subject: &dyn Subject) {
    let store = subject.open();
    for table in [0x00, 0x01, 0x02, 0x03, 0xfe, 0xff] {
        fill(&*store, table, [0, 255]).await;
        make(
            &*store,
            Change::new()
                .put(Key::new(table, &[]), vec![table])
                .audit(vec![1]),
        )
        .await;
    }
    for table in [0x00, 0x01, 0x02, 0x03, 0xfe, 0xff] {
        let rows = store.scan(KeyRange::table(table), 10).await.unwrap();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.key.table() == table));
    }
    assert_eq!(store.scan(KeyRange::all(), 100).await.unwrap().len(), 18);
}

pub(super) async fn a_get_never_sees_half_a_change(subject: &dyn Subject) {
    let store = subject.open();
    let both = |n: u32| {
        let bytes = n.to_be_bytes().to_vec();
        Change::new()
            .put(key("left"), bytes.clone())
            .put(key("right"), bytes)
    };
    let write = async {
        for n in 0..300 {
            make(&*store, both(n)).await;
        }
    };
    let read = async {
        for _ in 0..1000 {
            let found = store.get(vec![key("left"), key("right")]).await.unwrap();
            assert_eq!(found[0], found[1]);
            let rows = store.scan(KeyRange::table(0x20), 9).await.unwrap();
            assert!(rows.windows(2).all(|pair| pair[0].value == pair[1].value));
        }
    };
    futures_util::future::join(write, read).await;
}

async fn fill(store: &dyn Store, table: u8, names: impl IntoIterator<Item = u8>) {
    for name in names {
        make(
            store,
            Change::new().put(Key::new(table, &[&[name]]), vec![name]),
        )
        .await;
    }
}

fn names(rows: &[Row]) -> Vec<u8> {
    rows.iter().map(|row| row.key.name()[0]).collect()
}
