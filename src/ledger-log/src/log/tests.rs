use super::*;
use crate::simulation::{entries, entry, key, open, witness};

fn folder() -> (tempfile::TempDir, Log) {
    let dir = tempfile::tempdir().unwrap();
    let log = open(Folder::own(dir.path()).unwrap(), 100).unwrap();
    (dir, log)
}

fn own(kind: KeyKind) -> VerifierKey {
    key().verifier(kind)
}

#[test]
fn a_new_log_has_a_checkpoint_of_no_entries() {
    let (dir, log) = folder();
    assert_eq!((log.size(), log.origin()), (0, "log.example/test"));
    let read = LogReader::folder(dir.path()).checkpoint().unwrap();
    assert_eq!(read.verify(&own(KeyKind::Ed25519)).unwrap().size(), 0);
}

#[test]
fn the_same_entry_has_one_index_forever() {
    let (dir, mut log) = folder();
    assert_eq!(log.append_batch(&entries(0..3), 101).unwrap(), [0, 1, 2]);
    let batch = [entry(9), entry(1), entry(9), entry(10)];
    assert_eq!(log.append_batch(&batch, 102).unwrap(), [3, 1, 3, 4]);
    drop(log);
    let mut log = open(Folder::own(dir.path()).unwrap(), 103).unwrap();
    assert_eq!(log.append_batch(&batch, 104).unwrap(), [3, 1, 3, 4]);
    assert_eq!(log.index_of(&leaf_hash(&entry(2))), Some(2));
    assert_eq!(
        log.checkpoint()
            .cosigned_at(&own(KeyKind::CosignatureV1))
            .unwrap(),
        Some(102)
    );
    assert_eq!(LogReader::folder(dir.path()).sizes().unwrap(), [0, 3, 5]);
}

#[test]
fn an_entry_that_isn_t_canonical_refuses_the_whole_batch() {
    let (_dir, mut log) = folder();
    let mut wrong = entry(1);
    wrong.push(0);
    let refused = log.append_batch(&[entry(0), wrong], 101);
    assert!(matches!(
        refused,
        Err(LogError::Refused { position: 1, .. })
    ));
    assert_eq!(log.size(), 0);
}

#[test]
fn the_log_s_clock_never_goes_back() {
    let (_dir, mut log) = folder();
    log.append_batch(&[entry(0)], 200).unwrap();
    log.append_batch(&[entry(1)], 150).unwrap();
    assert_eq!(
        log.checkpoint()
            .cosigned_at(&own(KeyKind::CosignatureV1))
            .unwrap(),
        Some(200)
    );
}

#[test]
fn a_heartbeat_keeps_the_earliest_time_and_shows_the_latest() {
    let (dir, mut log) = folder();
    log.append_batch(&[entry(0)], 200).unwrap();
    for now in [300, 250, 400] {
        log.heartbeat(now).unwrap();
    }
    for read in [
        LogReader::folder(dir.path()).checkpoint(),
        LogReader::folder(dir.path()).checkpoint_at(1),
    ] {
        let read = read.unwrap();
        assert_eq!(
            read.cosigned_at(&own(KeyKind::CosignatureV1)).unwrap(),
            Some(200)
        );
        assert_eq!(
            read.last_cosigned_at(&own(KeyKind::CosignatureV1)).unwrap(),
            Some(400)
        );
        assert_eq!(read.note().signatures().len(), 3);
    }
}

#[test]
fn a_witness_cosigns_any_checkpoint_and_a_stranger_none() {
    let (dir, mut log) = folder();
    log.append_batch(&[entry(0)], 101).unwrap();
    let old = log.checkpoint().note().text().to_owned();
    log.append_batch(&[entry(1)], 102).unwrap();
    let line = witness().cosign(&old, 150).unwrap().to_line();
    assert!(log.add_cosignature(1, &line).unwrap());
    assert!(!log.add_cosignature(1, &line).unwrap());
    assert!(log.add_cosignature(2, &line).is_err());
    let stranger = LogKey::new("stranger.example", &[9; 32]).unwrap();
    let line = stranger.cosign(&old, 150).unwrap().to_line();
    assert!(matches!(
        log.add_cosignature(1, &line),
        Err(LogError::UnknownCosigner)
    ));
    let public = witness().verifier(KeyKind::CosignatureV1);
    let reader = LogReader::folder(dir.path());
    assert_eq!(
        reader
            .checkpoint_at(1)
            .unwrap()
            .cosigned_at(&public)
            .unwrap(),
        Some(150)
    );
    assert_eq!(
        reader.checkpoint().unwrap().cosigned_at(&public).unwrap(),
        None
    );
}

#[test]
fn another_key_is_refused_and_nothing_changed() {
    let (dir, mut log) = folder();
    log.append_batch(&[entry(0)], 101).unwrap();
    drop(log);
    let before = std::fs::read(dir.path().join("checkpoint")).unwrap();
    let other = LogKey::new("log.example/test", &[1; 32]).unwrap();
    let refused = Log::open(Folder::own(dir.path()).unwrap(), other, Vec::new(), 102);
    assert!(matches!(refused, Err(LogError::Foreign { .. })));
    assert_eq!(
        std::fs::read(dir.path().join("checkpoint")).unwrap(),
        before
    );
}

#[test]
fn damaged_entries_are_named_and_damaged_tiles_made_anew() {
    let (dir, mut log) = folder();
    log.append_batch(&entries(0..300), 101).unwrap();
    drop(log);
    let tile = dir.path().join("tile/0/000");
    let good = std::fs::read(&tile).unwrap();
    std::fs::write(&tile, b"rot").unwrap();
    std::fs::remove_file(dir.path().join("tile/1/000.p/1")).unwrap();
    drop(open(Folder::own(dir.path()).unwrap(), 102).unwrap());
    assert_eq!(std::fs::read(&tile).unwrap(), good);
    assert!(dir.path().join("tile/1/000.p/1").exists());
    let bundle = dir.path().join("tile/entries/000");
    let mut bytes = std::fs::read(&bundle).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    assert!(matches!(
        open(Folder::own(dir.path()).unwrap(), 103),
        Err(LogError::Corrupt(_))
    ));
    std::fs::remove_file(&bundle).unwrap();
    let error = open(Folder::own(dir.path()).unwrap(), 103)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("tile/entries/000"), "{error}");
}

#[test]
fn what_no_checkpoint_covers_is_removed_at_open() {
    let (dir, mut log) = folder();
    log.append_batch(&entries(0..300), 101).unwrap();
    drop(log);
    let beyond = [
        "tile/0/001.p/45",
        "tile/entries/001.p/45",
        "tile/0/001",
        "tile/1/000",
        "tile/entries/x001/000.p/1",
    ];
    for path in beyond {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"left by a crash").unwrap();
    }
    drop(open(Folder::own(dir.path()).unwrap(), 102).unwrap());
    beyond
        .iter()
        .for_each(|path| assert!(!dir.path().join(path).exists(), "{path}"));
    assert!(dir.path().join("tile/entries/001.p/44").exists());
}

#[test]
fn entries_are_read_across_bundles() {
    let (dir, mut log) = folder();
    log.append_batch(&entries(0..250), 101).unwrap();
    log.append_batch(&entries(250..600), 102).unwrap();
    let reader = LogReader::folder(dir.path());
    let expect = |from: u32, limit: usize, size: u64, range| {
        assert_eq!(
            reader.entries(u64::from(from), limit, size).unwrap(),
            entries(range)
        );
    };
    expect(0, 1000, 600, 0..600);
    expect(255, 2, 600, 255..257);
    expect(500, 1000, 600, 500..600);
    expect(240, 1000, 250, 240..250);
    expect(600, 10, 600, 0..0);
    assert!(reader.entries(0, 1000, 601).is_err());
}

#[test]
fn the_ledger_keys_file_lists_the_log_s_own_key_first() {
    let (_dir, log) = folder();
    let keys = log.ledger_keys(2).unwrap();
    assert_eq!(keys.cosigners().len(), 2);
    assert_eq!(keys.log().to_vkey(), own(KeyKind::Ed25519).to_string());
    assert_eq!(
        keys.cosigners()[0].to_vkey(),
        own(KeyKind::CosignatureV1).to_string()
    );
    assert!(log.ledger_keys(3).is_err());
}
