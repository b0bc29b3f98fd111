use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn written(folder: &Path, name: &str, bytes: &[u8], mode: u32) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn problem<T>(result: Result<T, Error>) -> FileProblem {
    match result {
        Err(Error::File { problem, .. }) => problem,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("no error"),
    }
}

#[test]
fn a_secret_of_exact_length_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o600, 0o400] {
        let path = written(folder.path(), &format!("key-{mode:o}"), &[7; 32], mode);
        assert!(read::<32>(&path).unwrap() == Secret::from_slice(&[7; 32]).unwrap());
    }
}

#[test]
fn another_length_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for length in [0, 31, 33] {
        let path = written(folder.path(), "key", &vec![7; length as usize], 0o600);
        let refused = problem(read::<32>(&path));
        assert!(matches!(refused, FileProblem::Length { expected: 32, got } if got == length));
    }
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o640, 0o604, 0o620, 0o644, 0o601] {
        let path = written(folder.path(), "key", &[7; 32], mode);
        assert!(
            matches!(problem(read::<32>(&path)), FileProblem::TooOpen { mode: found } if found == mode)
        );
        assert!(matches!(
            problem(read_passphrase(&path)),
            FileProblem::TooOpen { .. }
        ));
    }
}

#[test]
fn what_is_not_a_regular_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        problem(read::<32>(folder.path())),
        FileProblem::NotAFile
    ));
    assert!(matches!(
        problem(read::<32>(Path::new("/dev/zero"))),
        FileProblem::NotAFile
    ));
    assert!(matches!(
        problem(read::<32>(&folder.path().join("none"))),
        FileProblem::Io(_)
    ));
}

#[test]
fn permissions_are_those_of_the_file_behind_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    symlink(written(folder.path(), "key", &[7; 32], 0o644), &link).unwrap();
    assert!(matches!(
        problem(read::<32>(&link)),
        FileProblem::TooOpen { .. }
    ));
}

#[test]
fn an_error_names_the_file_and_nothing_of_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(
        folder.path(),
        "receipt.key",
        b"correct horse battery staple",
        0o600,
    );
    let error = read::<32>(&path).map(drop).unwrap_err().to_string();
    assert!(
        error.contains("receipt.key") && error.contains("28 bytes"),
        "{error}"
    );
    assert!(!error.contains("horse"));
}

#[test]
fn a_passphrase_loses_one_line_end_only() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[u8], &str); 4] = [
        (b"abc", "abc"),
        (b"abc\n", "abc"),
        (b"abc\r\n", "abc"),
        (b" abc \n\n", " abc \n"),
    ];
    for (bytes, expected) in cases {
        let path = written(folder.path(), "passphrase", bytes, 0o600);
        assert_eq!(read_passphrase(&path).unwrap().expose(), expected);
    }
}

#[test]
fn a_passphrase_is_text_not_empty_and_not_endless() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "passphrase", b"\n", 0o600);
    assert!(matches!(
        problem(read_passphrase(&path)),
        FileProblem::Empty
    ));
    let path = written(folder.path(), "passphrase", &[0xff], 0o600);
    assert!(matches!(
        problem(read_passphrase(&path)),
        FileProblem::NotText
    ));
    let path = written(folder.path(), "passphrase", &[b'a'; 4097], 0o600);
    assert!(matches!(
        problem(read_passphrase(&path)),
        FileProblem::TooLong { most: 4096 }
    ));
}

#[test]
fn a_new_file_is_for_its_owner_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    write_new(&path, &[1; 32]).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    assert!(matches!(
        problem(write_new(&path, &[2; 32])),
        FileProblem::Io(_)
    ));
    assert!(read::<32>(&path).unwrap() == Secret::from_slice(&[1; 32]).unwrap());
}

#[test]
fn a_replaced_file_has_the_new_bytes_and_leaves_nothing_beside() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "ring", b"old", 0o600);
    written(folder.path(), ".ring.new", b"left by a crash", 0o600);
    replace_atomically(&path, b"new", 0o640).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn removing_twice_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "old", b"x", 0o600);
    remove(&path).unwrap();
    remove(&path).unwrap();
    assert!(!path.exists());
}
