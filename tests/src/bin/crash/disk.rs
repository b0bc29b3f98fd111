//! What a failure of power leaves of a folder: the layer of `tests/faults`, built and used.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/faults");
/// Where sled writes; the store syncs it through a descriptor of its own.
pub(crate) const DATABASE: &str = "/sled/db";

/// What happens to writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// All are lost.
    Unsynced,
    /// Each sector is lost or not.
    ByLot(u64),
}

/// The two compiled tools.
pub(crate) struct Faults(TempDir);

/// A daemon's folder whose unsynced writes can be lost.
pub(crate) struct Disk {
    root: PathBuf,
    shadow: PathBuf,
    library: PathBuf,
    powerloss: PathBuf,
    deaf: Vec<String>,
}

impl Faults {
    pub(crate) fn build() -> Self {
        let place = tempfile::tempdir().unwrap();
        let compile = |source: &str, target: &str, flags: &[&str]| {
            let status = Command::new("cc")
                .args(["-O2", "-o"])
                .arg(place.path().join(target))
                .arg(Path::new(SOURCES).join(source))
                .args(flags)
                .status();
            assert!(
                status.expect("cc is needed").success(),
                "{source} does not compile"
            );
        };
        let library = ["-shared", "-fPIC", "-ldl", "-lpthread"];
        compile("dropsync.c", "dropsync.so", &library);
        compile("powerloss.c", "powerloss", &[]);
        Self(place)
    }

    /// The folder `root`, with its shadow beside it. It is `deaf` to syncs of what ends so, by
    /// descriptors that only read.
    pub(crate) fn disk(&self, root: &Path, deaf: Vec<String>) -> Disk {
        let shadow = root.with_extension("shadow");
        fs::create_dir(&shadow).unwrap();
        Disk {
            root: root.to_owned(),
            shadow,
            library: self.0.path().join("dropsync.so"),
            powerloss: self.0.path().join("powerloss"),
            deaf,
        }
    }
}

impl Disk {
    /// Puts the layer under a program.
    pub(crate) fn lay_under(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("DROPSYNC_ROOT", &self.root)
            .env("DROPSYNC_SHADOW", &self.shadow);
        if !self.deaf.is_empty() {
            command.env("DROPSYNC_DEAF", self.deaf.join(":"));
        }
    }

    /// Loses what a dead program had not synced.
    pub(crate) fn lose(&self, loss: Loss) {
        if !self.shadow.join("root").exists() {
            // It died before its first step: the layer begins before the program does.
            return;
        }
        let mut command = Command::new(&self.powerloss);
        command.arg(&self.root).arg(&self.shadow);
        match loss {
            Loss::Unsynced => {}
            Loss::ByLot(seed) => _ = command.arg(seed.to_string()),
        }
        assert!(command.status().unwrap().success(), "powerloss failed");
    }
}
