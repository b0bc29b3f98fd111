use super::*;
use crate::simulation::{entries, entry, open};
use symbolon_tlog::{leaf_hash, verify_inclusion};

fn ledger() -> (tempfile::TempDir, LogLedger) {
    let dir = tempfile::tempdir().unwrap();
    let log = open(Folder::own(dir.path()).unwrap(), 100).unwrap();
    (dir, LogLedger::new(log, Arc::new(|| 200)))
}

#[tokio::test]
async fn what_is_submitted_settles_at_once_and_once() {
    let (_dir, ledger) = ledger();
    let ledger: &dyn Ledger = &ledger;
    let at = |index| Submitted::Settled { index };
    assert_eq!(ledger.submit(entries(0..2)).await.unwrap(), [at(0), at(1)]);
    assert_eq!(ledger.submit(entries(1..3)).await.unwrap(), [at(1), at(2)]);
    assert_eq!(ledger.settled_size().await.unwrap(), 3);
    let settled = ledger.settled(1, 10).await.unwrap();
    assert_eq!(
        settled,
        [
            Settled {
                index: 1,
                entry: entry(1)
            },
            Settled {
                index: 2,
                entry: entry(2)
            }
        ]
    );
    assert!(ledger.settled(3, 10).await.unwrap().is_empty());
    assert!(matches!(
        ledger.submit(vec![b"?".to_vec()]).await,
        Err(LedgerError::Refused { position: 0, .. })
    ));
}

#[tokio::test]
async fn the_same_entry_a_hundred_times_in_parallel_is_one() {
    let (_dir, ledger) = ledger();
    let submit = |_| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.submit(vec![entry(7)]).await.unwrap() })
    };
    for task in (0..100).map(submit).collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), [Submitted::Settled { index: 0 }]);
    }
    assert_eq!(ledger.settled_size().await.unwrap(), 1);
}

#[tokio::test]
async fn an_inclusion_is_proved_to_the_first_checkpoint_that_covers_it() {
    let (_dir, ledger) = ledger();
    for (batch, size) in [(0..100, 100), (100..300, 300), (300..700, 700)] {
        ledger.submit(entries(batch)).await.unwrap();
        assert_eq!(ledger.settled_size().await.unwrap(), size);
    }
    for (number, size) in [(0, 100), (99, 100), (100, 300), (299, 300), (300, 700)] {
        let leaf = leaf_hash(&entry(number));
        let found = ledger.inclusion(leaf).await.unwrap().unwrap();
        let head = found.checkpoint.checkpoint();
        assert_eq!(head.size(), size);
        verify_inclusion(&leaf, found.index, size, &found.proof, head.root()).unwrap();
    }
    assert!(ledger.inclusion(leaf_hash(b"?")).await.unwrap().is_none());
}
