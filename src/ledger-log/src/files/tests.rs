use super::*;
use crate::log::Log;
use crate::simulation::open;
use symbolon_election::RollRoot;
use symbolon_tlog::Frontier;

fn folder() -> (tempfile::TempDir, Log) {
    let dir = tempfile::tempdir().unwrap();
    let log = open(Folder::own(dir.path()).unwrap(), 100).unwrap();
    (dir, log)
}

fn leaf(n: u32) -> VoterId {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    VoterId::new(bytes)
}

fn statement(sequence: u32, leaves: &[VoterId]) -> RollStatement {
    let mut frontier = Frontier::new();
    leaves
        .iter()
        .for_each(|leaf| frontier.push(leaf_hash(leaf.as_bytes())));
    RollStatement {
        election: ElectionId::new([5; 32]),
        sequence,
        size: u32::try_from(leaves.len()).unwrap(),
        root: RollRoot::new(*frontier.root().as_bytes()),
    }
}

fn publish(
    files: &Files,
    statement: &RollStatement,
    start: u32,
    leaves: &[VoterId],
) -> Result<(), LogError> {
    let mut roll = files.roll(statement, start)?;
    leaves.iter().try_for_each(|leaf| roll.push(*leaf))?;
    roll.publish()
}

#[test]
fn content_is_named_by_its_hash_and_checked() {
    let (dir, log) = folder();
    let files = log.files();
    let hash = files.put_content(b"{}").unwrap();
    assert_eq!(
        hash.to_string(),
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    );
    assert_eq!(files.content(&hash).unwrap().unwrap(), b"{}");
    assert!(files.put_content_as(&hash, b"[]").is_err());
    assert!(files.put_content_as(&hash, b"{}").is_ok());
    std::fs::write(dir.path().join(format!("content/{hash}")), b"rot").unwrap();
    assert!(files.content(&hash).is_err());
    assert_eq!(files.content(&ContentHash::new([0; 32])).unwrap(), None);
}

#[test]
fn a_roll_is_published_as_leaves_and_tiles() {
    let (dir, log) = folder();
    let leaves: Vec<_> = (0..600).map(leaf).collect();
    publish(&log.files(), &statement(0, &leaves), 0, &leaves).unwrap();
    let roll = dir.path().join("roll").join("05".repeat(32));
    for (path, length) in [
        ("leaves/000", 8192),
        ("leaves/001", 8192),
        ("leaves/002.p/88", 88 * 32),
        ("tile/0/001", 8192),
        ("tile/0/002.p/88", 88 * 32),
        ("tile/1/000.p/2", 64),
    ] {
        assert_eq!(
            std::fs::read(roll.join(path)).unwrap().len(),
            length,
            "{path}"
        );
    }
    assert_eq!(
        &std::fs::read(roll.join("leaves/001")).unwrap()[..4],
        &256u32.to_be_bytes()
    );
}

#[test]
fn an_addition_goes_on_where_the_roll_ended() {
    let (dir, log) = folder();
    let mut leaves: Vec<_> = (0..500).step_by(2).map(leaf).collect();
    publish(&log.files(), &statement(0, &leaves), 0, &leaves).unwrap();
    let addition: Vec<_> = (1..100).step_by(2).map(leaf).collect();
    leaves.extend(&addition);
    let next = statement(1, &leaves);
    publish(&log.files(), &next, 250, &addition).unwrap();
    publish(&log.files(), &next, 250, &addition).unwrap();
    let roll = dir.path().join("roll").join("05".repeat(32));
    let mut bytes = std::fs::read(roll.join("leaves/000")).unwrap();
    bytes.extend(std::fs::read(roll.join("leaves/001.p/44")).unwrap());
    assert!(
        bytes
            .chunks(32)
            .eq(leaves.iter().map(|leaf| &leaf.as_bytes()[..]))
    );
}

#[test]
fn a_roll_that_isn_t_its_statement_s_leaves_no_file() {
    let (dir, log) = folder();
    let leaves: Vec<_> = (0..300).map(leaf).collect();
    let right = statement(0, &leaves);
    let wrong_root = RollStatement {
        root: RollRoot::new([1; 32]),
        ..right.clone()
    };
    assert!(publish(&log.files(), &wrong_root, 0, &leaves).is_err());
    assert!(publish(&log.files(), &right, 0, &leaves[..299]).is_err());
    let longer: Vec<_> = (0..301).map(leaf).collect();
    assert!(publish(&log.files(), &right, 0, &longer).is_err());
    let mut swapped = leaves.clone();
    swapped.swap(5, 6);
    assert!(publish(&log.files(), &right, 0, &swapped).is_err());
    assert!(publish(&log.files(), &right, 10, &leaves[10..]).is_err());
    assert!(!dir.path().join("roll").exists());
    assert_eq!(
        std::fs::read_dir(dir.path().join(".log/staging"))
            .unwrap()
            .count(),
        0
    );
}
