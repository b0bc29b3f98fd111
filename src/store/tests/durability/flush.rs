//! The control: records written with sled's own `flush`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Inserts, flushes and tells until killed.
pub(crate) fn write(root: &Path) {
    let db = sled::open(root.join("db")).unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "ready").unwrap();
    for n in 0_u64.. {
        db.insert(n.to_be_bytes(), vec![n as u8; 200]).unwrap();
        db.flush().unwrap();
        writeln!(out, "{n}.").unwrap();
    }
}

/// Success if the first `count` records are there.
pub(crate) fn check(database: &Path, count: u64) -> ExitCode {
    let Ok(db) = sled::open(database) else {
        return ExitCode::FAILURE;
    };
    let all = (0..count).all(|n| matches!(db.get(n.to_be_bytes()), Ok(Some(_))));
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
